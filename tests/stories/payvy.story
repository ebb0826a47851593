A Brex token for Payvy, from the first plan to the revocation. Brex and Payvy have no API for this: a person makes the token with the
fewest scopes, hands it over once, and pastes it where it is used; Nango gets it by itself. In the last 14 of its 60 days it is rotated.
== now 2026-01-05T09:00:00Z
== emulator finance
== write keywright.yaml
version: 1
accounts:
  brex: { provider: brex, endpoint: "<brex>" }
deliveries:
  nango-payments:
    to: nango
    endpoint: "<nango>"
    credential: { env: NANGO_SECRET_KEY }
    params: { provider_config_key: brex-api-key, connection_id: payments }
  payvy: { to: payvy }
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops, recovery]
== write keys/brex.yaml
account: brex
keys:
  payvy:
    label: Payvy Integration
    owner: "@acme/payables"
    purpose: Payvy matches invoices with vendors and payments
    scopes: [vendors.readonly, transfers.readonly]
    lifetime: 60d
    overlap: 72h
    deliver: [nango-payments, payvy]
== $ keywright plan --detailed-exitcode
-- exit 2
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-06 09:00Z

  ! brex/payvy                      attended: create: declared, and not made yet  keys/brex.yaml:3
      + gains  transfers.readonly   MEDIUM    read    financial
      + gains  vendors.readonly     MEDIUM    read    pii financial
      secret   -> secrets/brex/payvy.age (ops, recovery: 2 recipients)
      expires  2026-03-06 (60 days), then rotates
      note     `brex` cannot expire keys: a person is asked to revoke it then
      note     deliver -> nango-payments (nango), once it is handed over
      note     deliver -> payvy (payvy), once it is handed over
      ! attended: make the token `Payvy Integration …` in the Brex dashboard (about 3 minutes, @acme/payables)
        https://dashboard.brex.com/settings/developer
        1.  sign in to Brex as an account admin or card admin, and open Developer > Settings
        2.  choose Create Token, and type the name `Payvy Integration …` (the whole name follows
            when apply has opened this step)
        3.  choose Custom, and tick exactly these scopes: Transfers: read (`transfers.readonly`);
            Vendors: read (`vendors.readonly`)
        4.  choose Create Token; the token is shown once, so copy it before the dialog is closed
        then `keywright fulfil brex/payvy`

access   +2 gained   -0 lost   who can decrypt: unchanged

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 attended step.
== $ keywright apply --yes --detailed-exitcode
-- exit 2
-- stdout has
Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 opened for a person.
      ! attended: make the token `Payvy Integration <marker 1>` in the Brex dashboard (about 3 minutes, @acme/payables)
        2.  choose Create Token, and type the name `Payvy Integration <marker 1>`
        3.  choose Custom, and tick exactly these scopes: Transfers: read (`transfers.readonly`);
        then `keywright fulfil brex/payvy`
-- stderr
brex: brex/payvy: ready for a person
== $ brex create-token 'Payvy Integration <marker 1>' vendors.readonly transfers.readonly > ~/clipboard
-- exit 0
== $ cat ~/clipboard | keywright fulfil brex/payvy
-- exit 0
-- stdout
brex/payvy: tried, sealed and published; delivered to `nango-payments`.

