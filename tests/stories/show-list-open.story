`list`, `show` and `open` read the workspace alone; `open` is the only one that prints a secret.
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
    format: json
== $ keywright list
-- exit 0
-- stdout
KEY             STATE     GEN  RISK    SCOPES  AGE  EXPIRES  ROTATES  VERIFIED  OWNER
shop/dashboard  declared       LOW     1                                        @shop/operations
shop/robot      declared       MEDIUM  1
== $ keywright show shop/robot
-- exit 0
-- stdout
shop/robot  keyring
  declared  keys/shop.yaml:7
  label     Warehouse robot
  scopes    stock:*
  expires   never
  readers   ops: <ops>; recovery: <recovery>
  risk      MEDIUM
  secret    none published

no generation was issued yet
== $ keywright open shop/robot -i ~/ops.txt
-- exit 1
-- stderr
error[ledger/secret-missing]: `shop/robot` has no secret that can be opened: cannot read `<root>/keys-repo/secrets/shop/robot.age`: No such file or directory (os error 2)
help: apply writes it when the key is created
  = more: keywright explain ledger/secret-missing

1 error
== $ keywright apply --yes
-- exit 0
== now 2026-01-03T00:00:00Z
== $ keywright list
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    OWNER
shop/dashboard  active  1    LOW     1       2d   2026-04-01  2026-03-19  2026-01-01  @shop/operations
shop/robot      active  1    MEDIUM  1       2d   never                   2026-01-01
== $ keywright list -o json
-- exit 0
-- stdout
{
  "format_version": "1.0",
  "as_of": "2026-01-03T00:00:00Z",
  "keys": [
    {
      "address": "shop/dashboard",
      "provider": "keyring",
      "state": "active",
      "owner": "@shop/operations",
      "purpose": "Shows open orders",
      "scopes": [
        "orders:read"
      ],
      "risk": "low",
      "created_at": "2026-01-01T00:00:00Z",
      "rotated_at": null,
      "expires_at": "2026-04-01T00:00:00Z",
      "rotates_at": "2026-03-19T01:10:54Z",
      "last_verified_at": "2026-01-01T00:00:00Z",
      "last_used_at": null,
      "review_every": null,
      "reviewed_at": null,
      "reviewed_by": null,
      "review_due_at": null,
      "review_overdue": false,
      "unused_after": null,
      "unused_since": null,
      "protect": false,
      "generation": 1,
      "id": "<id 1>",
      "declared_at": {
        "file": "keys/shop.yaml",
        "line": 3,
        "column": 3
      },
      "dates": [
        {
          "at": "2026-03-19T01:10:54Z",
          "kind": "rotation",
          "generation": 1
        },
        {
          "at": "2026-04-01T00:00:00Z",
          "kind": "expiry",
          "generation": 1
        }
      ]
    },
    {
      "address": "shop/robot",
      "provider": "keyring",
      "state": "active",
      "owner": null,
      "purpose": null,
      "scopes": [
        "stock:*"
      ],
      "risk": "medium",
      "created_at": "2026-01-01T00:00:00Z",
      "rotated_at": null,
      "expires_at": null,
      "rotates_at": null,
      "last_verified_at": "2026-01-01T00:00:00Z",
      "last_used_at": null,
      "review_every": null,
      "reviewed_at": null,
      "reviewed_by": null,
      "review_due_at": null,
      "review_overdue": false,
      "unused_after": null,
      "unused_since": null,
      "protect": false,
      "generation": 1,
      "id": "<id 2>",
      "declared_at": {
        "file": "keys/shop.yaml",
        "line": 7,
        "column": 3
      },
      "dates": []
    }
  ]
}
== $ keywright list --color always
-- exit 0
-- stdout
\e[2mKEY\e[0m             \e[2mSTATE\e[0m   \e[2mGEN\e[0m  \e[2mRISK\e[0m    \e[2mSCOPES\e[0m  \e[2mAGE\e[0m  \e[2mEXPIRES\e[0m     \e[2mROTATES\e[0m     \e[2mVERIFIED\e[0m    \e[2mOWNER\e[0m
\e[1mshop/dashboard\e[0m  \e[32mactive\e[0m  1    \e[2mLOW\e[0m     1       2d   2026-04-01  2026-03-19  2026-01-01  @shop/operations
\e[1mshop/robot\e[0m      \e[32mactive\e[0m  1    \e[33mMEDIUM\e[0m  1       2d   never                   2026-01-01
== $ keywright show shop/robot
-- exit 0
-- stdout
shop/robot  keyring
  declared  keys/shop.yaml:7
  label     Warehouse robot
  scopes    stock:*
  expires   never
  readers   ops: <ops>; recovery: <recovery>
  risk      MEDIUM
  secret    secrets/shop/robot.age

generation 1  active
  id        <id 2>
  label     Warehouse robot <marker 1>
  scopes    stock:*
  created   2026-01-01T00:00:00Z
  expires   never
  verified  2026-01-01T00:00:00Z
  sealed    json, sha256 <sha256 1>
  readers   ops: <ops>; recovery: <recovery>
== $ keywright show shop/robot -o json
-- exit 0
-- stdout
{
  "format_version": "1.0",
  "address": "shop/robot",
  "provider": "keyring",
  "secret_file": "secrets/shop/robot.age",
  "risk": "medium",
  "rotates_at": null,
  "review": null,
  "dates": [],
  "declared": {
    "declared_at": {
      "file": "keys/shop.yaml",
      "line": 7,
      "column": 3
    },
    "label": "Warehouse robot",
    "owner": null,
    "purpose": null,
    "scopes": [
      "stock:*"
    ],
    "expires": "never",
    "renew_before": "14d",
    "overlap": "3d",
    "recipients": {
      "ops": [
        "<ops>"
      ],
      "recovery": [
        "<recovery>"
      ]
    },
    "format": "json",
    "state": "active",
    "protect": false,
    "review_every": null,
    "unused_after": null
  },
  "record": {
    "version": 1,
    "address": "shop/robot",
    "provider": "keyring",
    "generations": [
      {
        "number": 1,
        "state": "active",
        "id": "<id 2>",
        "marker": "<marker 1>",
        "label": "Warehouse robot <marker 1>",
        "scopes": [
          "stock:*"
        ],
        "created_at": "2026-01-01T00:00:00Z",
        "last_verified_at": "2026-01-01T00:00:00Z",
        "sealed": {
          "sha256": "<sha256 1>",
          "format": "json",
          "recipients": {
            "ops": [
              "<ops>"
            ],
            "recovery": [
              "<recovery>"
            ]
          }
        }
      }
    ]
  }
}
== $ keywright show shop/rob
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/rob`
help: did you mean `shop/robot`?
  = more: keywright explain plan/unknown-address

1 error
== $ keywright show robot
-- exit 1
-- stderr
error: invalid value 'robot' for '<ADDRESS>': `robot` is not an address: write `account/name`

For more information, try '--help'.
== $ keywright open shop/robot -i ~/recovery.txt
-- exit 0
-- stdout
{"secret":"<token 1>"}
== $ keywright open shop/dashboard -i ~/ops.txt
-- exit 0
-- stdout
<token 2>
[no line end]
== $ keywright open shop/dashboard -i ~/recovery.txt
-- exit 1
-- stderr
error[credential/invalid]: `<root>/keys-repo/secrets/shop/dashboard.age`: none of the identities can open it
  = more: keywright explain credential/invalid

1 error
== $ keywright open shop/dashboard
-- exit 1
-- stderr
error: the following required arguments were not provided:
  --identity <FILE>

Usage: keywright open --identity <FILE> <ADDRESS>

For more information, try '--help'.
== $ keywright open shop/dashboard -i ~/none.txt
-- exit 1
-- stderr
error[apply/write-failed]: cannot read `<root>/home/none.txt`: No such file or directory (os error 2)
help: look at the path and its permissions, then run the command again
  = more: keywright explain apply/write-failed

1 error
== $ keywright open shop/dashboard -i keywright.yaml
-- exit 1
-- stderr
error[credential/invalid]: line 1 of the identity file `keywright.yaml` is not an age identity
help: name a file with lines that begin with `AGE-SECRET-KEY-1`, or an OpenSSH private key
  = more: keywright explain credential/invalid

1 error
== $ keywright open shop/none -i ~/ops.txt
-- exit 1
-- stderr
error[ledger/secret-missing]: `shop/none` has no secret that can be opened: cannot read `<root>/keys-repo/secrets/shop/none.age`: No such file or directory (os error 2)
help: apply writes it when the key is created
  = more: keywright explain ledger/secret-missing

1 error
== $ keywright open ../../etc/passwd -i ~/ops.txt
-- exit 1
-- stderr
error: invalid value '../../etc/passwd' for '<ADDRESS>': `..` is not a name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit

For more information, try '--help'.
== write keys/broken.yaml
{
== $ keywright open shop/dashboard -i ~/ops.txt
-- exit 0
-- stdout
<token 2>
[no line end]
