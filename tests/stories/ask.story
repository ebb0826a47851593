A person asks for a new generation, before its time or because a key is compromised; asking twice rotates once.
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
    scopes: [orders:read]
  parked:
    scopes: [orders:read]
    state: disabled
== $ keywright apply --yes
-- exit 0
== $ keywright open shop/dashboard -i ~/ops.txt > ~/first
-- exit 0
== now 2026-01-10T00:00:00Z
== $ keywright plan --rotate shop/dashbord
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/dashbord`
help: did you mean `shop/dashboard`?
  = more: keywright explain plan/unknown-address

1 error
== $ keywright apply --yes --rotate shop/parked
-- exit 1
-- stderr
error[plan/cannot-rotate]: `shop/parked` cannot be rotated: the manifests want it disabled
help: set `state: active` first; nothing was changed
  = more: keywright explain plan/cannot-rotate

1 error
== $ keywright apply --yes --rotate shop/dashboard shop/parked
-- exit 1
-- stderr
error[plan/cannot-rotate]: `shop/dashboard` cannot be rotated: it is not among the chosen keys
help: name it as an address, too; nothing was changed
  = more: keywright explain plan/cannot-rotate

1 error
== same
== $ keywright apply --yes --compromised
-- exit 1
== $ keywright plan --out approved.json
-- exit 0
== $ keywright apply approved.json --yes --rotate shop/dashboard
-- exit 3
-- stderr
error[plan/exceeds-approved]: the saved plan does not ask for this rotation of `shop/dashboard`
help: plan again with `--rotate`, and have that plan approved; nothing was changed
  = more: keywright explain plan/exceeds-approved

1 error
== same
== $ keywright plan --rotate shop/dashboard --out approved.json
-- exit 0
-- stdout
1 of 2 keys changes                                    plan <plan 1>, valid until 2026-01-11 00:00Z

-/+ shop/dashboard                  rotate: asked for                       keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 -> 2026-04-10 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.
== $ keywright apply approved.json --yes --rotate shop/dashboard --compromised
-- exit 3
== same
== $ keywright apply approved.json --yes
-- exit 0
-- stdout
1 of 2 keys changes                                    plan <plan 1>, valid until 2026-01-11 00:00Z

-/+ shop/dashboard                  rotate: asked for                       keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 -> 2026-04-10 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

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
    created_at: "2026-01-10T00:00:00Z"
    expires_at: "2026-04-10T00:00:00Z"
    last_verified_at: "2026-01-10T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
    request: rotate
  - number: 1
    state: retiring
    id: <id 2>
    marker: <marker 2>
    label: dashboard <marker 2>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    disable_after: "2026-01-13T00:00:00Z"
== $ keywright apply --yes --rotate shop/dashboard
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-11 00:00Z

note[plan/rotation-open]: a rotation of `shop/dashboard` is open already: generation 2 was asked for on 2026-01-10T00:00:00Z, and no other is made
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard:
   |   ^
   |
help: to rotate once more, ask again when an hour and the overlap have passed; if the new secret leaked, add `--compromised`
  = more: keywright explain plan/rotation-open

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== $ keywright open shop/dashboard -i ~/ops.txt > ~/second
-- exit 0
== now 2026-01-10T02:00:00Z
== $ keywright apply --yes --rotate shop/dashboard
-- exit 0
-- stdout has
Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ cat ~/first | keywright keyring check --store .keywright/keyring.json
-- exit 0
== $ keywright apply --yes --rotate shop/dashboard --compromised
-- exit 0
-- stdout
1 of 2 keys changes                                    plan <plan 1>, valid until 2026-01-11 02:00Z

-/+ shop/dashboard                  rotate: compromised                     keys/shop.yaml:3
      = keeps  orders:read
      also     disable generation 1, disable generation 2
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-10 (90 days), then rotates
      note     generation 1 is compromised: it ends without an overlap
      note     generation 2 is compromised: it ends without an overlap

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: rotate done
== $ cat ~/first | keywright keyring check --store .keywright/keyring.json
-- exit 1
== $ cat ~/second | keywright keyring check --store .keywright/keyring.json
-- exit 1
== $ keywright apply --yes --rotate shop/dashboard --compromised
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-11 02:00Z

note[plan/rotation-open]: a rotation of `shop/dashboard` is open already: generation 3 was asked for on 2026-01-10T02:00:00Z, and no other is made
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard:
   |   ^
   |
help: if the new secret leaked, too, ask again when an hour and the overlap have passed
  = more: keywright explain plan/rotation-open

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
-- stderr
== $ cat ~/second | keywright keyring check --store .keywright/keyring.json
-- exit 1
== $ keywright open shop/dashboard -i ~/ops.txt > ~/third
-- exit 0
== $ cat ~/third | keywright keyring check --store .keywright/keyring.json
-- exit 0
== $ keywright apply --yes --rotate shop/dashboard --compromised
-- exit 0
== same
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: keyring
generations:
  - number: 3
    state: active
    id: <id 3>
    marker: <marker 3>
    label: dashboard <marker 3>
    scopes:
      - orders:read
    created_at: "2026-01-10T02:00:00Z"
    expires_at: "2026-04-10T02:00:00Z"
    last_verified_at: "2026-01-10T02:00:00Z"
    sealed:
      sha256: <sha256 2>
      format: raw
      recipients:
        ops:
          - <ops>
    request: compromised
  - number: 2
    state: disabled
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:read
    created_at: "2026-01-10T00:00:00Z"
    expires_at: "2026-04-10T00:00:00Z"
    last_verified_at: "2026-01-10T00:00:00Z"
    disabled_at: "2026-01-10T02:00:00Z"
    delete_after: "2026-01-17T02:00:00Z"
    request: rotate
  - number: 1
    state: disabled
    id: <id 2>
    marker: <marker 2>
    label: dashboard <marker 2>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    disabled_at: "2026-01-10T02:00:00Z"
    delete_after: "2026-01-17T02:00:00Z"
