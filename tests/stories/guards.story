Guards refuse a whole plan with numbers and the word that lifts them once; what goes beyond `max_rotations` waits and is shown.
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
guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
  three: { scopes: [orders:read] }
  four: { scopes: [orders:read] }
  five: { scopes: [orders:read] }
== $ keywright plan
-- exit 3
-- stdout
5 of 5 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/five                       create: declared, and not issued yet    keys/shop.yaml:7
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/five.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/four                       create: declared, and not issued yet    keys/shop.yaml:6
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/four.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/one                        create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/one.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/three                      create: declared, and not issued yet    keys/shop.yaml:5
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/three.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/two                        create: declared, and not issued yet    keys/shop.yaml:4
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/two.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +5 gained   -0 lost   who can decrypt: unchanged

guards   max_creates 5 of 3 (refused)   max_disables 0 of 1   max_rotations 0 of 2

error[guard/max-creates]: the plan creates 5 keys, and `max_creates` allows 3: `shop/five`, `shop/four`, `shop/one`, and 2 more
  --> keywright.yaml:11:24
   |
11 | guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
   |                        ^
   |
help: look at them; to let this run do it, add `--allow max_creates=5`
  = more: keywright explain guard/max-creates

Plan: 5 to create, 0 to edit, 0 to rotate, 0 to disable. 1 error. Refused by 1 guard; nothing was changed.
== $ keywright apply --yes
-- exit 3
== $ keywright apply --yes shop/one shop/two
-- exit 0
== $ keywright plan --allow max_creates=4
-- exit 0
== $ keywright plan --allow max_creates=many
-- exit 1
-- stderr
error: invalid value 'max_creates=many' for '--allow <GUARD>': `max_creates=many` allows nothing: `many` is not a limit: write a number of keys such as `7`, or a part of them such as `20%`

For more information, try '--help'.
== $ keywright apply --yes --allow max_creates=3
-- exit 0
== now 2026-03-25T00:00:00Z
== $ keywright plan
-- exit 0
-- stdout
2 of 5 keys change                                     plan <plan 1>, valid until 2026-03-26 00:00Z

-/+ shop/five                       rotate: expires 2026-04-01; due since 2026-03-18  keys/shop.yaml:7
      = keeps  orders:read
      secret   -> secrets/shop/five.age (ops: 1 recipient)
      expires  2026-04-01 -> 2026-06-23 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

-/+ shop/four                       rotate: expires 2026-04-01; due since 2026-03-19  keys/shop.yaml:6
      = keeps  orders:read
      secret   -> secrets/shop/four.age (ops: 1 recipient)
      expires  2026-04-01 -> 2026-06-23 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/three                    |R                                  rotation overdue since 2026-03-18
  shop/two                      |R                                  rotation overdue since 2026-03-18
  shop/one                      |R                                  rotation overdue since 2026-03-19

deferred   3 rotations to a later plan
  shop/one                      expires 2026-04-01; due since 2026-03-19
  shop/three                    expires 2026-04-01; due since 2026-03-18
  shop/two                      expires 2026-04-01; due since 2026-03-18

guards   max_creates 0 of 3   max_disables 0 of 1   max_rotations 5 of 2 (deferred)

note[guard/max-rotations]: 3 of 5 rotations wait for a later plan: `max_rotations` allows 2
  --> keywright.yaml:11:61
   |
11 | guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
   |                                                             ^
   |
help: to let this run do them all, add `--allow max_rotations=5`
  = more: keywright explain guard/max-rotations

Plan: 0 to create, 0 to edit, 2 to rotate, 0 to disable. 3 rotations deferred.
== $ keywright plan --rotate shop/two --out approved.json
-- exit 0
-- stdout has
guards   max_creates 0 of 3   max_disables 0 of 1   max_rotations 5 of 2 (deferred)
== $ keywright apply approved.json --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 2 rotated, 0 disabled.
== $ keywright apply --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 2 rotated, 0 disabled.
== $ keywright apply --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
  three: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 3
-- stdout
2 of 5 keys change                                     plan <plan 2>, valid until 2026-03-26 00:00Z

  - shop/five                       disable: no longer in the manifests
      - loses  orders:read   LOW       read
      also     disable generation 1
      note     reversible: yes
      note     generation 1 is not wanted any more

  - shop/four                       disable: no longer in the manifests
      - loses  orders:read   LOW       read
      also     disable generation 1
      note     reversible: yes
      note     generation 1 is not wanted any more

access   +0 gained   -2 lost   who can decrypt: unchanged

guards   max_creates 0 of 3   max_disables 2 of 1 (refused)   max_rotations 0 of 2

error[guard/max-disables]: the plan disables 2 keys, and `max_disables` allows 20%, which is 1: `shop/five`, `shop/four`
  --> keywright.yaml:11:41
   |
11 | guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
   |                                         ^^^
   |
help: look at them; to let this run do it, add `--allow max_disables=2`
  = more: keywright explain guard/max-disables

Plan: 0 to create, 0 to edit, 0 to rotate, 2 to disable. 1 error. Refused by 1 guard; nothing was changed.
== same
== $ keywright plan --allow max_disables=2 --out approved.json
-- exit 0
== $ keywright apply approved.json --yes
-- exit 0
-- stdout
2 of 5 keys change                                     plan <plan 2>, valid until 2026-03-26 00:00Z

  - shop/five                       disable: no longer in the manifests
      - loses  orders:read   LOW       read
      also     disable generation 1
      note     reversible: yes
      note     generation 1 is not wanted any more

  - shop/four                       disable: no longer in the manifests
      - loses  orders:read   LOW       read
      also     disable generation 1
      note     reversible: yes
      note     generation 1 is not wanted any more

access   +0 gained   -2 lost   who can decrypt: unchanged

guards   max_creates 0 of 3   max_disables 2 of 2 (allowed)   max_rotations 0 of 2

note[guard/max-disables]: the plan disables 2 keys, and `max_disables` allows 20%, which is 1: `shop/five`, `shop/four`
  --> keywright.yaml:11:41
   |
11 | guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
   |                                         ^^^
   |
help: `--allow` lets this run do it
  = more: keywright explain guard/max-disables

Plan: 0 to create, 0 to edit, 0 to rotate, 2 to disable.

Applied: 0 created, 0 edited, 0 rotated, 2 disabled.
-- stderr
shop: shop/four: disable done
shop: shop/five: disable done
== now 2026-03-29T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout has
guards   max_creates 0 of 3   max_disables 0 of 1   max_rotations 0 of 2
