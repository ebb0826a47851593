What cannot be, is said: no workspace, links, a lock that cannot be had, a store that is gone, a saved secret that was changed.
== now 2026-01-01T00:00:00Z
== $ keywright plan
== $ keywright -C nowhere plan
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
== write elsewhere/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read] }
== link keys -> elsewhere
== $ keywright check
== $ keywright apply --yes
== remove keys
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read] }
== remove .keywright
== write .keywright/lock/in-the-way
x
== $ keywright apply --yes
== remove .keywright
== write ledger
a file in place of the directory
== $ keywright apply --yes
== $ keywright plan
== remove ledger
== write secrets/shop
a file in place of the directory
== $ keywright apply --yes
== remove secrets
== write .keywright/sealed
a file in place of the directory
== $ keywright apply --yes
== remove .keywright
== $ keywright apply --yes
-- exit 0
== write secrets/shop/dashboard.age
not what apply wrote
== $ keywright check
== $ keywright open shop/dashboard -i ~/ops.txt
== remove secrets/shop/dashboard.age
== $ keywright check
== $ keywright plan
== remove .keywright/keyring.json
== $ keywright plan
== $ keywright apply --yes
== write .keywright/keyring.json
not json
== $ keywright plan
== tree
