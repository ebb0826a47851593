A protected key is neither disabled nor deleted, also when its entry is removed.
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
    protect: true
== $ keywright apply --yes
-- exit 0
== write keys/shop.yaml
account: shop
keys: {}
== $ keywright plan
-- exit 4
-- stdout
1 key blocked, no other changes                        plan <plan 1>, valid until 2026-01-02 00:00Z

  x shop/dashboard                  blocked: `shop/dashboard` is protected: it would be disabled otherwise
      - would lose  orders:read   LOW       read

access   +0 gained   -0 lost   blocked: -1   who can decrypt: unchanged

warning[plan/protected]: `shop/dashboard` is protected: it would be disabled otherwise
help: set `protect: false`, apply, and then remove or disable the key
  = more: keywright explain plan/protected

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 blocked. 2 warnings.
== $ keywright apply --yes
-- exit 4
-- stdout
1 key blocked, no other changes                        plan <plan 1>, valid until 2026-01-02 00:00Z

  x shop/dashboard                  blocked: `shop/dashboard` is protected: it would be disabled otherwise
      - would lose  orders:read   LOW       read

access   +0 gained   -0 lost   blocked: -1   who can decrypt: unchanged

warning[plan/protected]: `shop/dashboard` is protected: it would be disabled otherwise
help: set `protect: false`, apply, and then remove or disable the key
  = more: keywright explain plan/protected

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 blocked. 2 warnings.
== same
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
    protect: true
    state: disabled
== $ keywright apply --yes
-- exit 4
-- stdout
1 key blocked, no other changes                        plan <plan 2>, valid until 2026-01-02 00:00Z

  x shop/dashboard                  blocked: `shop/dashboard` is protected: it would be disabled otherwise  keys/shop.yaml:3
      - would lose  orders:read   LOW       read

access   +0 gained   -0 lost   blocked: -1   who can decrypt: unchanged

warning[plan/protected]: `shop/dashboard` is protected: it would be disabled otherwise
  --> keys/shop.yaml:3:3
   |
 3 |   dashboard:
   |   ^
   |
help: set `protect: false`, apply, and then remove or disable the key
  = more: keywright explain plan/protected

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 blocked. 1 warning.
== same
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
    protect: false
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2026-01-02 00:00Z

  ~ shop/dashboard                  edit in place: protection removed       keys/shop.yaml:3
      = keeps  orders:read
      protect  true -> false                                               HIGH  removed: it may be disabled or deleted from now on

access   +1 gained (1 high)   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/dashboard: edit done
== write keys/shop.yaml
account: shop
keys: {}
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

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
