`check` needs no network and no credential, reports every problem of every file at its place, and changes nothing.
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
== $ keywright check
-- exit 0
-- stdout
1 key in 1 account: no problems
== $ keywright check -o json
-- exit 0
-- stdout
[]
== $ keywright -C keys check
-- exit 0
-- stdout
1 key in 1 account: no problems
== write keys/wrong.yaml
account: shop
keys:
  dashboard:
    scopes: [orders:read]
  robot:
    scope: [orders:read]
    recipients: [opps]
  Robot2:
    scopes: [not a scope]
    lifetime: 90d
    expires: never
== $ keywright check
-- exit 1
-- stdout
error[yaml/missing-field]: missing field `scopes`
  --> keys/wrong.yaml:5:3
   |
 5 |   robot:
   |   ^^^^^ `scopes` is missing
   |
  = more: keywright explain yaml/missing-field

error[yaml/unknown-field]: unknown field `scope`
  --> keys/wrong.yaml:6:5
   |
 6 |     scope: [orders:read]
   |     ^^^^^ unknown field
   |
help: did you mean `scopes`?
  = more: keywright explain yaml/unknown-field

2 errors
== $ keywright check -o json
-- exit 1
-- stdout
[
  {
    "code": "yaml/missing-field",
    "severity": "error",
    "message": "missing field `scopes`",
    "file": "keys/wrong.yaml",
    "line": 5,
    "column": 3
  },
  {
    "code": "yaml/unknown-field",
    "severity": "error",
    "message": "unknown field `scope`",
    "file": "keys/wrong.yaml",
    "line": 6,
    "column": 5,
    "help": "did you mean `scopes`?"
  }
]
== $ keywright check --color always
-- exit 1
-- stdout
\e[1m\e[91merror[yaml/missing-field]\e[0m\e[1m: missing field `scopes`\e[0m
  \e[1m\e[94m-->\e[0m keys/wrong.yaml:5:3
   \e[1m\e[94m|\e[0m
 \e[1m\e[94m5\e[0m \e[1m\e[94m|\e[0m   robot:
   \e[1m\e[94m|\e[0m   \e[1m\e[91m^^^^^\e[0m \e[1m\e[91m`scopes` is missing\e[0m
   \e[1m\e[94m|\e[0m
  \e[1m\e[94m=\e[0m \e[1mmore\e[0m: keywright explain yaml/missing-field

\e[1m\e[91merror[yaml/unknown-field]\e[0m\e[1m: unknown field `scope`\e[0m
  \e[1m\e[94m-->\e[0m keys/wrong.yaml:6:5
   \e[1m\e[94m|\e[0m
 \e[1m\e[94m6\e[0m \e[1m\e[94m|\e[0m     scope: [orders:read]
   \e[1m\e[94m|\e[0m     \e[1m\e[91m^^^^^\e[0m \e[1m\e[91munknown field\e[0m
   \e[1m\e[94m|\e[0m
\e[1m\e[96mhelp\e[0m: did you mean `scopes`?
  \e[1m\e[94m=\e[0m \e[1mmore\e[0m: keywright explain yaml/unknown-field

2 errors
== $ keywright plan
-- exit 1
-- stderr
error[yaml/missing-field]: missing field `scopes`
  --> keys/wrong.yaml:5:3
   |
 5 |   robot:
   |   ^^^^^ `scopes` is missing
   |
  = more: keywright explain yaml/missing-field

error[yaml/unknown-field]: unknown field `scope`
  --> keys/wrong.yaml:6:5
   |
 6 |     scope: [orders:read]
   |     ^^^^^ unknown field
   |
help: did you mean `scopes`?
  = more: keywright explain yaml/unknown-field

2 errors
== $ keywright apply --yes
-- exit 1
-- stderr
error[yaml/missing-field]: missing field `scopes`
  --> keys/wrong.yaml:5:3
   |
 5 |   robot:
   |   ^^^^^ `scopes` is missing
   |
  = more: keywright explain yaml/missing-field

error[yaml/unknown-field]: unknown field `scope`
  --> keys/wrong.yaml:6:5
   |
 6 |     scope: [orders:read]
   |     ^^^^^ unknown field
   |
help: did you mean `scopes`?
  = more: keywright explain yaml/unknown-field

2 errors
== $ keywright list
-- exit 1
-- stderr
error[yaml/missing-field]: missing field `scopes`
  --> keys/wrong.yaml:5:3
   |
 5 |   robot:
   |   ^^^^^ `scopes` is missing
   |
  = more: keywright explain yaml/missing-field

error[yaml/unknown-field]: unknown field `scope`
  --> keys/wrong.yaml:6:5
   |
 6 |     scope: [orders:read]
   |     ^^^^^ unknown field
   |
help: did you mean `scopes`?
  = more: keywright explain yaml/unknown-field

2 errors
== write keys/wrong.yaml
account: &anchor shop
keys: {}
== $ keywright check
-- exit 1
-- stdout
error[yaml/anchor]: anchors are not supported
  --> keys/wrong.yaml:1:10
   |
 1 | account: &anchor shop
   |          ^^^^^^^
   |
help: remove it, and write the value out where it is needed
  = more: keywright explain yaml/anchor

1 error
== remove keywright.yaml
== $ keywright check
-- exit 1
-- stderr
error[workspace/not-found]: no `keywright.yaml` in `<root>/keys-repo` or any directory above it
help: run `keywright init` to make a workspace here, or choose one with `-C DIR`
  = more: keywright explain workspace/not-found

1 error
== tree
d755 .keywright
f600 .keywright/lock
d755 keys
f644 keys/shop.yaml
f644 keys/wrong.yaml
