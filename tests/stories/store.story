A keyring store that is missing or damaged is not an empty one: nothing is issued anew.
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
== $ keywright apply --yes
-- exit 0
== remove .keywright/keyring.json
== $ keywright plan
-- exit 4
-- stdout
no changes among 1 key, not all of them read           plan <plan 1>, valid until 2026-01-02 00:00Z

x account `shop` is unavailable, its keys are left alone: unreachable: the keyring's store `<root>/keys-repo/.keywright/keyring.json` does not exist

warning[provider/unavailable]: `shop` cannot be listed, so nothing in it changes: unreachable: the keyring's store `<root>/keys-repo/.keywright/keyring.json` does not exist
help: plan again when the provider answers
  = more: keywright explain provider/unavailable

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 account unavailable. 1 warning. Nothing to do.
== $ keywright apply --yes
-- exit 4
-- stdout
no changes among 1 key, not all of them read           plan <plan 1>, valid until 2026-01-02 00:00Z

x account `shop` is unavailable, its keys are left alone: unreachable: the keyring's store `<root>/keys-repo/.keywright/keyring.json` does not exist

warning[provider/unavailable]: `shop` cannot be listed, so nothing in it changes: unreachable: the keyring's store `<root>/keys-repo/.keywright/keyring.json` does not exist
help: plan again when the provider answers
  = more: keywright explain provider/unavailable

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 account unavailable. 1 warning. Nothing to do.
== same
== $ keywright plan --offline
-- exit 0
-- stdout
no changes: 1 key matches its manifest   plan <plan 1>, offline: the ledger stands in, cannot be applied

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== write .keywright/keyring.json
not json
== $ keywright plan
-- exit 4
-- stdout
no changes among 1 key, not all of them read           plan <plan 1>, valid until 2026-01-02 00:00Z

x account `shop` is unavailable, its keys are left alone: the keyring's store `<root>/keys-repo/.keywright/keyring.json` is damaged: no keyring at line 1 column 2

warning[provider/unavailable]: `shop` cannot be listed, so nothing in it changes: the keyring's store `<root>/keys-repo/.keywright/keyring.json` is damaged: no keyring at line 1 column 2
help: plan again when the provider answers
  = more: keywright explain provider/unavailable

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 account unavailable. 1 warning. Nothing to do.
== $ keywright apply --yes
-- exit 4
-- stdout
no changes among 1 key, not all of them read           plan <plan 1>, valid until 2026-01-02 00:00Z

x account `shop` is unavailable, its keys are left alone: the keyring's store `<root>/keys-repo/.keywright/keyring.json` is damaged: no keyring at line 1 column 2

warning[provider/unavailable]: `shop` cannot be listed, so nothing in it changes: the keyring's store `<root>/keys-repo/.keywright/keyring.json` is damaged: no keyring at line 1 column 2
help: plan again when the provider answers
  = more: keywright explain provider/unavailable

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 account unavailable. 1 warning. Nothing to do.
== same
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
