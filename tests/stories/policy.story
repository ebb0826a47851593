The policy judges what manifests declare: in `check` without a network, in `plan`, and before `apply` writes anything; waivers stay visible.
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
policy:
  max_lifetime: 60d
  require: [owner]
  rules:
    - name: writers tell why
      when: 'key.scopes.exists(s, s.access == "write")'
      require: 'key.purpose != ""'
      message: reviewers want to know
      effect: warn
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@acme/data"
    scopes: [orders:read]
    lifetime: 90d
  importer:
    owner: "@acme/data"
    scopes: [orders:write]
    lifetime: 30d
== $ keywright check
-- exit 3
-- stdout
error[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

warning[policy/rule]: `shop/importer` breaks the rule `writers tell why`: reviewers want to know
  --> keys/shop.yaml:7:3
   |
 7 |   importer:
   |   ^^^^^^^^
   |
   = note: it requires: key.purpose != ""
   = policy: keywright.yaml:17 (`writers tell why`)
  = more: keywright explain policy/rule

1 error, 1 warning
== $ keywright plan
-- exit 3
-- stdout
2 of 2 keys change                  plan <plan 1>, offline: the ledger stands in, cannot be applied

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/importer                   create: declared, and not issued yet    keys/shop.yaml:7
      + gains  orders:write   MEDIUM    write
      secret   -> secrets/shop/importer.age (ops: 1 recipient)
      expires  2026-01-31 (30 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

note[plan/offline]: this plan was made offline: what is refused anyway is no reason to ask a provider
help: the ledger stands in for the providers; such a plan cannot be applied
  = more: keywright explain plan/offline

error[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

warning[policy/rule]: `shop/importer` breaks the rule `writers tell why`: reviewers want to know
  --> keys/shop.yaml:7:3
   |
 7 |   importer:
   |   ^^^^^^^^
   |
   = note: it requires: key.purpose != ""
   = policy: keywright.yaml:17 (`writers tell why`)
  = more: keywright explain policy/rule

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable. 1 error. 1 warning. Blocked by 1 policy violation; nothing was changed.
== $ keywright apply --yes
-- exit 3
-- stdout
2 of 2 keys change                  plan <plan 1>, offline: the ledger stands in, cannot be applied

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/importer                   create: declared, and not issued yet    keys/shop.yaml:7
      + gains  orders:write   MEDIUM    write
      secret   -> secrets/shop/importer.age (ops: 1 recipient)
      expires  2026-01-31 (30 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

note[plan/offline]: this plan was made offline: what is refused anyway is no reason to ask a provider
help: the ledger stands in for the providers; such a plan cannot be applied
  = more: keywright explain plan/offline

error[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

warning[policy/rule]: `shop/importer` breaks the rule `writers tell why`: reviewers want to know
  --> keys/shop.yaml:7:3
   |
 7 |   importer:
   |   ^^^^^^^^
   |
   = note: it requires: key.purpose != ""
   = policy: keywright.yaml:17 (`writers tell why`)
  = more: keywright explain policy/rule

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable. 1 error. 1 warning. Blocked by 1 policy violation; nothing was changed.
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
policy:
  max_lifetime: 60d
waivers:
  - rule: policy/max-lifetime
    address: shop/dashboard
    reason: the new dashboard comes in March
    expires: 2026-03-31
== $ keywright check
-- exit 0
-- stdout
note[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
   = note: waived until 2026-03-31: the new dashboard comes in March
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

1 note
== $ keywright apply --yes
-- exit 0
-- stdout
2 of 2 keys change                                     plan <plan 2>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/importer                   create: declared, and not issued yet    keys/shop.yaml:7
      + gains  orders:write   MEDIUM    write
      secret   -> secrets/shop/importer.age (ops: 1 recipient)
      expires  2026-01-31 (30 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

note[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
   = note: waived until 2026-03-31: the new dashboard comes in March
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 2 created, 0 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/importer: create done
shop: shop/dashboard: create done
== now 2026-04-01T00:00:00Z
== $ keywright check
-- exit 3
-- stdout
error[policy/max-lifetime]: `shop/dashboard` lives for 90d, and at most 60d is allowed
  --> keys/shop.yaml:6:15
   |
 6 |     lifetime: 90d
   |               ^^^
   |
   = policy: keywright.yaml:12
   = note: its waiver ended on 2026-03-31
help: say `lifetime: 60d`
  = more: keywright explain policy/max-lifetime

warning[policy/waiver-expired]: the waiver of `policy/max-lifetime` for `shop/dashboard` ended on 2026-03-31, and excuses nothing any more
  --> keywright.yaml:17:14
   |
17 |     expires: 2026-03-31
   |              ^^^^^^^^^^
   |
help: mend the key, or have the waiver renewed
  = more: keywright explain policy/waiver-expired

1 error, 1 warning
