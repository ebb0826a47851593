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
-- exit 3
-- stderr
error[plan/stale]: manifests, configuration or profiles have changed since the plan was saved
  = note: as the ledger tells it, a plan made now would also do this:
  = note: `shop/dashboard`: gains `orders:write`, which was not approved
  = note: `shop/dashboard`: the key would have `orders:write`, which was not approved
help: plan again, and have that plan approved
  = more: keywright explain plan/stale

1 error
== change keys/shop.yaml
- scopes: [orders:read, orders:write]
+ scopes: [orders:read]
== now 2026-01-02T00:00:01Z
== $ keywright apply --yes ~/plan.json
-- exit 3
-- stderr
error[plan/stale]: the saved plan was valid from 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z
help: plan again, and have that plan approved
  = more: keywright explain plan/stale

1 error
== now 2026-01-01T10:00:00Z
== $ keywright plan --offline --out ~/offline.json
-- exit 0
== $ keywright apply --yes ~/offline.json
-- exit 3
-- stderr
error[plan/stale]: the saved plan was made offline: it shows access, and cannot be applied
help: plan again, and have that plan approved
  = more: keywright explain plan/stale

1 error
== $ keywright apply --yes ~/ops.txt
-- exit 1
-- stderr
error[command/usage]: `<root>/home/ops.txt` is not a saved plan: expected value at line 1 column 1
  = more: keywright explain command/usage

1 error
== tree
d755 .keywright
f600 .keywright/lock
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
== $ keywright apply --yes ~/plan.json
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 1 created, 0 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: create done
== tree
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/shop
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
d755 ledger
d755 ledger/shop
f600 ledger/shop/dashboard.yaml
d755 secrets
d755 secrets/shop
f600 secrets/shop/dashboard.age
== $ keywright apply --yes ~/plan.json
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
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
-- exit 3
-- stderr
--- approved
+++ now
@@ -1,4 +1,3 @@
-shop/dashboard  edit: scopes differ
+shop/dashboard  create: drift: the key vanished
 shop/dashboard  gains orders:write
-shop/dashboard  loses orders:read
 shop/dashboard  expires 2026-04-01T10:00:00Z
error[plan/exceeds-approved]: the approved plan is an upper bound, and the plan made now goes beyond it
  = note: `shop/dashboard`: the action is now create, approved was edit
  = note: `shop/dashboard`: recording generation 1 was not approved
  = note: `shop/dashboard`: creating generation 2 was not approved
  = note: `shop/dashboard`: the label is not the approved one
help: plan again, and have that plan approved; nothing was changed
  = more: keywright explain plan/exceeds-approved

1 error
== tree
d755 .keywright
f644 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/shop
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
d755 ledger
d755 ledger/shop
f600 ledger/shop/dashboard.yaml
d755 secrets
d755 secrets/shop
f600 secrets/shop/dashboard.age
