A person confirms that keys are still needed; the ledger says who and when, and no provider is asked.
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
  review_every: 180d
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
    expires: never
  robot:
    scopes: ["stock:*"]
    expires: never
== $ keywright apply --yes
-- exit 0
== write keys/new.yaml
account: shop
keys:
  new:
    scopes: [orders:read]
    expires: never
== $ keywright review
== now 2026-06-30T00:00:00Z
== $ keywright plan --offline
== $ keywright review
-- exit 1
-- stderr
== same
== $ keywright review --confirm shop/robot
-- exit 1
== $ keywright review --confirm shop/new --by Ada
== $ keywright review --confirm shop/nobody --by Ada
== remove .keywright/keyring.json
== $ keywright review --confirm shop/robot --by Ada
== file ledger/shop/robot.yaml
== $ keywright review
-- exit 1
-- stderr
== $ keywright review --live --confirm shop/dashboard --by @shop/operations
== $ keywright list
== now 2026-12-27T00:00:00Z
== $ keywright list --sort review -o csv