1 attended step open:

  ! brex/payvy
      ! attended: give Payvy generation 1 of `brex/payvy` (about 3 minutes, @acme/payables)
        1.  on your own machine, open the secret: `keywright open brex/payvy -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 1 of `brex/payvy`, the
            token named `Payvy Integration <marker 1>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered brex/payvy payvy --generation 1`
-- stderr
trying it at `brex` …
== $ keywright open brex/payvy -i ~/ops.txt | payvy paste
-- exit 0
== $ payvy sync
-- exit 0
-- stdout
vendors: 3 read
transfers: 3 read
== $ keywright delivered brex/payvy payvy --by Ada
-- exit 0
-- stdout
brex/payvy: that `payvy` has generation 1 is recorded, by Ada.
== provider
brex   <brex token 1>, `Payvy Integration <marker 1>`, transfers.readonly vendors.readonly: works
nango  <brex token 1> in `payments`, {"keywright":{"address":"brex/payvy","generation":1,"marker":"<marker 1>"}}
payvy  <brex token 1>
== $ keywright plan --detailed-exitcode
-- exit 0
-- stdout has
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-06 09:00Z
== now 2026-02-04T09:00:00Z
== $ keywright plan
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-02-05 09:00Z

due                             today     +10d      +20d      +30d
  brex/payvy                    |----------------R                  rotates in 17 days, 2026-02-21

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

warning[plan/idle]: `brex/payvy` was last seen to work 30 days ago: unused, it dies on 2026-04-05
  --> keys/brex.yaml:3:3
   |
 3 |   payvy:
   |   ^
   |
help: run `keywright verify brex/payvy -i IDENTITY`, best on a schedule
  = more: keywright explain plan/idle

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== $ keywright verify -i ~/ops.txt
-- exit 0
-- stdout
KEY         PROVIDER  GEN  SHOWN  VERIFIED
brex/payvy  brex      1    alive  2026-02-04
-- stderr
brex: brex/payvy: trying it
== now 2026-02-23T09:00:00Z
== $ keywright plan --detailed-exitcode
-- exit 2
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-02-24 09:00Z

  ! brex/payvy                      attended: rotate: expires 2026-03-06; due since 2026-02-21  keys/brex.yaml:3
      = keeps  transfers.readonly, vendors.readonly
      secret   -> secrets/brex/payvy.age (ops, recovery: 2 recipients)
      expires  2026-03-06 -> 2026-04-24 (60 days), then rotates
      note     `brex` cannot expire keys: a person is asked to revoke it then
      note     deliver -> nango-payments (nango), once it is handed over
      note     deliver -> payvy (payvy), once it is handed over
      ! attended: make the token `Payvy Integration …` in the Brex dashboard (about 3 minutes, @acme/payables)
        https://dashboard.brex.com/settings/developer
        1.  sign in to Brex as an account admin or card admin, and open Developer > Settings
        2.  choose Create Token, and type the name `Payvy Integration …` (the whole name follows
            when apply has opened this step)
        3.  choose Custom, and tick exactly these scopes: Transfers: read (`transfers.readonly`);
            Vendors: read (`vendors.readonly`)
        4.  choose Create Token; the token is shown once, so copy it before the dialog is closed
        5.  leave `Payvy Integration <marker 1>` as it is: it works for 3 days more, and then a
            step of its own asks to revoke it
        then `keywright fulfil brex/payvy`

access   +0 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  brex/payvy                    |R                                  rotation overdue since 2026-02-21

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 attended step.
== $ keywright apply --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 opened for a person.
      ! attended: make the token `Payvy Integration <marker 2>` in the Brex dashboard (about 3 minutes, @acme/payables)
== $ cat ~/clipboard | keywright fulfil brex/payvy -i ~/ops.txt
-- exit 1
-- stderr
error[fulfil/malformed]: what was handed over for `brex/payvy` is the previous secret
help: make a new one, named `Payvy Integration <marker 2>`; nothing was written
  = more: keywright explain fulfil/malformed

1 error
== $ brex create-token 'Payvy Integration <marker 2>' vendors.readonly transfers.readonly > ~/clipboard
-- exit 0
== $ cat ~/clipboard | keywright fulfil brex/payvy -i ~/ops.txt
-- exit 0
-- stdout
brex/payvy: tried, sealed and published; delivered to `nango-payments`.

1 attended step open:

  ! brex/payvy
      ! attended: give Payvy generation 2 of `brex/payvy` (about 3 minutes, @acme/payables)
        1.  on your own machine, open the secret: `keywright open brex/payvy -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 2 of `brex/payvy`, the
            token named `Payvy Integration <marker 2>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered brex/payvy payvy --generation 2`
-- stderr
trying it at `brex` …
== $ payvy sync
-- exit 0
-- stdout
vendors: 3 read
transfers: 3 read
== now 2026-02-27T09:00:00Z
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-02-28 09:00Z

  ! brex/payvy                      attended: deliver: `payvy` has not been given generation 2  keys/brex.yaml:3
      = keeps  transfers.readonly, vendors.readonly
      ! attended: give Payvy generation 2 of `brex/payvy` (about 3 minutes, @acme/payables)
        1.  on your own machine, open the secret: `keywright open brex/payvy -i IDENTITY`
        2.  open Payvy: Settings > API Integration
        3.  replace the user token there by what you opened: it is generation 2 of `brex/payvy`, the
            token named `Payvy Integration <marker 2>`
        4.  see that Payvy accepts it, and clear your clipboard and screen
        then `keywright delivered brex/payvy payvy --generation 2`

