Without any configuration: manifests that are not there, an account that is gone, and a listing that shrank end nothing.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
  store:
    provider: keyring
    params: { store: .keywright/store.json }
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
  lifetime: 90d
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
== write keys/store.yaml
account: store
keys:
  robot: { scopes: [stock:read] }
== $ keywright apply --yes
-- exit 0
== remove keys/shop.yaml
== remove keys/store.yaml
== $ keywright plan
== $ keywright apply --yes
-- exit 3
== same
== $ keywright plan --allow empty
-- exit 0
-- stdout has
Plan: 0 to create, 0 to edit, 0 to rotate, 3 to disable. 1 warning.
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
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
== $ keywright check
== $ keywright apply --yes
== same
== $ keywright apply --yes --allow account-gone=shop
== $ keywright apply --yes --allow account-gone=store
== same
== $ keywright plan -o json
-- exit 3
-- stdout has
      "guard": "account-gone",
      "verdict": "refused"
      "code": "guard/account-gone",
