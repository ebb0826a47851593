`providers` and `explain` tell what is known, with and without a workspace.
== $ keywright providers
-- exit 0
-- stdout
NAME            TITLE                                   KIND               ENVIRONMENTS                                SCOPES  CANNOT
brex            Brex (user tokens)                      attended           production, staging                         47      create, edit, revoke,
                                                                                                                               last use, expiry
brynq           BrynQ (API tokens)                      attended           production, staging                         0       create, edit, revoke,
                                                                                                                               last use
cloudflare      Cloudflare (account API tokens)         managed over HTTP  production                                  125     show again
datadog         Datadog (application keys)              managed over HTTP  ap1, ap2, eu1, uk1, us1, us1-fed, us3, us5  168     disable, show again,
                                                                                                                               expiry
elasticsearch   Elasticsearch (API keys)                managed over HTTP                                              89      disable, show again,
                                                                                                                               last use
garage-admin    Garage (administration tokens)          managed over HTTP                                              50      show again, last use
garage-s3       Garage (S3 access keys)                 managed over HTTP                                              4       verify, last use
gitlab-group    GitLab (group access tokens)            managed over HTTP  saas                                        19      edit, disable, show
                                                                                                                               again
gitlab-project  GitLab (project access tokens)          managed over HTTP  saas                                        17      edit, disable, show
                                                                                                                               again
grafana         Grafana (service accounts)              managed over HTTP                                              4       show again
jupyterhub      JupyterHub (API tokens)                 managed over HTTP                                              48      edit, disable, show
                                                                                                                               again
keyring         Keyring (embedded)                      in-process                                                     any     show again, last use
openai-admin    OpenAI (admin API keys)                 managed over HTTP  production                                  1       edit, disable, show
                                                                                                                               again, show scopes
openai-project  OpenAI (service accounts of a project)  managed over HTTP  production                                  3       disable, show again,
                                                                                                                               last use
payconex        PayConex (Bluefin)                      managed over HTTP  certification, production                   121     last use
sendgrid        SendGrid (API keys)                     managed over HTTP  eu, global                                  145     disable, show again,
                                                                                                                               expiry, last use
unleash         Unleash (API tokens)                    managed over HTTP                                              any     disable, show again,
                                                                                                                               look up
verdaccio       Verdaccio (npm tokens)                  managed over HTTP                                              2       edit, disable, show
                                                                                                                               again, look up, expiry,
                                                                                                                               last use, label

`keywright providers NAME` tells more about one.
== $ keywright providers keyring
-- exit 0
-- stdout
keyring  Keyring (embedded), in-process

params of an account
  NAME   NEEDED
  store  default `.keywright/keyring.json`  the JSON file that holds ids, scopes, expiries and the
                                            SHA-256 of each token; never a token

secret
  one part; written as it is (`raw`), or as `dotenv`

what it can do
  edit              yes  label, scopes, expiry are changed in place; a change of options replaces
                         the key
  disable           yes  a key can be disabled, and enabled again
  delete            yes  a disabled key is deleted after its cooldown
  show again        no   a secret is shown once; an interrupted apply disables its key and makes
                         another
  look up           yes  a key can be asked for by its id
  list disabled     yes  the listing shows disabled keys, too
  verify            yes  a new secret is proven by a call before it is published
  expiry            yes  the provider ends the key at its expiry (rounded by up to 0s)
  last use          no   does not tell when a key was last used
  label             yes  up to 200 characters; 12 characters of it are kept for the marker
  consistency       yes  a new key is in every listing after 0s
  the catalogue is free; every scope matches `^([a-z0-9_-]+|\*)(:([a-z0-9_-]+|\*))+$`
== $ keywright providers payconex
-- exit 0
-- stdout has
payconex
certification
production
account_id
methods
pcx:webhooks:read
pcx:api_key:read
== $ keywright providers payconx
-- exit 1
-- stderr
error[config/unknown-provider]: there is no provider `payconx`
help: did you mean `payconex`?
  = more: keywright explain config/unknown-provider

1 error
== $ keywright providers -o json
-- exit 0
-- stdout has
"payconex"
== $ keywright explain manifest/unknown-scope
-- exit 0
-- stdout
# manifest/unknown-scope

A key asks for a scope that its provider does not have.

A misspelt scope would be refused by the provider in the middle of an apply, or grant something else than was reviewed.

```yaml
scopes: [pcx:webhook:read]                     # wrong
scopes: [pcx:webhooks:read]                    # right
```

Correct it; the help shows the nearest known scope. `keywright providers NAME` lists all with what they open, and `keywright explain SCOPE`
tells about one.
== $ keywright explain pcx:webhooks:read
-- exit 0
-- stdout
# pcx:webhooks:read

A scope of `payconex` (PayConex (Bluefin)). Reads webhooks.

- access: read
- risk: LOW, because it reads nothing sensitive

Wildcards that grant it, too: `pcx:*`, `pcx:webhooks:*`.
== $ keywright explain pcx:webhooks:*
-- exit 0
-- stdout has
pcx:webhooks:trigger
== $ keywright explain orders:read
-- exit 0
-- stdout
# orders:read

A scope of `keyring` (Keyring (embedded)).

- access: read
- risk: LOW, because it reads nothing sensitive

Wildcards that grant it, too: `*:read`, `orders:*`.
== $ keywright explain manifest/unknown-scop
-- exit 1
-- stderr
error[command/usage]: `manifest/unknown-scop` is neither a diagnostic code nor a scope of a known provider
help: did you mean `manifest/unknown-scope`?
  = more: keywright explain command/usage

1 error
== $ keywright explain 'no such thing'
-- exit 1
-- stderr
error[command/usage]: `no such thing` is neither a diagnostic code nor a scope of a known provider
help: list the scopes with `keywright providers NAME`
  = more: keywright explain command/usage

1 error
== $ keywright explain
-- exit 0
-- stdout has
apply/locked
yaml/anchor
== tree
== write keywright.yaml
version: 1
accounts: {}
== write providers/broken.yaml
version: 1
name: broken
== $ keywright providers broken
-- exit 1
-- stderr
error[config/unknown-provider]: the profile `providers/broken.yaml` cannot be used as it is
help: run `keywright check`, which says what is wrong with it
  = more: keywright explain config/unknown-provider

1 error
