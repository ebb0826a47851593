A saved plan is an upper bound: larger and stale ones are refused before the first write, less is fine.
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
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
== $ keywright plan --out ~/plan.json
-- exit 0
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:read, orders:write]
== $ keywright apply --yes ~/plan.json
== change keys/shop.yaml
- scopes: [orders:read, orders:write]
+ scopes: [orders:read]
== now 2026-01-02T00:00:01Z
== $ keywright apply --yes ~/plan.json
== now 2026-01-01T10:00:00Z
== $ keywright plan --offline --out ~/offline.json
-- exit 0
== $ keywright apply --yes ~/offline.json
== $ keywright apply --yes ~/ops.txt
== tree
== $ keywright apply --yes ~/plan.json
== tree
== $ keywright apply --yes ~/plan.json
== same
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:write]
== $ keywright plan --out ~/edit.json
-- exit 0
== remove .keywright/keyring.json
== write .keywright/keyring.json
{"version":1,"keys":{}}
== $ keywright apply --yes ~/edit.json
== tree
