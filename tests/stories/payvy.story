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
        then `keywright delivered brex/payvy payvy`
-- stderr
trying it at `brex` …
