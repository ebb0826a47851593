One key's whole life in a keyring: created, edited, rotated on time, rotated because a recipient was removed, disabled, deleted.
== now 2090-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  pay:
    provider: keyring
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
== write keys/pay.yaml
account: pay
keys:
  billing:
    label: Billing events
    owner: "@acme/payments"
    purpose: Settlement events
    scopes: [events:read]
    lifetime: 90d
    recipients: [ops, recovery]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2090-01-02 00:00Z

  + pay/billing                     create: declared, and not issued yet    keys/pay.yaml:3
      + gains  events:read   LOW       read
      secret   -> secrets/pay/billing.age (ops, recovery: 2 recipients)
      expires  2090-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 1 created, 0 edited, 0 rotated, 0 disabled.
-- stderr
pay: pay/billing: create done
== change keys/pay.yaml
- scopes: [events:read]
+ scopes: [events:read, events:write]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-01-02 00:00Z

  ~ pay/billing                     edit in place: scopes differ            keys/pay.yaml:3
      + gains  events:write   MEDIUM    write
      = keeps  events:read

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
pay: pay/billing: edit done
== now 2090-03-25T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-03-26 00:00Z

-/+ pay/billing                     rotate: expires 2090-04-01; due since 2090-03-19  keys/pay.yaml:3
      = keeps  events:read, events:write
      secret   -> secrets/pay/billing.age (ops, recovery: 2 recipients)
      expires  2090-04-01 -> 2090-06-23 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
pay: pay/billing: rotate done
== now 2090-03-29T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-03-30 00:00Z

  - pay/billing                     disable: generation 1 has been replaced, and its overlap has passed  keys/pay.yaml:3
      = keeps  events:read, events:write

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== change keys/pay.yaml
- recipients: [ops, recovery]
+ recipients: [ops]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2090-03-30 00:00Z

-/+ pay/billing                     rotate: a recipient was removed: re-encrypting is not revocation  keys/pay.yaml:3
      = keeps  events:read, events:write
      - reader  <recovery>  can no longer open new secrets
      secret   -> secrets/pay/billing.age (ops: 1 recipient)
      expires  2090-06-23 -> 2090-06-27 (90 days), then rotates
      note     generation 2 stays valid for 3 days more, then it is disabled

access   +0 gained   -1 lost   who can decrypt: -1 public key

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
pay: pay/billing: rotate done
== now 2090-04-02T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2090-04-03 00:00Z

  - pay/billing                     disable: generation 2 has been replaced, and its overlap has passed  keys/pay.yaml:3
      = keeps  events:read, events:write

access   +0 gained   -0 lost   who can decrypt: unchanged

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 3>, valid until 2090-04-03 00:00Z

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== write keys/pay.yaml
account: pay
keys: {}
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 4>, valid until 2090-04-03 00:00Z

  - pay/billing                     disable: no longer in the manifests
      - loses  events:write   MEDIUM    write
      - loses  events:read    LOW       read
      note     reversible: yes

access   +0 gained   -2 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== $ keywright list
-- exit 0
-- stdout
KEY          STATE     GEN  RISK    SCOPES  AGE  EXPIRES     ROTATES  VERIFIED    OWNER
pay/billing  disabled  3    MEDIUM  2       91d  2090-06-27           2090-03-29
-- stderr
warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

1 warning
== now 2090-04-10T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 4>, valid until 2090-04-11 00:00Z

  - pay/billing                     delete: its cooldown has passed
      also     delete generation 1, delete generation 2
      note     generation 1 is disabled, and its cooldown has passed
      note     generation 2 is disabled, and its cooldown has passed

access   +0 gained   -0 lost   who can decrypt: unchanged

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to delete. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 deleted.
-- stderr
pay: pay/billing: delete done
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 0 keys match their manifests               plan <plan 4>, valid until 2090-04-11 00:00Z

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
== tree
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/pay
d755 keys
f644 keys/pay.yaml
f644 keywright.yaml
d755 ledger
d755 ledger/pay
d755 secrets
d755 secrets/pay
