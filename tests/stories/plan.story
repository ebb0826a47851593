`plan` shows what would change, in every form that was asked for, and writes only what it is told to write.
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
    expires: 2026-06-30
    protect: true
  robot:
    label: Warehouse robot
    scopes: ["stock:*"]
    recipients: [ops, recovery]
== $ keywright plan
-- exit 0
-- stdout
2 of 2 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-06-30

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:9
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  2026-04-01 (90 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.
== same
== $ keywright plan --detailed-exitcode
-- exit 2
-- stdout
2 of 2 keys change                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-06-30

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:9
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  2026-04-01 (90 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.
== $ keywright plan --offline
-- exit 0
-- stdout
2 of 2 keys change                  plan <plan 1>, offline: the ledger stands in, cannot be applied

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-06-30

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:9
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  2026-04-01 (90 days), then rotates

access   +2 gained   -0 lost   who can decrypt: unchanged

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

Plan: 2 to create, 0 to edit, 0 to rotate, 0 to disable.
== $ keywright plan shop/robot
-- exit 0
-- stdout
1 of 1 key changes; only 1 named key looked at         plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/robot                      create: declared, and not issued yet    keys/shop.yaml:9
      + gains  stock:*   MEDIUM    admin
      ! open-ended: `stock:*` also grants what keyring adds later
      secret   -> secrets/shop/robot.age (ops, recovery: 2 recipients)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.
== $ keywright plan shop/rbot
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/rbot`
help: did you mean `shop/robot`?
  = more: keywright explain plan/unknown-address

1 error
== $ keywright plan robot
-- exit 1
-- stderr
error: invalid value 'robot' for '[ADDRESS]...': `robot` is not an address: write `account/name`

For more information, try '--help'.
== $ keywright plan -o json
-- exit 0
-- stdout
{
  "format_version": "1.0",
  "digest": "sha256:<sha256 1>",
  "mode": "live",
  "created_at": "2026-01-01T00:00:00Z",
  "expires_at": "2026-01-02T00:00:00Z",
  "accounts": {
    "shop": {
      "provider": "keyring",
      "listing": "complete",
      "observed": 0
    }
  },
  "changes": [
    {
      "address": "shop/dashboard",
      "action": "create",
      "reason": "declared, and not issued yet",
      "generation": 1,
      "declared_at": {
        "file": "keys/shop.yaml",
        "line": 3,
        "column": 3
      },
      "before": null,
      "after": {
        "scopes": [
          "orders:read"
        ],
        "expires_at": "2026-06-30T23:59:59Z",
        "state": "active",
        "label": "dashboard"
      },
      "access": {
        "gained": [
          {
            "scope": "orders:read",
            "access": "read",
            "risk": "low",
            "tags": []
          }
        ],
        "lost": [],
        "kept": [],
        "open_ended": [],
        "lines": [
          {
            "scope": "orders:read",
            "kind": "added"
          }
        ]
      },
      "steps": [
        "create"
      ],
      "work": [
        {
          "create": {
            "generation": 1
          }
        }
      ],
      "owner": "@shop/operations",
      "notes": [
        "secret -> secrets/shop/dashboard.age (ops: 1 recipient)",
        "expires 2026-06-30"
      ]
    },
    {
      "address": "shop/robot",
      "action": "create",
      "reason": "declared, and not issued yet",
      "generation": 1,
      "declared_at": {
        "file": "keys/shop.yaml",
        "line": 9,
        "column": 3
      },
      "before": null,
      "after": {
        "scopes": [
          "stock:*"
        ],
        "expires_at": "2026-04-01T00:00:00Z",
        "state": "active",
        "label": "Warehouse robot"
      },
      "access": {
        "gained": [
          {
            "scope": "stock:*",
            "access": "admin",
            "risk": "medium",
            "tags": []
          }
        ],
        "lost": [],
        "kept": [],
        "open_ended": [
          "stock:*"
        ],
        "lines": [
          {
            "scope": "stock:*",
            "kind": "added"
          }
        ]
      },
      "steps": [
        "create"
      ],
      "work": [
        {
          "create": {
            "generation": 1
          }
        }
      ],
      "notes": [
        "secret -> secrets/shop/robot.age (ops, recovery: 2 recipients)",
        "expires 2026-04-01 (90 days), then rotates",
        "open-ended: `*` also grants what keyring adds later"
      ]
    }
  ],
  "attended": [],
  "drift": [],
  "unmanaged": [],
  "due": [],
  "diagnostics": [],
  "summary": {
    "create": 2,
    "edit": 0,
    "rotate": 0,
    "replace": 0,
    "disable": 0,
    "enable": 0,
    "delete": 0,
    "reseal": 0,
    "deliver": 0,
    "attended": 0,
    "blocked": 0,
    "none": 0,
    "access_gained": 2,
    "access_lost": 0,
    "highest_risk": "medium"
  }
}
== $ keywright plan -o yaml
-- exit 1
-- stderr
error: invalid value 'yaml' for '--output <FORMAT[=FILE]>': `yaml` is no output format: use text, json, markdown, html, sarif, github, gitlab or codequality

For more information, try '--help'.
== $ keywright plan -o json=
-- exit 1
-- stderr
error: invalid value 'json=' for '--output <FORMAT[=FILE]>': name a file after `=`

For more information, try '--help'.
== $ GITHUB_EVENT_NAME=pull_request keywright plan
-- exit 1
-- stderr
error[command/usage]: in a pull-request job `plan` must not use credentials: the change could name another host
help: use `plan --base REF` or `plan --offline` here; everything else belongs to a job on the protected branch
  = more: keywright explain command/usage

1 error
== $ GITHUB_EVENT_NAME=pull_request keywright plan --offline --detailed-exitcode
-- exit 2
== $ keywright plan -o json=out/plan.json
-- exit 1
-- stderr
error[command/usage]: `out/plan.json` cannot be written: there is no directory `out`
  = more: keywright explain command/usage

1 error
== $ keywright plan -o json=keywright.yaml
-- exit 1
-- stderr
error[command/usage]: `keywright.yaml` is a part of the workspace: name another file
  = more: keywright explain command/usage

1 error
== $ keywright plan --out plan.json -o json=./plan.json
-- exit 1
-- stderr
error[command/usage]: two results cannot share the file `plan.json`
  = more: keywright explain command/usage

1 error
== $ keywright plan -o text -o json
-- exit 1
-- stderr
error[command/usage]: two formats cannot share standard output: name a file for all but one, as in `-o json=FILE`
  = more: keywright explain command/usage

1 error
== $ keywright plan -o json -o github
-- exit 1
-- stderr
error[command/usage]: two formats cannot share standard output: name a file for all but one, as in `-o json=FILE`
  = more: keywright explain command/usage

1 error
== $ keywright plan --out ~/plan.json -o text -o json=plan.json
-- exit 0
== tree
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
f600 plan.json
== $ keywright apply --yes
-- exit 0
== $ keywright plan --detailed-exitcode
-- exit 0
-- stdout
no changes: 2 keys match their manifests               plan <plan 1>, valid until 2026-01-02 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ keywright plan --offline --detailed-exitcode
-- exit 0
-- stdout
no changes: 2 keys match their manifests   plan <plan 1>, offline: the ledger stands in, cannot be applied

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ keywright plan --color always --detailed-exitcode
-- exit 0
-- stdout
\e[1mno changes: 2 keys match their manifests\e[0m               \e[2mplan <plan 1>, valid until 2026-01-02 00:00Z\e[0m

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== $ keywright plan --no-such-option
-- exit 1
-- stderr
error: unexpected argument '--no-such-option' found

  tip: to pass '--no-such-option' as a value, use '-- --no-such-option'

Usage: keywright plan [OPTIONS] [ADDRESS]...

For more information, try '--help'.
== $ keywright --now yesterday plan
-- exit 1
-- stderr
error: the argument '--now <RFC3339>' cannot be used multiple times

Usage: keywright [OPTIONS] <COMMAND>

For more information, try '--help'.
