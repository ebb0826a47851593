The inventory: sorted, filtered, and in every format.
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
  lifetime: 90d
  review_every: 60d
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: "=HYPERLINK(\"http://evil.example\",\"orders\")"
    scopes: [orders:read]
    review_every: never
  robot:
    owner: "@shop/warehouse"
    purpose: "Books goods; in, and out"
    scopes: ["stock:*"]
    expires: never
  short:
    scopes: [refunds:create]
    lifetime: 30d
    renew_before: 5d
    overlap: 24h
== $ keywright apply --yes
-- exit 0
== now 2026-01-20T00:00:00Z
== $ keywright list --timeline
== $ keywright list --sort risk
== $ keywright list --sort expiry shop/*
== $ keywright list --expiring 30d
== $ keywright list --owner @shop/*
== $ keywright list --risk medium shop/robot shop/short
== $ keywright list --sort verified --owner nobody
== $ keywright list shop/robt
== $ keywright list robot
== $ keywright list -o html
== $ keywright list -o csv
== $ keywright list shop/short -o ics
== $ keywright list shop/robot --live -o json
== now 2026-03-05T00:00:00Z
== $ keywright list --timeline
== $ keywright show shop/robot
== $ keywright plan shop/robot
