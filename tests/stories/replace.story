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
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

-/+ shop/dashboard                  replace: scopes differ; `scopes` cannot be edited in place  keys/shop.yaml:3
      + gains  orders:write   MEDIUM    write
      - loses  orders:read    LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 -> 2026-04-02 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +1 gained   -1 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.
== $ keywright apply --yes
-- exit 0
== $ keywright apply --yes
-- exit 0
== same
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: strict
generations:
  - number: 2
    state: active
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:write
    created_at: "2026-01-02T00:00:00Z"
    expires_at: "2026-04-02T00:00:00Z"
    last_verified_at: "2026-01-02T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
  - number: 1
    state: retiring
    id: <id 2>
    marker: <marker 2>
    label: dashboard <marker 2>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    disable_after: "2026-01-05T00:00:00Z"
== now 2026-01-03T00:00:00Z
== change keys/shop.yaml
- scopes: [orders:write]
+ scopes: [orders:write], expires: 2026-12-31, label: Board
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-04 00:00Z

-/+ shop/dashboard                  replace: label, expiry differ; `label`, `expiry` cannot be edited in place  keys/shop.yaml:3
      = keeps  orders:write
      label    `dashboard <marker 1>` -> `Board`
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-02 -> 2026-12-31   MEDIUM  longer than before
      note     generation 2 stays valid for 3 days more, then it is disabled

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.
== now 2026-01-06T00:00:00Z
== $ keywright apply --yes
-- exit 0
== $ keywright list
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES  VERIFIED    OWNER
shop/dashboard  active  3    MEDIUM  1       5d   2026-12-31           2026-01-06
