Scopes, label and recipients change in place; the generation and its secret stay.
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
== $ keywright apply --yes
-- exit 0
== $ keywright open shop/dashboard -i ~/ops.txt > ~/token
-- exit 0
== now 2026-01-02T00:00:00Z
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:write, stock:*]
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  edit in place: scopes differ            keys/shop.yaml:3
      + gains  orders:write   MEDIUM    write
      + gains  stock:*        MEDIUM    admin
      - loses  orders:read    LOW       read
      ! open-ended: `stock:*` also grants what keyring adds later

access   +2 gained   -1 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  edit in place: scopes differ            keys/shop.yaml:3
      + gains  orders:write   MEDIUM    write
      + gains  stock:*        MEDIUM    admin
      - loses  orders:read    LOW       read
      ! open-ended: `stock:*` also grants what keyring adds later

access   +2 gained   -1 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: edit done
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: keyring
generations:
  - number: 1
    state: active
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:write
      - stock:*
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope stock:book --scope orders:write
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:write stock:*
expires  2026-04-01T00:00:00Z
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope orders:read
-- exit 1
-- stdout
lacks scope
id       <id 1>
label    dashboard <marker 1>
scopes   orders:write stock:*
expires  2026-04-01T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-03 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== change keys/shop.yaml
- purpose: Shows open orders
+ label: Wall dashboard
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  edit in place: label differs            keys/shop.yaml:3
      = keeps  orders:write, stock:*
      ! open-ended: `stock:*` also grants what keyring adds later
      label    `dashboard <marker 1>` -> `Wall dashboard <marker 1>`

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: edit done
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 2>, valid until 2026-01-03 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== file .keywright/keyring.json
{"version":1,"keys":{
"<id 1>":{"label":"Wall dashboard <marker 1>","scopes":["orders:write","stock:*"],"created_at":"2026-01-01T00:00:00Z","expires_at":"2026-04-01T00:00:00Z","enabled":true,"sha256":"<sha256 2>"}
}}
