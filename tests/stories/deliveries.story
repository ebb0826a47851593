A place without an API gets each new secret by the hand of a person; the generation before lives until that is recorded.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
deliveries:
  payvy: { to: payvy }
recipients:
  ops: [<ops>]
defaults:
  recipients: [ops]
== write keys/shop.yaml
account: shop
keys:
  invoices:
    owner: "@shop/finance"
    scopes: [invoices:read]
    lifetime: 30d
    renew_before: 5d
    overlap: 24h
    deliver: [payvy]
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/invoices                   create: declared, and not issued yet    keys/shop.yaml:3
      + gains  invoices:read   LOW       read
      secret   -> secrets/shop/invoices.age (ops: 1 recipient)
      expires  2026-01-31 (30 days), then rotates
      note     deliver -> payvy (payvy): a person does that, once it is published

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/invoices                   create: declared, and not issued yet    keys/shop.yaml:3
      + gains  invoices:read   LOW       read
      secret   -> secrets/shop/invoices.age (ops: 1 recipient)
      expires  2026-01-31 (30 days), then rotates
      note     deliver -> payvy (payvy): a person does that, once it is published

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 1 created, 0 edited, 0 rotated, 0 disabled.

1 attended step open:

  ! shop/invoices
      ! attended: give Payvy generation 1 of `shop/invoices` (about 3 minutes, @shop/finance)
        1.  on your own machine, open the secret: `keywright open shop/invoices -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 1 of `shop/invoices`,
            the token named `invoices <marker 1>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered shop/invoices payvy --generation 1`
-- stderr
shop: shop/invoices: create done
== $ keywright delivered shop/invoices payvy --by Ada
-- exit 0
-- stdout
shop/invoices: that `payvy` has generation 1 is recorded, by Ada.
== $ keywright apply --yes --detailed-exitcode
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

due                             today     +10d      +20d      +30d
  shop/invoices                 |------------------------R          rotates in 25 days, 2026-01-26

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ keywright show shop/invoices
-- exit 0
-- stdout
shop/invoices  keyring
  declared  keys/shop.yaml:3
  label     invoices
  owner     @shop/finance
  scopes    invoices:read
  expires   30d after creation, renewed 5d before, overlap 1d
  readers   ops: <ops>
  risk      LOW
  rotates   2026-01-26T09:59:58Z, in 25 days
  secret    secrets/shop/invoices.age
  deliver   payvy (generation 1 on 2026-01-01, by Ada)

generation 1  active
  id        <id 1>
  label     invoices <marker 1>
  scopes    invoices:read
  created   2026-01-01T00:00:00Z
  expires   2026-01-31T00:00:00Z, in 30 days
  verified  2026-01-01T00:00:00Z
  sealed    raw, sha256 <sha256 1>
  readers   ops: <ops>
== now 2026-01-28T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-29 00:00Z

-/+ shop/invoices                   rotate: expires 2026-01-31; due since 2026-01-26  keys/shop.yaml:3
      = keeps  invoices:read
      secret   -> secrets/shop/invoices.age (ops: 1 recipient)
      expires  2026-01-31 -> 2026-02-27 (30 days), then rotates
      note     generation 1 stays valid for 1 day more, then it is disabled
      note     deliver -> payvy (payvy): a person does that, once it is published

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.

1 attended step open:

  ! shop/invoices
      ! attended: give Payvy generation 2 of `shop/invoices` (about 3 minutes, @shop/finance)
        1.  on your own machine, open the secret: `keywright open shop/invoices -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 2 of `shop/invoices`,
            the token named `invoices <marker 2>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered shop/invoices payvy --generation 2`
-- stderr
shop: shop/invoices: rotate done
== now 2026-01-30T00:00:00Z
== $ keywright plan --detailed-exitcode
-- exit 2
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-31 00:00Z

  ! shop/invoices                   attended: deliver: `payvy` has not been given generation 2  keys/shop.yaml:3
      = keeps  invoices:read
      ! attended: give Payvy generation 2 of `shop/invoices` (about 3 minutes, @shop/finance)
        1.  on your own machine, open the secret: `keywright open shop/invoices -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 2 of `shop/invoices`,
            the token named `invoices <marker 2>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered shop/invoices payvy --generation 2`

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/invoices                 |----------------------R            rotates in 23 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 attended step.
== $ keywright list
-- exit 0
-- stdout
KEY            STATE   GEN  RISK  SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    OWNER
shop/invoices  active  2    LOW   1       29d  2026-02-27  2026-02-22  2026-01-28  @shop/finance

shop/invoices is not delivered to payvy (pending, generation 1 on 2026-01-01, by Ada)
== $ keywright delivered shop/invoices payvy --by @shop/finance
-- exit 0
-- stdout
shop/invoices: that `payvy` has generation 2 is recorded, by @shop/finance.
== $ keywright delivered shop/invoices payvy
-- exit 1
-- stderr
error[deliver/not-open]: that `payvy` has generation 2 of `shop/invoices` is recorded already
help: nothing was recorded
  = more: keywright explain deliver/not-open

1 error
== now 2026-01-31T12:00:00Z
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-02-01 12:00Z

  - shop/invoices                   disable: generation 1 has been replaced, and its overlap has passed  keys/shop.yaml:3
      = keeps  invoices:read

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/invoices                 |---------------------R             rotates in 22 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-02-01 12:00Z

  - shop/invoices                   disable: generation 1 has been replaced, and its overlap has passed  keys/shop.yaml:3
      = keeps  invoices:read

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/invoices                 |---------------------R             rotates in 22 days, 2026-02-22

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
shop: shop/invoices: disable done
