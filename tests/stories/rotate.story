A rolling key gets its next generation before its end; the predecessor lives on through the overlap, is disabled, and later deleted.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
  lifetime: 90d
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
    lifetime: 30d
    renew_before: 5d
    overlap: 24h
== $ keywright apply --yes
-- exit 0
== $ keywright open shop/dashboard -i ~/ops.txt > ~/first
-- exit 0
== now 2026-01-25T00:00:00Z
== $ keywright plan --detailed-exitcode
-- exit 0
== now 2026-01-28T00:00:00Z
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-29 00:00Z

-/+ shop/dashboard                  rotate: expires 2026-01-31; due since 2026-01-26  keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-01-31 -> 2026-02-27 (30 days), then rotates
      note     generation 1 stays valid for 1 day more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-29 00:00Z

-/+ shop/dashboard                  rotate: expires 2026-01-31; due since 2026-01-26  keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-01-31 -> 2026-02-27 (30 days), then rotates
      note     generation 1 stays valid for 1 day more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: rotate done
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: keyring
generations:
  - number: 2
    state: active
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:read
    created_at: "2026-01-28T00:00:00Z"
    expires_at: "2026-02-27T00:00:00Z"
    last_verified_at: "2026-01-28T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
  - number: 1
    state: retiring
    id: <id 2>
    marker: <marker 2>
    label: dashboard <marker 2>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-01-31T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    disable_after: "2026-01-29T00:00:00Z"
== tree
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/shop
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
d755 ledger
d755 ledger/shop
f600 ledger/shop/dashboard.yaml
d755 secrets
d755 secrets/shop
f600 secrets/shop/dashboard.age
== $ keywright open shop/dashboard -i ~/ops.txt > ~/second
-- exit 0
== $ cat ~/first | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 2>
label    dashboard <marker 2>
scopes   orders:read
expires  2026-01-31T00:00:00Z
== $ cat ~/second | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-02-27T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-29 00:00Z

due                             today     +10d      +20d      +30d
  shop/dashboard                |------------------------R          rotates in 25 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== now 2026-01-29T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-30 00:00Z

  - shop/dashboard                  disable: generation 1 has been replaced, and its overlap has passed  keys/shop.yaml:3
      = keeps  orders:read

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/dashboard                |-----------------------R           rotates in 24 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
shop: shop/dashboard: disable done
== $ cat ~/first | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
disabled
id       <id 2>
label    dashboard <marker 2>
scopes   orders:read
expires  2026-01-31T00:00:00Z
== $ cat ~/second | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-02-27T00:00:00Z
== $ keywright show shop/dashboard
-- exit 0
-- stdout
shop/dashboard  keyring
  declared  keys/shop.yaml:3
  label     dashboard
  owner     @shop/operations
  purpose   Shows open orders
  scopes    orders:read
  expires   30d after creation, renewed 5d before, overlap 1d
  readers   ops: <ops>
  risk      LOW
  rotates   2026-02-22T01:10:54Z, in 24 days
  secret    secrets/shop/dashboard.age

generation 2  active
  id        <id 1>
  label     dashboard <marker 1>
  scopes    orders:read
  created   2026-01-28T00:00:00Z
  expires   2026-02-27T00:00:00Z, in 29 days
  verified  2026-01-28T00:00:00Z
  sealed    raw, sha256 <sha256 1>
  readers   ops: <ops>

generation 1  disabled
  id        <id 2>
  label     dashboard <marker 2>
  scopes    orders:read
  created   2026-01-01T00:00:00Z
  expires   2026-01-31T00:00:00Z, in 2 days
  verified  2026-01-01T00:00:00Z
  disabled  2026-01-29T00:00:00Z
  delete    after 2026-02-05T00:00:00Z
== now 2026-02-06T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-02-07 00:00Z

  - shop/dashboard                  delete: generation 1 is disabled, and its cooldown has passed  keys/shop.yaml:3
      = keeps  orders:read

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/dashboard                |---------------R                   rotates in 16 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to delete.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 deleted.
-- stderr
shop: shop/dashboard: delete done
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-02-07 00:00Z

due                             today     +10d      +20d      +30d
  shop/dashboard                |---------------R                   rotates in 16 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== $ keywright show shop/dashboard -o json
-- exit 0
-- stdout
{
  "format_version": "1.0",
  "address": "shop/dashboard",
  "provider": "keyring",
  "secret_file": "secrets/shop/dashboard.age",
  "risk": "low",
  "rotates_at": "2026-02-22T01:10:54Z",
  "review": null,
  "dates": [
    {
      "at": "2026-02-22T01:10:54Z",
      "kind": "rotation",
      "generation": 2
    },
    {
      "at": "2026-02-27T00:00:00Z",
      "kind": "expiry",
      "generation": 2
    }
  ],
  "declared": {
    "declared_at": {
      "file": "keys/shop.yaml",
      "line": 3,
      "column": 3
    },
    "label": "dashboard",
    "owner": "@shop/operations",
    "purpose": "Shows open orders",
    "scopes": [
      "orders:read"
    ],
    "expires": "30d after creation",
    "renew_before": "5d",
    "overlap": "1d",
    "recipients": {
      "ops": [
        "<ops>"
      ]
    },
    "format": "raw",
    "state": "active",
    "protect": false,
    "review_every": null,
    "unused_after": null
  },
  "record": {
    "version": 1,
    "address": "shop/dashboard",
    "provider": "keyring",
    "gone": {
      "created_at": "2026-01-01T00:00:00Z"
    },
    "generations": [
      {
        "number": 2,
        "state": "active",
        "id": "<id 1>",
        "marker": "<marker 1>",
        "label": "dashboard <marker 1>",
        "scopes": [
          "orders:read"
        ],
        "created_at": "2026-01-28T00:00:00Z",
        "expires_at": "2026-02-27T00:00:00Z",
        "last_verified_at": "2026-01-28T00:00:00Z",
        "sealed": {
          "sha256": "<sha256 1>",
          "format": "raw",
          "recipients": {
            "ops": [
              "<ops>"
            ]
          }
        }
      }
    ]
  }
}
== now 2026-03-20T00:00:00Z
== $ cat ~/second | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
expired
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-02-27T00:00:00Z
