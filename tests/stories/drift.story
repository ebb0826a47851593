What somebody changed by hand is named, each deed on its own line with its risk, apart from what the manifests ask for, and is corrected.
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
  dashboard: { scopes: [orders:read] }
== $ keywright apply --yes
-- exit 0
== now 2026-01-02T00:00:00Z
== $ keywright plan --drift --detailed-exitcode
-- exit 0
-- stdout
Drift: none.
== change .keywright/keyring.json
- ["orders:read"]
+ ["orders:read","orders:admin"]
- "label":"dashboard
+ "label":"our board
- "2026-04-01T00:00:00Z"
+ "2027-04-01T00:00:00Z"
- "enabled":true
+ "enabled":false
== $ keywright plan --drift --detailed-exitcode
-- exit 2
== same
== $ keywright plan --drift
-- exit 0
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:read], protect: true
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  enable: drift: disabled by hand; drift: label, scopes, expiry differ  keys/shop.yaml:3
      + gains  orders:read   LOW       read
      expires  2027-04-01 -> 2026-04-01                                    earlier
      state    disabled -> active
      label    `our board <marker 1>` -> `dashboard <marker 1>`

drift   4 differences that no manifest asked for
  KEY             RISK      CORRECTED BY  WHAT
  shop/dashboard  -         enable        disabled by hand
  shop/dashboard  -         enable        label changed by hand: `dashboard <marker 1>` -> `our
                                          board <marker 1>`
  shop/dashboard  CRITICAL  enable        scopes widened by hand: +orders:admin
  shop/dashboard  CRITICAL  enable        expiry moved later by hand: 2026-04-01 -> 2027-04-01

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to enable.
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  enable: drift: disabled by hand; drift: label, scopes, expiry differ  keys/shop.yaml:3
      + gains  orders:read   LOW       read
      expires  2027-04-01 -> 2026-04-01                                    earlier
      state    disabled -> active
      label    `our board <marker 1>` -> `dashboard <marker 1>`

drift   4 differences that no manifest asked for
  KEY             RISK      CORRECTED BY  WHAT
  shop/dashboard  -         enable        disabled by hand
  shop/dashboard  -         enable        label changed by hand: `dashboard <marker 1>` -> `our
                                          board <marker 1>`
  shop/dashboard  CRITICAL  enable        scopes widened by hand: +orders:admin
  shop/dashboard  CRITICAL  enable        expiry moved later by hand: 2026-04-01 -> 2027-04-01

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to enable.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 enabled.
-- stderr
shop: shop/dashboard: enable done
== $ keywright plan --drift --detailed-exitcode
-- exit 0
== $ keywright apply --yes
-- exit 0
== same
== change .keywright/keyring.json
- ["orders:read"]
+ ["orders:write"]
== change keys/shop.yaml
- scopes: [orders:read]
+ scopes: [orders:list]
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2026-01-03 00:00Z

  ~ shop/dashboard                  edit in place: scopes differ; changed by hand, too: scopes  keys/shop.yaml:3
      + gains  orders:list    LOW       list
      - loses  orders:write   MEDIUM    write

drift   1 difference that no manifest asked for
  KEY             RISK    CORRECTED BY  WHAT
  shop/dashboard  MEDIUM  edit          scopes changed by hand: +orders:write -orders:read

access   +1 gained   -1 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.
== $ keywright plan --drift --out plan.json
-- exit 1
== remove .keywright/keyring.json
== $ keywright plan --drift --detailed-exitcode
-- exit 4
