A key that leaves the manifests is disabled, comes back with its entry, and is deleted when its cooldown is over.
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
== $ keywright open shop/dashboard -i ~/ops.txt > ~/token
-- exit 0
== now 2026-01-02T00:00:00Z
== write keys/shop.yaml
account: shop
keys: {}
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  - shop/dashboard                  disable: no longer in the manifests
      - loses  orders:read   LOW       read
      note     reversible: yes

access   +0 gained   -1 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  - shop/dashboard                  disable: no longer in the manifests
      - loses  orders:read   LOW       read
      note     reversible: yes

access   +0 gained   -1 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
shop: shop/dashboard: disable done
== file ledger/shop/dashboard.yaml
# written by keywright; do not edit
version: 1
address: shop/dashboard
provider: keyring
generations:
  - number: 1
    state: disabled
    id: <id 1>
    marker: <marker 1>
    label: dashboard <marker 1>
    scopes:
      - orders:read
    created_at: "2026-01-01T00:00:00Z"
    expires_at: "2026-04-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    disabled_at: "2026-01-02T00:00:00Z"
    delete_after: "2026-01-09T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
disabled
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-04-01T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 0 keys match their manifests               plan <plan 1>, valid until 2026-01-03 00:00Z

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
== $ keywright list
-- exit 0
-- stdout
KEY             STATE     GEN  RISK  SCOPES  AGE  EXPIRES     ROTATES  VERIFIED    OWNER
shop/dashboard  disabled  1    LOW   1       1d   2026-04-01           2026-01-01
-- stderr
warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

1 warning
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  enable: wanted again                    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      state    disabled -> active

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to enable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  enable: wanted again                    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      state    disabled -> active

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to enable.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 enabled.
-- stderr
shop: shop/dashboard: enable done
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-04-01T00:00:00Z
== change keys/shop.yaml
- scopes: [orders:read]
+ state: disabled
- purpose: Shows open orders
+ scopes: [orders:read]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2026-01-03 00:00Z

  - shop/dashboard                  disable: `state: disabled`              keys/shop.yaml:3
      - loses  orders:read   LOW       read
      state    active -> disabled
      note     reversible: yes

access   +0 gained   -1 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
shop: shop/dashboard: disable done
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 3>, valid until 2026-01-03 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== now 2026-03-01T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 3>, valid until 2026-03-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== write keys/shop.yaml
account: shop
keys: {}
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-03-02 00:00Z

  - shop/dashboard                  disable: no longer in the manifests: its cooldown begins, and only the ledger changes
      note     reversible: yes

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-03-02 00:00Z

  - shop/dashboard                  disable: no longer in the manifests: its cooldown begins, and only the ledger changes
      note     reversible: yes

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
shop: shop/dashboard: disable done
== now 2026-03-10T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-03-11 00:00Z

  - shop/dashboard                  delete: its cooldown has passed

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to delete. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 deleted.
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
d755 secrets
d755 secrets/shop
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 0 keys match their manifests               plan <plan 1>, valid until 2026-03-11 00:00Z

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
