The inventory: sorted, filtered, and in every format.
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
  lifetime: 90d
  review_every: 60d
== write keys/shop.yaml
account: shop
keys:
  dashboard:
    owner: "@shop/operations"
    purpose: "=HYPERLINK(\"http://evil.example\",\"orders\")"
    scopes: [orders:read]
    review_every: never
  robot:
    owner: "@shop/warehouse"
    purpose: "Books goods; in, and out"
    scopes: ["stock:*"]
    expires: never
  short:
    scopes: [refunds:create]
    lifetime: 30d
    renew_before: 5d
    overlap: 24h
== $ keywright apply --yes
-- exit 0
== now 2026-01-20T00:00:00Z
== $ keywright list --timeline
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/dashboard  active  1    LOW     1       19d  2026-04-01  2026-03-19  2026-01-01              @shop/operations
shop/robot      active  1    MEDIUM  1       19d  never                   2026-01-01  2026-03-02  @shop/warehouse
shop/short      active  1    MEDIUM  1       19d  2026-01-31  2026-01-26  2026-01-01  2026-03-02

timeline          today         +30d           +60d           +90d
  shop/short      |-R--E--------------V                          rotates in 6 days, 2026-01-26
  shop/robot      |-------------------V                          review in 41 days, 2026-03-02
  shop/dashboard  |---------------------------R-----E            rotates in 58 days, 2026-03-19
