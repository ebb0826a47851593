A key gets another name: the ledger and the secret file move, the provider is asked for nothing but the new label.
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
== write keys/shop.yaml
account: shop
keys:
  board: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright apply --yes
-- exit 0
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright plan
-- exit 4
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
moved:
  - { from: shop/board, to: shop/dashboard }
== $ keywright check
-- exit 0
== $ keywright plan
-- exit 0
== $ keywright apply --yes
== tree
== file ledger/shop/dashboard.yaml
== $ keywright apply --yes
== same
== $ keywright plan -i ~/ops.txt
== $ keywright apply --yes -i ~/ops.txt
-- exit 0
== $ keywright apply --yes
== same
== write keys/more.yaml
account: shop
keys:
  other: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 0
== write keys/more.yaml
account: shop
keys: {}
moved:
  - { from: shop/other, to: shop/dashboard }
== $ keywright plan
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read], format: dotenv, protect: true }
== $ keywright plan
== $ keywright apply --yes
== same
