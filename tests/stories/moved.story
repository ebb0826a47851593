A key gets another name: the ledger and the secret file move, the provider is asked for nothing but the new label.
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
  board: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright apply --yes
-- exit 0
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright plan
-- exit 4
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
moved:
  - { from: shop/board, to: shop/dashboard }
== $ keywright check
-- exit 0
== $ keywright plan
-- exit 0
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  edit in place: moved from `shop/board`; label differs  keys/shop.yaml:3
      = keeps  orders:read
      label    `board <marker 1>` -> `dashboard <marker 1>`

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[plan/reseal-pending]: the file has the names of an old address for `shop/dashboard`, and its secret cannot be read: the next rotation includes it
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard: { scopes: [orders:read], format: dotenv, protect: true }
   |   ^
   |
help: run `keywright apply -i IDENTITY`, or wait for the next rotation
  = more: keywright explain plan/reseal-pending

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable. 1 warning.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: edit done
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
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: keyring
protect: true
generations:
  - number: 1
    state: active
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: dotenv
      recipients:
        ops:
          - <ops>
    named_after: shop/board
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

warning[plan/reseal-pending]: the file has the names of an old address for `shop/dashboard`, and its secret cannot be read: the next rotation includes it
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard: { scopes: [orders:read], format: dotenv, protect: true }
   |   ^
   |
help: run `keywright apply -i IDENTITY`, or wait for the next rotation
  = more: keywright explain plan/reseal-pending

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
== $ keywright plan -i ~/ops.txt
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  reseal: the file has the names of an old address  keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to reseal.
== $ keywright apply --yes -i ~/ops.txt
-- exit 0
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== write keys/more.yaml
account: shop
keys:
  other: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 0
== write keys/more.yaml
account: shop
keys: {}
moved:
  - { from: shop/other, to: shop/dashboard }
== $ keywright plan
-- exit 1
-- stderr
error[manifest/moved]: another key is moved to `shop/dashboard` already, at `moved[0]` of keys/more.yaml
  --> keys/shop.yaml:5:29
   |
 5 |   - { from: shop/board, to: shop/dashboard }
   |                             ^^^^^^^^^^^^^^
   |
help: remove the entry that has been applied
  = more: keywright explain manifest/moved

1 error
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright plan
-- exit 4
-- stdout
1 key blocked, no other changes                        plan <plan 2>, valid until 2026-01-02 00:00Z

  x shop/dashboard                  blocked: `shop/other` cannot move to `shop/dashboard`: the ledger has a key there, too  keys/shop.yaml:3

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[plan/moved]: `shop/other` cannot move to `shop/dashboard`: the ledger has a key there, too
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard: { scopes: [orders:read], format: dotenv, protect: true }
   |   ^
   |
help: remove the `moved` entry, and declare the keys that should live
  = more: keywright explain plan/moved

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 blocked. 1 warning.
== $ keywright apply --yes
-- exit 4
-- stdout
1 key blocked, no other changes                        plan <plan 2>, valid until 2026-01-02 00:00Z

  x shop/dashboard                  blocked: `shop/other` cannot move to `shop/dashboard`: the ledger has a key there, too  keys/shop.yaml:3

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[plan/moved]: `shop/other` cannot move to `shop/dashboard`: the ledger has a key there, too
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard: { scopes: [orders:read], format: dotenv, protect: true }
   |   ^
   |
help: remove the `moved` entry, and declare the keys that should live
  = more: keywright explain plan/moved

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 blocked. 1 warning.
== same
