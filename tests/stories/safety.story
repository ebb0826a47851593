Without any configuration: manifests that are not there, an account that is gone, and a listing that shrank end nothing.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
  store:
    provider: keyring
    params: { store: .keywright/store.json }
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
  lifetime: 90d
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
== write keys/store.yaml
account: store
keys:
  robot: { scopes: [stock:read] }
== $ keywright apply --yes
-- exit 0
== remove keys/shop.yaml
== remove keys/store.yaml
== $ keywright plan
-- exit 3
-- stdout
3 of 3 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  - shop/one                        disable: no longer in the manifests
      - loses  orders:read   LOW       read
      note     reversible: yes

  - shop/two                        disable: no longer in the manifests
      - loses  orders:read   LOW       read
      note     reversible: yes

  - store/robot                     disable: no longer in the manifests
      - loses  stock:read   LOW       read
      note     reversible: yes

access   +0 gained   -3 lost   who can decrypt: unchanged

guards   empty 3 (refused)

error[guard/empty]: no manifest declares a key, and the ledger has 3 live keys: `shop/one`, `shop/two`, `store/robot`
help: look for the manifests in `keys/`; to disable them all in this run, add `--allow empty`
  = more: keywright explain guard/empty

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 3 to disable. 1 error. 1 warning. Refused by 1 guard; nothing was changed.
== $ keywright apply --yes
-- exit 3
== same
== $ keywright plan --allow empty
-- exit 0
-- stdout has
Plan: 0 to create, 0 to edit, 0 to rotate, 3 to disable. 1 warning.
== write keys/shop.yaml
account: shop
keys:
  one: { scopes: [orders:read] }
  two: { scopes: [orders:read] }
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
== $ keywright check
-- exit 1
-- stdout
error[ledger/unknown-account]: the ledger has the key `store/robot`, but `keywright.yaml` has no account `store`
  --> ledger/store/robot.yaml:3:10
   |
 3 | address: store/robot
   |          ^^^^^^^^^^^
   |
help: put the account back: without it, the live keys in the ledger would be forgotten
  = more: keywright explain ledger/unknown-account

1 error
== $ keywright apply --yes
-- exit 3
-- stdout
no changes: 2 keys match their manifests               plan <plan 2>, valid until 2026-01-02 00:00Z

guards   account-gone store 1 (refused)

error[guard/account-gone]: account `store` is not in `keywright.yaml` any more, and its ledger has 1 live key: `store/robot`
help: put the account back and remove its keys first; to go on without it once, add `--allow account-gone=store`
  = more: keywright explain guard/account-gone

warning[ledger/unknown-account]: the ledger has the key `store/robot`, but `keywright.yaml` has no account `store`
  --> ledger/store/robot.yaml:3:10
   |
 3 | address: store/robot
   |          ^^^^^^^^^^^
   |
help: put the account back: without it, the live keys in the ledger would be forgotten
  = more: keywright explain ledger/unknown-account

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 error. 1 warning. Refused by 1 guard; nothing was changed.
== same
== $ keywright apply --yes --allow account-gone=shop
-- exit 1
-- stderr
error[command/usage]: `--allow account-gone=shop`: the account `shop` is in `keywright.yaml`
  = more: keywright explain command/usage

1 error
== $ keywright apply --yes --allow account-gone=store
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 2>, valid until 2026-01-02 00:00Z

guards   account-gone store 1 (allowed)

note[guard/account-gone]: account `store` is not in `keywright.yaml` any more, and its ledger has 1 live key: `store/robot`
help: `--allow` lets this run do it
  = more: keywright explain guard/account-gone

warning[ledger/unknown-account]: the ledger has the key `store/robot`, but `keywright.yaml` has no account `store`
  --> ledger/store/robot.yaml:3:10
   |
 3 | address: store/robot
   |          ^^^^^^^^^^^
   |
help: put the account back: without it, the live keys in the ledger would be forgotten
  = more: keywright explain ledger/unknown-account

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
== $ keywright plan -o json
-- exit 3
-- stdout has
      "guard": "account-gone",
      "verdict": "refused"
      "code": "guard/account-gone",