access   +0 gained   -0 lost   who can decrypt: unchanged

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 attended step.
== $ keywright open brex/payvy -i ~/ops.txt | payvy paste
-- exit 0
== $ keywright delivered brex/payvy payvy --by Ada
-- exit 0
== now 2026-03-02T10:00:00Z
== provider
brex   <brex token 1>, `Payvy Integration <marker 1>`, transfers.readonly vendors.readonly: works
brex   <brex token 2>, `Payvy Integration <marker 2>`, transfers.readonly vendors.readonly: works
nango  <brex token 2> in `payments`, {"keywright":{"address":"brex/payvy","generation":2,"marker":"<marker 2>"}}
payvy  <brex token 2>
== $ keywright apply --yes --detailed-exitcode
-- exit 2
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-03-03 10:00Z

  ! brex/payvy                      attended: revoke: generation 1 has been replaced, and its overlap has passed  keys/brex.yaml:3
      = keeps  transfers.readonly, vendors.readonly
      ! attended: revoke the token `Payvy Integration <marker 1>` in the Brex dashboard (about 1 minute, @acme/payables)
        https://dashboard.brex.com/settings/developer
        1.  sign in to Brex as an account admin or card admin, and open Developer > Settings
        2.  find the token `Payvy Integration <marker 1>` and revoke it: calls with it fail at once
        then `keywright fulfil brex/payvy --revoked --generation 1`

access   +0 gained   -0 lost   who can decrypt: unchanged

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 attended step.
== $ brex revoke 'Payvy Integration <marker 1>'
-- exit 0
== $ keywright fulfil brex/payvy --revoked -i ~/ops.txt
-- exit 0
-- stdout
brex/payvy: the revocation is recorded (generation 1, unproven).
-- stderr
brex/payvy: that `Payvy Integration <marker 1>` is revoked is taken on your word; there is nothing to try: its secret is not at hand any more, or its provider has no call for that
== $ payvy sync
-- exit 0
-- stdout
vendors: 3 read
transfers: 3 read
== provider
brex   <brex token 1>, `Payvy Integration <marker 1>`, transfers.readonly vendors.readonly: revoked
brex   <brex token 2>, `Payvy Integration <marker 2>`, transfers.readonly vendors.readonly: works
nango  <brex token 2> in `payments`, {"keywright":{"address":"brex/payvy","generation":2,"marker":"<marker 2>"}}
payvy  <brex token 2>
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-03-03 10:00Z

  - brex/payvy                      delete: generation 1 is over: only the ledger changes  keys/brex.yaml:3
      = keeps  transfers.readonly, vendors.readonly

access   +0 gained   -0 lost   who can decrypt: unchanged

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

warning[plan/unproven]: that generation 1 of `brex/payvy` is revoked stands on a person's word: no call has shown it
  --> keys/brex.yaml:3:3
   |
 3 |   payvy:
   |   ^
   |
help: look for `Payvy Integration <marker 1>` at the provider; after the next apply nothing says so any more
  = more: keywright explain plan/unproven

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to delete. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 deleted.
-- stderr
brex: brex/payvy: delete done
== $ keywright plan --detailed-exitcode
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-03-03 10:00Z

note[plan/degraded]: `brex` at `brex`: keys cannot expire there, so a person is asked to revoke each at its end
  = more: keywright explain plan/degraded

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ keywright show brex/payvy
-- exit 0
-- stdout
brex/payvy  brex
  declared  keys/brex.yaml:3
  label     Payvy Integration
  owner     @acme/payables
  purpose   Payvy matches invoices with vendors and payments
  scopes    transfers.readonly vendors.readonly
  expires   60d after creation, renewed 14d before, overlap 3d
  readers   ops: <ops>; recovery: <recovery>
  risk      MEDIUM
  rotates   2026-04-11T21:57:27Z, in 40 days
  secret    secrets/brex/payvy.age
  deliver   nango-payments (generation 2 on 2026-02-23)
  deliver   payvy (generation 2 on 2026-02-27, by Ada)

generation 2  active
  id        unknown
  label     Payvy Integration <marker 2>
  scopes    transfers.readonly vendors.readonly
  created   2026-02-23T09:00:00Z
  expires   2026-04-24T09:00:00Z, in 52 days
  verified  2026-02-23T09:00:00Z
  sealed    raw, sha256 <sha256 1>
  readers   ops: <ops>; recovery: <recovery>
