A person confirms that keys are still needed; the ledger says who and when, and no provider is asked.
== now 2026-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  shop:
    provider: keyring
recipients:
  ops: [<ops>]
defaults:
  recipients: [ops]
  review_every: 180d
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: Shows open orders
    scopes: [orders:read]
    expires: never
  robot:
    scopes: ["stock:*"]
    expires: never
== $ keywright apply --yes
-- exit 0
== write keys/new.yaml
account: shop
keys:
  new:
    scopes: [orders:read]
    expires: never
== $ keywright review
-- exit 0
-- stdout
no review is due
== now 2026-06-30T00:00:00Z
== $ keywright plan --offline
-- exit 0
-- stdout
1 of 3 keys changes                 plan <plan 1>, offline: the ledger stands in, cannot be applied

  + shop/new                        create: declared, and not issued yet    keys/new.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/new.age (ops: 1 recipient)
      expires  never

access   +1 gained   -0 lost   who can decrypt: unchanged

due                             today     +10d      +20d      +30d
  shop/dashboard                |V                                  review today, 2026-06-30
  shop/robot                    |V                                  review today, 2026-06-30

note[plan/assumed]: the ledger stands in for `shop`: `keyring` was not asked, and this plan cannot be applied
  = more: keywright explain plan/assumed

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.
== $ keywright review
-- exit 1
-- stderr
error[apply/not-confirmed]: there is no terminal to ask on
help: confirm keys with `--confirm ADDRESS --by NAME`; nothing was recorded
  = more: keywright explain apply/not-confirmed

1 error
== same
== $ keywright review --confirm shop/robot
-- exit 1
== $ keywright review --confirm shop/new --by Ada
-- exit 1
-- stderr
error[review/not-issued]: `shop/new` cannot be reviewed: it has no ledger record, nothing was issued yet
help: apply first; nothing was recorded
  = more: keywright explain review/not-issued

1 error
== $ keywright review --confirm shop/nobody --by Ada
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/nobody`
help: did you mean `shop/robot`?
  = more: keywright explain plan/unknown-address

1 error
== remove .keywright/keyring.json
== $ keywright review --confirm shop/robot --by Ada
-- exit 0
-- stdout
Reviewed: 1 key confirmed by Ada.
== file ledger/shop/robot.yaml
# written by keywright; do not edit
version: 1
address: shop/robot
provider: keyring
reviewed:
  at: "2026-06-30T00:00:00Z"
  by: Ada
generations:
  - number: 1
    state: active
    id: <id 1>
    marker: <marker 1>
    label: robot <marker 1>
    scopes:
      - stock:*
    created_at: "2026-01-01T00:00:00Z"
    last_verified_at: "2026-01-01T00:00:00Z"
    sealed:
      sha256: <sha256 1>
      format: raw
      recipients:
        ops:
          - <ops>
== $ keywright review
-- exit 1
-- stderr
error[apply/not-confirmed]: there is no terminal to ask on
help: confirm keys with `--confirm ADDRESS --by NAME`; nothing was recorded
  = more: keywright explain apply/not-confirmed

1 error
== $ keywright review --live --confirm shop/dashboard --by @shop/operations
-- exit 4
-- stdout
Reviewed: 1 key confirmed by @shop/operations.
-- stderr
error[provider/unavailable]: account `shop` cannot be read: unreachable: the keyring's store `<root>/keys-repo/.keywright/keyring.json` does not exist
  = more: keywright explain provider/unavailable

1 error
== $ keywright list
-- exit 0
-- stdout
KEY             STATE     GEN  RISK    SCOPES  AGE   EXPIRES  ROTATES  VERIFIED    REVIEW      OWNER
shop/dashboard  active    1    LOW     1       180d  never             2026-01-01  2026-12-27  @shop/operations
shop/new        declared       LOW     1
shop/robot      active    1    MEDIUM  1       180d  never             2026-01-01  2026-12-27
== now 2026-12-27T00:00:00Z
== $ keywright list --sort review -o csv
-- exit 0
-- stdout
"address","provider","state","owner","purpose","risk","scopes","created_at","rotated_at","expires_at","rotates_at","last_verified_at","last_used_at","review_every","reviewed_at","reviewed_by","review_due_at","review_overdue","unused_after","unused_since","protect","generation","id","declared_at"
"shop/dashboard","keyring","active","'@shop/operations","Shows open orders","low","orders:read","2026-01-01T00:00:00Z","","","","2026-01-01T00:00:00Z","","180d","2026-06-30T00:00:00Z","'@shop/operations","2026-12-27T00:00:00Z","true","","","false","1","<id 2>","keys/shop.yaml:3"
"shop/robot","keyring","active","","","medium","stock:*","2026-01-01T00:00:00Z","","","","2026-01-01T00:00:00Z","","180d","2026-06-30T00:00:00Z","Ada","2026-12-27T00:00:00Z","true","","","false","1","<id 1>","keys/shop.yaml:8"
"shop/new","keyring","declared","","","low","orders:read","","","","","","","180d","","","","false","","","false","","","keys/new.yaml:3"
