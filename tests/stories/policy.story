The policy judges what manifests declare: in `check` without a network, in `plan`, and before `apply` writes anything; waivers stay visible.
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
policy:
  max_lifetime: 60d
  require: [owner]
  rules:
    - name: writers tell why
      when: 'key.scopes.exists(s, s.access == "write")'
      require: 'key.purpose != ""'
      message: reviewers want to know
      effect: warn
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@acme/data"
    scopes: [orders:read]
    lifetime: 90d
  importer:
    owner: "@acme/data"
    scopes: [orders:write]
    lifetime: 30d
== $ keywright check
== $ keywright plan
== $ keywright apply --yes
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
policy:
  max_lifetime: 60d
waivers:
  - rule: policy/max-lifetime
    address: shop/dashboard
    reason: the new dashboard comes in March
    expires: 2026-03-31
== $ keywright check
== $ keywright apply --yes
== now 2026-04-01T00:00:00Z
== $ keywright check
