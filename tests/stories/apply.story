The first apply creates, seals and records; the second changes no byte; without a yes and a terminal nothing happens.
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
  robot:
    label: Warehouse robot
    scopes: ["stock:*"]
    expires: never
    recipients: [ops, recovery]
    format: dotenv
== $ keywright apply
-- exit 1
-- stdout
2 of 2 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:7
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  never

access   +2 gained   -0 lost   who can decrypt: unchanged

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.
-- stderr
error[apply/not-confirmed]: there is no terminal to ask on
help: add `--yes`; nothing was changed
  = more: keywright explain apply/not-confirmed

1 error
== $ keywright apply --yes
-- exit 0
-- stdout
2 of 2 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:7
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  never

access   +2 gained   -0 lost   who can decrypt: unchanged

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 2 created, 0 edited, 0 rotated, 0 disabled.
-- stderr
shop: shop/robot: create done
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
f600 ledger/shop/robot.yaml
d755 secrets
d755 secrets/shop
f600 secrets/shop/dashboard.age
f600 secrets/shop/robot.age
== file ledger/shop/robot.yaml
# written by keywright; do not edit
version: 1
address: shop/robot
provider: keyring
generations:
  - number: 1
    state: active
    id: <id 1>
    marker: <marker 1>
    label: Warehouse robot <marker 1>
    scopes:
      - stock:*
    created_at: "2026-01-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: dotenv
      recipients:
        ops:
          - <ops>
        recovery:
          - <recovery>
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== $ keywright apply
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== now 2026-01-05T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-06 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== $ CI=true keywright apply --yes
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-06 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== same
== $ keywright apply --yes shop/robt
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/robt`
help: did you mean `shop/robot`?
  = more: keywright explain plan/unknown-address

1 error
== $ keywright apply --yes no-such-plan.json
-- exit 1
-- stderr
error[command/usage]: `no-such-plan.json` is no address (`account/name`), and there is no such file
  = more: keywright explain command/usage

1 error
== $ keywright open shop/robot -i ~/ops.txt > ~/robot
-- exit 0
== $ keywright open shop/robot -i ~/recovery.txt > ~/robot2
-- exit 0
== $ cat ~/robot | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
malformed