== $ keywright list --sort risk
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/robot      active  1    MEDIUM  1       19d  never                   2026-01-01  2026-03-02  @shop/warehouse
shop/short      active  1    MEDIUM  1       19d  2026-01-31  2026-01-26  2026-01-01  2026-03-02
shop/dashboard  active  1    LOW     1       19d  2026-04-01  2026-03-19  2026-01-01              @shop/operations
== $ keywright list --sort expiry shop/*
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/short      active  1    MEDIUM  1       19d  2026-01-31  2026-01-26  2026-01-01  2026-03-02
shop/dashboard  active  1    LOW     1       19d  2026-04-01  2026-03-19  2026-01-01              @shop/operations
shop/robot      active  1    MEDIUM  1       19d  never                   2026-01-01  2026-03-02  @shop/warehouse
== $ keywright list --expiring 30d
-- exit 0
-- stdout
KEY         STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/short  active  1    MEDIUM  1       19d  2026-01-31  2026-01-26  2026-01-01  2026-03-02
== $ keywright list --owner @shop/*
-- exit 0
-- stdout
KEY             STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/dashboard  active  1    LOW     1       19d  2026-04-01  2026-03-19  2026-01-01              @shop/operations
shop/robot      active  1    MEDIUM  1       19d  never                   2026-01-01  2026-03-02  @shop/warehouse
== $ keywright list --risk medium shop/robot shop/short
-- exit 0
-- stdout
KEY         STATE   GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/robot  active  1    MEDIUM  1       19d  never                   2026-01-01  2026-03-02  @shop/warehouse
shop/short  active  1    MEDIUM  1       19d  2026-01-31  2026-01-26  2026-01-01  2026-03-02
== $ keywright list --sort verified --owner nobody
-- exit 0
-- stdout
no keys
== $ keywright list shop/robt
-- exit 1
-- stderr
error[plan/unknown-address]: no manifest and no ledger file has the key `shop/robt`
help: did you mean `shop/robot`?
  = more: keywright explain plan/unknown-address

1 error
== $ keywright list robot
-- exit 1
-- stderr
error[command/usage]: `robot` is no address: write `account/name`, or a pattern with `*`
  = more: keywright explain command/usage

1 error
== $ keywright list -o html
-- exit 1
-- stderr
error: invalid value 'html' for '--output <FORMAT[=FILE]>': `html` is no output format: use text, json, csv or ics

For more information, try '--help'.
== $ keywright list -o csv
-- exit 0
-- stdout
"address","provider","state","owner","purpose","risk","scopes","created_at","rotated_at","expires_at","rotates_at","last_verified_at","last_used_at","review_every","reviewed_at","reviewed_by","review_due_at","review_overdue","unused_after","unused_since","protect","generation","id","declared_at"
"shop/dashboard","keyring","active","'@shop/operations","'=HYPERLINK(""http://evil.example"",""orders"")","low","orders:read","2026-01-01T00:00:00Z","","2026-04-01T00:00:00Z","2026-03-19T01:10:54Z","2026-01-01T00:00:00Z","","","","","","false","","","false","1","<id 1>","keys/shop.yaml:3"
"shop/robot","keyring","active","'@shop/warehouse","Books goods; in, and out","medium","stock:*","2026-01-01T00:00:00Z","","","","2026-01-01T00:00:00Z","","60d","","","2026-03-02T00:00:00Z","false","","","false","1","<id 2>","keys/shop.yaml:8"
"shop/short","keyring","active","","","medium","refunds:create","2026-01-01T00:00:00Z","","2026-01-31T00:00:00Z","2026-01-26T08:01:16Z","2026-01-01T00:00:00Z","","60d","","","2026-03-02T00:00:00Z","false","","","false","1","<id 3>","keys/shop.yaml:13"
== $ keywright list shop/short -o ics
-- exit 0
-- stdout has
DTSTAMP:20260120T000000Z
DTSTART;VALUE=DATE:20260126
UID:rotation.shop/short@keywright
UID:expiry.shop/short@keywright
UID:review.shop/short@keywright
== $ keywright list shop/robot --live -o json
-- exit 0
-- stdout
{
  "format_version": "1.0",
  "as_of": "2026-01-20T00:00:00Z",
  "accounts": {
    "shop": {
      "listing": "complete",
      "tells_last_use": false
    }
  },
  "keys": [
    {
      "address": "shop/robot",
      "provider": "keyring",
      "state": "active",
      "observed": "live",
      "owner": "@shop/warehouse",
      "purpose": "Books goods; in, and out",
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
      "review_every": "60d",
      "reviewed_at": null,
      "reviewed_by": null,
      "review_due_at": "2026-03-02T00:00:00Z",
      "review_overdue": false,
      "unused_after": null,
      "unused_since": null,
      "protect": false,
      "generation": 1,
      "id": "<id 2>",
      "declared_at": {
        "file": "keys/shop.yaml",
        "line": 8,
        "column": 3
      },
      "dates": [
        {
          "at": "2026-03-02T00:00:00Z",
          "kind": "review",
          "generation": 1
        }
      ]
    }
  ]
}
== now 2026-03-05T00:00:00Z
== $ keywright list --timeline
-- exit 0
-- stdout
KEY             STATE    GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES     VERIFIED    REVIEW      OWNER
shop/dashboard  active   1    LOW     1       63d  2026-04-01  2026-03-19  2026-01-01              @shop/operations
shop/robot      active   1    MEDIUM  1       63d  never                   2026-01-01  2026-03-02  @shop/warehouse
shop/short      expired  1    MEDIUM  1       63d  2026-01-31  2026-01-26  2026-01-01  2026-03-02

2 reviews are overdue: `keywright review`

timeline          today         +30d           +60d           +90d
  shop/short      |R                                             rotation overdue since 2026-01-26
  shop/robot      |V                                             review overdue since 2026-03-02
  shop/dashboard  |-----R------E                                 rotates in 14 days, 2026-03-19
== $ keywright show shop/robot
-- exit 0
-- stdout
shop/robot  keyring
  declared  keys/shop.yaml:8
  label     robot
  owner     @shop/warehouse
  purpose   Books goods; in, and out
  scopes    stock:*
  expires   never
  readers   ops: <ops>
  risk      MEDIUM
  secret    secrets/shop/robot.age
  review    overdue since 2026-03-02T00:00:00Z, every 60d

generation 1  active
  id        <id 2>
  label     robot <marker 1>
  scopes    stock:*
  created   2026-01-01T00:00:00Z
  expires   never
  verified  2026-01-01T00:00:00Z
  sealed    raw, sha256 <sha256 1>
  readers   ops: <ops>
== $ keywright plan shop/robot
-- exit 0
-- stdout
no changes: 1 key matches its manifest; only 1 named key looked at   plan <plan 1>, valid until 2026-03-06 00:00Z

due                             today     +10d      +20d      +30d
  shop/robot                    |V                                  review overdue since 2026-03-02

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
