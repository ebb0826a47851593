An added recipient gets the secret when an identity is given; a removed one costs a new generation.
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
== $ keywright open shop/dashboard -i ~/recovery.txt
-- exit 1
-- stderr
error[credential/invalid]: `<root>/keys-repo/secrets/shop/dashboard.age`: none of the identities can open it
  = more: keywright explain credential/invalid

1 error
== change keywright.yaml
- recipients: [ops]
+ recipients: [ops, recovery]
== $ keywright plan
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

warning[plan/reseal-pending]: a recipient was added for `shop/dashboard`, and its secret cannot be read: the next rotation includes it
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard:
   |   ^
   |
help: run `keywright apply -i IDENTITY`, or wait for the next rotation
  = more: keywright explain plan/reseal-pending

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

warning[plan/reseal-pending]: a recipient was added for `shop/dashboard`, and its secret cannot be read: the next rotation includes it
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard:
   |   ^
   |
help: run `keywright apply -i IDENTITY`, or wait for the next rotation
  = more: keywright explain plan/reseal-pending

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== $ keywright plan -i ~/recovery.txt
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  reseal: a recipient was added           keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age
      + reader  <recovery>  LOW  can open the secret

access   +1 gained   -0 lost   who can decrypt: +1 public key

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to reseal.
== $ keywright apply --yes -i ~/recovery.txt
-- exit 4
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  reseal: a recipient was added           keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age
      + reader  <recovery>  LOW  can open the secret

access   +1 gained   -0 lost   who can decrypt: +1 public key

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to reseal.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled. 1 not done.
-- stderr
shop: shop/dashboard: reseal not done: none of the identities can open it
error[apply/write-failed]: `shop/dashboard`: none of the identities can open it
  = more: keywright explain apply/write-failed

1 error
== $ keywright apply --yes -i ~/ops.txt
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  reseal: a recipient was added           keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age
      + reader  <recovery>  LOW  can open the secret

access   +1 gained   -0 lost   who can decrypt: +1 public key

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to reseal.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 resealed.
-- stderr
shop: shop/dashboard: reseal done
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
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
        recovery:
          - <recovery>
== $ keywright open shop/dashboard -i ~/recovery.txt > ~/token
-- exit 0
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-04-01T00:00:00Z
== $ keywright apply --yes -i ~/ops.txt
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== change keywright.yaml
- recipients: [ops, recovery]
+ recipients: [recovery]
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-02 00:00Z

-/+ shop/dashboard                  rotate: a recipient was removed: re-encrypting is not revocation  keys/shop.yaml:3
      = keeps  orders:read
      - reader  <ops>  can no longer open new secrets
      secret   -> secrets/shop/dashboard.age (recovery: 1 recipient)
      expires  2026-04-01 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -1 lost   who can decrypt: -1 public key

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-02 00:00Z

-/+ shop/dashboard                  rotate: a recipient was removed: re-encrypting is not revocation  keys/shop.yaml:3
      = keeps  orders:read
      - reader  <ops>  can no longer open new secrets
      secret   -> secrets/shop/dashboard.age (recovery: 1 recipient)
      expires  2026-04-01 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -1 lost   who can decrypt: -1 public key

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: rotate done
== $ keywright open shop/dashboard -i ~/ops.txt
-- exit 1
-- stderr
error[credential/invalid]: `<root>/keys-repo/secrets/shop/dashboard.age`: none of the identities can open it
  = more: keywright explain credential/invalid

1 error
== $ keywright open shop/dashboard -i ~/recovery.txt > ~/second
-- exit 0
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
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 2>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== change keys/shop.yaml
- scopes: [orders:read]
+ format: json
- purpose: Shows open orders
+ scopes: [orders:read]
== $ keywright apply --yes -i ~/recovery.txt
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  reseal: the format differs              keys/shop.yaml:3
      = keeps  orders:read
      secret   -> secrets/shop/dashboard.age

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to reseal.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 resealed.
-- stderr
shop: shop/dashboard: reseal done
== $ keywright open shop/dashboard -i ~/recovery.txt
-- exit 0
-- stdout
{"secret":"<token 1>"}
