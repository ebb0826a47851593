What the provider cannot edit forces a new generation: the reason names the field, and the old one lives through its overlap.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: strict
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
  lifetime: 90d
== write providers/strict.yaml
version: 1
name: strict
title: Strict
params: { store: { says: a file, default: .keywright/keyring.json } }
secret: { parts: [secret] }
capabilities:
  label: { max: 200 }
  editable: {}
  disable: reversible
  delete: true
  get: true
  verify: true
  lists_disabled: true
  expiry: { settable: true, tolerance: 0s }
  consistency: 0s
api: keyring
catalogue: { form: "^[a-z]+:[a-z]+$", separator: ":", wildcard: segment, unlisted: allow, verbs: { read: read, write: write } }
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 0
== now 2026-01-02T00:00:00Z
== change keys/shop.yaml
- [orders:read]
+ [orders:write]
== $ keywright plan
== $ keywright apply --yes
-- exit 0
== $ keywright apply --yes
-- exit 0
== same
== file ledger/shop/dashboard.yaml
== now 2026-01-03T00:00:00Z
== change keys/shop.yaml
- scopes: [orders:write]
+ scopes: [orders:write], expires: 2026-12-31, label: Board
== $ keywright plan
== now 2026-01-06T00:00:00Z
== $ keywright apply --yes
-- exit 0
== $ keywright list
