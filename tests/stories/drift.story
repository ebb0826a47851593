What somebody changed by hand is named, each deed on its own line with its risk, apart from what the manifests ask for, and is corrected.
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
  dashboard: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 0
== now 2026-01-02T00:00:00Z
== $ keywright plan --drift --detailed-exitcode
== change .keywright/keyring.json
- ["orders:read"]
+ ["orders:read","orders:admin"]
- "label":"dashboard
+ "label":"our board
- "2026-04-01T00:00:00Z"
+ "2027-04-01T00:00:00Z"
- "enabled":true
+ "enabled":false
== $ keywright plan --drift --detailed-exitcode
-- exit 2
== same
== $ keywright plan --drift
-- exit 0
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:read], protect: true
== $ keywright plan
== $ keywright apply --yes
== $ keywright plan --drift --detailed-exitcode
-- exit 0
== $ keywright apply --yes
-- exit 0
== same
== change .keywright/keyring.json
- ["orders:read"]
+ ["orders:write"]
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:list]
== $ keywright plan
== $ keywright plan --drift --out plan.json
-- exit 1
== remove .keywright/keyring.json
== $ keywright plan --drift --detailed-exitcode
-- exit 4
