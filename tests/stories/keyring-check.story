`keyring check` answers by its exit code whether a token is good.
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
    lifetime: 30d
== $ keywright apply --yes
-- exit 0
== $ keywright open shop/dashboard -i ~/ops.txt > ~/token
-- exit 0
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 0
-- stdout
valid
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-01-31T00:00:00Z
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope orders:read -o json
-- exit 0
-- stdout
{
  "verdict": "valid",
  "id": "<id 1>",
  "label": "dashboard <marker 1>",
  "scopes": [
    "orders:read"
  ],
  "expires_at": "2026-01-31T00:00:00Z"
}
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope orders:write
-- exit 1
-- stdout
lacks scope
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-01-31T00:00:00Z
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope orders:read --scope orders:write -o json
-- exit 1
-- stdout
{
  "verdict": "lacks-scope",
  "id": "<id 1>",
  "label": "dashboard <marker 1>",
  "scopes": [
    "orders:read"
  ],
  "expires_at": "2026-01-31T00:00:00Z"
}
== $ cat ~/token | keywright keyring check --store none.json
-- exit 4
-- stderr
error[keyring/store]: the keyring's store `none.json` does not exist
help: name the store file that apply writes, with `--store FILE`
  = more: keywright explain keyring/store

1 error
== $ cat ~/token | keywright keyring check --store keywright.yaml
-- exit 4
-- stderr
error[keyring/store]: the keyring's store `keywright.yaml` is damaged: no keyring at line 1 column 1
help: name the store file that apply writes, with `--store FILE`
  = more: keywright explain keyring/store

1 error
== $ cat ~/token | keywright keyring check
-- exit 1
-- stderr
error: the following required arguments were not provided:
  --store <FILE>

Usage: keywright keyring check --store <FILE>

For more information, try '--help'.
== $ echo kw_abc | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
malformed
== $ echo kw_aaaaaaaaaaaa_0000000000000000000000000000000000000000000000000 | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
malformed
== $ echo | keywright keyring check --store .keywright/keyring.json -o json
-- exit 1
-- stdout
{
  "verdict": "malformed",
  "id": null,
  "label": null,
  "scopes": [],
  "expires_at": null
}
== now 2026-02-15T00:00:00Z
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
expired
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-01-31T00:00:00Z
== now 2026-01-02T00:00:00Z
== remove keys/shop.yaml
== $ keywright apply --yes --allow empty
-- exit 0
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json
-- exit 1
-- stdout
disabled
id       <id 1>
label    dashboard <marker 1>
scopes   orders:read
expires  2026-01-31T00:00:00Z
