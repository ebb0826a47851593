`init` writes a workspace that applies at once, with its identity outside, and overwrites nothing.
== now 2026-01-01T00:00:00Z
== $ keywright init
-- exit 0
-- stdout
wrote <root>/keys-repo/keywright.yaml
wrote <root>/keys-repo/keys/tokens.yaml
wrote <root>/keys-repo/.gitattributes
wrote <root>/keys-repo/.gitignore
wrote <root>/keys-repo/.github/actions/keywright/action.yml
wrote <root>/keys-repo/.github/workflows/keywright-plan.yml
wrote <root>/home/.config/keywright/keys-repo.identity.txt (the age identity: whoever has it can open the secrets; keep it out of git, and keep a copy)

Next: keywright plan, then keywright apply
== tree
f600 .gitattributes
d755 .github
d755 .github/actions
d755 .github/actions/keywright
f600 .github/actions/keywright/action.yml
d755 .github/workflows
f600 .github/workflows/keywright-plan.yml
f600 .gitignore
d755 keys
f600 keys/tokens.yaml
f600 keywright.yaml
== file keywright.yaml
version: 1
accounts:
  tokens:
    provider: keyring
recipients:
  ops: [<recipient 1>]
defaults:
  recipients: [ops]
== file keys/tokens.yaml
account: tokens
keys:
  first-key:
    label: First key
    owner: "@your-team"
    purpose: Shows that everything works
    scopes: [orders:read]
    lifetime: 90d
== $ keywright init
-- exit 1
-- stderr
error[command/usage]: `<root>/keys-repo/keywright.yaml` is there already; nothing was written
  = more: keywright explain command/usage

1 error
== $ keywright check
-- exit 0
-- stdout
1 key in 1 account: no problems
== $ keywright plan
-- exit 0
== $ keywright apply --yes
-- exit 0
== tree
f600 .gitattributes
d755 .github
d755 .github/actions
d755 .github/actions/keywright
f600 .github/actions/keywright/action.yml
d755 .github/workflows
f600 .github/workflows/keywright-plan.yml
f600 .gitignore
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/tokens
d755 keys
f600 keys/tokens.yaml
f600 keywright.yaml
d755 ledger
d755 ledger/tokens
f600 ledger/tokens/first-key.yaml
d755 secrets
d755 secrets/tokens
f600 secrets/tokens/first-key.age
== $ keywright open tokens/first-key -i ~/.config/keywright/keys-repo.identity.txt > ~/token
-- exit 0
== $ cat ~/token | keywright keyring check --store .keywright/keyring.json --scope orders:read
-- exit 0
== $ keywright -C other init --provider payconex --identity ~/other.txt
-- exit 0
-- stdout
wrote <root>/keys-repo/other/keywright.yaml
wrote <root>/keys-repo/other/keys/payconex-account.yaml
wrote <root>/keys-repo/other/.gitattributes
wrote <root>/keys-repo/other/.gitignore
wrote <root>/keys-repo/other/.github/actions/keywright/action.yml
wrote <root>/keys-repo/other/.github/workflows/keywright-plan.yml
wrote <root>/home/other.txt (the age identity: whoever has it can open the secrets; keep it out of git, and keep a copy)

Next: replace CHANGE-ME in keywright.yaml, keywright plan, then keywright apply
== file other/keywright.yaml
version: 1
accounts:
  payconex-account:
    provider: payconex
    environment: certification
    params:
      account_id: CHANGE-ME   # the 12 digits of the merchant account
    credential: { env: PAYCONEX_ADMIN_KEY }
recipients:
  ops: [<recipient 2>]
defaults:
  recipients: [ops]
== $ keywright -C other check
-- exit 1
-- stdout
error[config/invalid-param]: `account_id` cannot be `CHANGE-ME`
  --> keywright.yaml:7:19
   |
 7 |       account_id: CHANGE-ME   # the 12 digits of the merchant account
   |                   ^^^^^^^^^
   |
help: `account_id` is: the 12 digits of the merchant account
  = more: keywright explain config/invalid-param

1 error
== $ keywright init --provider payconx
-- exit 1
-- stderr
error[command/usage]: there is no provider `payconx`; did you mean `payconex`?
  = more: keywright explain command/usage

1 error
== $ keywright -C third init --identity ~/other.txt
-- exit 1
-- stderr
error[command/usage]: the identity `<root>/home/other.txt` is there already; nothing was written
help: name another place with `--identity FILE`
  = more: keywright explain command/usage

1 error
== write repository/.git/HEAD
ref: refs/heads/main
== $ keywright -C repository init --identity repository/identity.txt
-- exit 1
-- stderr
error[command/usage]: `repository/identity.txt` lies inside `<root>/keys-repo/repository`: an identity must never be committed; name a place outside with `--identity FILE`
  = more: keywright explain command/usage

1 error
== $ keywright -C repository init --identity ~/repository.txt
-- exit 0
== tree
f600 .gitattributes
d755 .github
d755 .github/actions
d755 .github/actions/keywright
f600 .github/actions/keywright/action.yml
d755 .github/workflows
f600 .github/workflows/keywright-plan.yml
f600 .gitignore
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/tokens
d755 keys
f600 keys/tokens.yaml
f600 keywright.yaml
d755 ledger
d755 ledger/tokens
f600 ledger/tokens/first-key.yaml
d755 other
f600 other/.gitattributes
d755 other/.github
d755 other/.github/actions
d755 other/.github/actions/keywright
f600 other/.github/actions/keywright/action.yml
d755 other/.github/workflows
f600 other/.github/workflows/keywright-plan.yml
f600 other/.gitignore
d755 other/keys
f600 other/keys/payconex-account.yaml
f600 other/keywright.yaml
d755 repository
d755 repository/.git
f644 repository/.git/HEAD
f600 repository/.gitattributes
d755 repository/.github
d755 repository/.github/actions
d755 repository/.github/actions/keywright
f600 repository/.github/actions/keywright/action.yml
d755 repository/.github/workflows
f600 repository/.github/workflows/keywright-plan.yml
f600 repository/.gitignore
d755 repository/keys
f600 repository/keys/tokens.yaml
f600 repository/keywright.yaml
d755 secrets
d755 secrets/tokens
f600 secrets/tokens/first-key.age
