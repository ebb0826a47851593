Guards refuse a whole plan with numbers and the word that lifts them once; what goes beyond `max_rotations` waits and is shown.
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
guards: { max_creates: 3, max_disables: 20%, max_rotations: 2 }
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
  three: { scopes: [orders:read] }
  four: { scopes: [orders:read] }
  five: { scopes: [orders:read] }
== $ keywright plan
== $ keywright apply --yes
-- exit 3
== same
== $ keywright apply --yes shop/one shop/two
-- exit 0
== $ keywright plan --allow max_creates=4
-- exit 0
== $ keywright plan --allow max_creates=many
== $ keywright apply --yes --allow max_creates=3
-- exit 0
== now 2026-03-25T00:00:00Z
== $ keywright plan
== $ keywright plan --rotate shop/two --out approved.json
-- exit 0
-- stdout has
guards   max_creates 0 of 3   max_disables 0 of 1   max_rotations 5 of 2 (deferred)
== $ keywright apply approved.json --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 2 rotated, 0 disabled.
== $ keywright apply --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 2 rotated, 0 disabled.
== $ keywright apply --yes
-- exit 0
-- stdout has
Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
  three: { scopes: [orders:read] }
== $ keywright apply --yes
== same
== $ keywright plan --allow max_disables=2 --out approved.json
-- exit 0
== $ keywright apply approved.json --yes
== now 2026-03-29T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout has
guards   max_creates 0 of 3   max_disables 0 of 1   max_rotations 0 of 2
