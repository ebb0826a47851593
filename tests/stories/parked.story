A key that returns as disabled is kept, and its next removal begins another cooldown. A key that its provider has ended is dead, whoever lists it.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
recipients:
  ops: [<ops>]
defaults:
  recipients: [ops]
guards: { max_disables: 1 }
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], expires: never }
  nightly: { scopes: ["*:*"], expires: 2026-03-01 }
  other: { scopes: [orders:read], expires: never }
== $ keywright apply --yes
-- exit 0
== write keys/shop.yaml
account: shop
keys:
  nightly: { scopes: ["*:*"], expires: 2026-03-01 }
  other: { scopes: [orders:read], expires: never }
== $ keywright apply --yes
-- exit 0
== now 2026-01-02T00:00:00Z
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], expires: never, state: disabled }
  nightly: { scopes: ["*:*"], expires: 2026-03-01 }
  other: { scopes: [orders:read], expires: never }
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 3 keys changes                                    plan <plan 1>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  edit in place: `state: disabled`; it is in the manifests again and is not deleted: only the ledger changes  keys/shop.yaml:3

access   +0 gained   -0 lost   who can decrypt: unchanged

guards   max_disables 0 of 1

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
== $ keywright apply --yes
-- exit 0
== same
== now 2026-06-01T00:00:00Z
== $ keywright list
-- exit 0
-- stdout
KEY             STATE     GEN  RISK      SCOPES  AGE   EXPIRES     ROTATES  VERIFIED    OWNER
shop/dashboard  disabled  1    LOW       1       151d  never                2026-01-01
shop/nightly    expired   1    CRITICAL  1       151d  2026-03-01           2026-01-01
shop/other      active    1    LOW       1       151d  never                2026-01-01
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 3 keys changes                                    plan <plan 1>, valid until 2026-06-02 00:00Z

  - shop/nightly                    disable: its expiry has passed: only the ledger changes  keys/shop.yaml:4
      note     reversible: yes

access   +0 gained   -0 lost   who can decrypt: unchanged

guards   max_disables 0 of 1

warning[plan/expired]: `shop/nightly` expired on 2026-03-01
  --> keys/shop.yaml:4:3
   |
 4 |   nightly: { scopes: ["*:*"], expires: 2026-03-01 }
   |   ^
   |
help: move `expires` to a later day, or remove the key
  = more: keywright explain plan/expired

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
== change keys/shop.yaml
- expires: 2026-03-01
+ expires: 2026-09-01
== $ keywright plan
-- exit 0
-- stdout
1 of 3 keys changes                                    plan <plan 2>, valid until 2026-06-02 00:00Z

  + shop/nightly                    create: generation 1 has expired        keys/shop.yaml:4
      + gains  *:*   CRITICAL  admin                       can do everything in the account
      ! open-ended: `*:*` also grants what keyring adds later
      state    disabled -> active
      also     disable generation 1
      secret   -> secrets/shop/nightly.age (ops: 1 recipient)
      expires  2026-03-01 -> 2026-09-01
      note     generation 1 has expired

access   +1 gained (1 critical)   -0 lost   who can decrypt: unchanged

guards   max_disables 0 of 1

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.
== write keys/shop.yaml
account: shop
keys:
  other: { scopes: [orders:read], expires: never }
== $ keywright plan
-- exit 0
-- stdout
2 of 3 keys change                                     plan <plan 3>, valid until 2026-06-02 00:00Z

  - shop/dashboard                  disable: no longer in the manifests: its cooldown begins, and only the ledger changes
      note     reversible: yes

  - shop/nightly                    disable: no longer in the manifests: its cooldown begins, and only the ledger changes
      note     reversible: yes

access   +0 gained   -0 lost   who can decrypt: unchanged

guards   max_disables 0 of 1

Plan: 0 to create, 0 to edit, 0 to rotate, 2 to disable.
== $ keywright apply --yes
-- exit 0
== $ keywright plan --drift --detailed-exitcode
-- exit 0
-- stdout
Drift: none.
== now 2026-06-07T00:00:00Z
== $ keywright plan
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 3>, valid until 2026-06-08 00:00Z

guards   max_disables 0 of 1

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== now 2026-06-08T00:00:00Z
== $ keywright plan
-- exit 0
-- stdout
2 of 3 keys change                                     plan <plan 3>, valid until 2026-06-09 00:00Z

  - shop/dashboard                  delete: its cooldown has passed

  - shop/nightly                    delete: its cooldown has passed

access   +0 gained   -0 lost   who can decrypt: unchanged

guards   max_disables 0 of 1

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 2 to delete.
== $ keywright apply --yes
-- exit 0
== $ keywright apply --yes
-- exit 0
== same
