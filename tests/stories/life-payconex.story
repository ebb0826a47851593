One key's whole life at PayConex: created, edited, rotated on time, rotated because a recipient was removed, disabled, deleted.
== emulator payconex
== now 2090-01-01T00:00:00Z
== write keywright.yaml
version: 1
accounts:
  pay:
    provider: payconex
    environment: certification
    endpoint: <endpoint>
    params: { account_id: "220614966801" }
    credential: { env: PAYCONEX_ADMIN_KEY }
recipients:
  ops: [<ops>]
  recovery: [<recovery>]
defaults:
  recipients: [ops]
== write keys/pay.yaml
account: pay
keys:
  billing:
    label: Billing webhooks
    owner: "@acme/payments"
    purpose: Settlement events
    scopes: [pcx:webhooks:read]
    lifetime: 90d
    recipients: [ops, recovery]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2090-01-02 00:00Z

  + pay/billing                     create: declared, and not issued yet    keys/pay.yaml:3
      + gains  pcx:webhooks:read   LOW       read
      option   methods HMAC
      secret   -> secrets/pay/billing.age (ops, recovery: 2 recipients)
      expires  2090-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.

Applied: 1 created, 0 edited, 0 rotated, 0 disabled.
-- stderr
pay: pay/billing: create done
== provider
enabled  Billing webhooks <marker 1> pcx:webhooks:read until 2090-04-01
== change keys/pay.yaml
- scopes: [pcx:webhooks:read]
+ scopes: [pcx:webhooks:read, pcx:webhooks:create]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-01-02 00:00Z

  ~ pay/billing                     edit in place: scopes differ            keys/pay.yaml:3
      + gains  pcx:webhooks:create   HIGH      write   egress              can send payment events to any address
      = keeps  pcx:webhooks:read

access   +1 gained (1 high)   -0 lost   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 1 to edit, 0 to rotate, 0 to disable.

Applied: 0 created, 1 edited, 0 rotated, 0 disabled.
-- stderr
pay: pay/billing: edit done
== provider
enabled  Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
== now 2090-03-25T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-03-26 00:00Z

-/+ pay/billing                     rotate: expires 2090-04-01; due since 2090-03-19  keys/pay.yaml:3
      = keeps  pcx:webhooks:create, pcx:webhooks:read
      secret   -> secrets/pay/billing.age (ops, recovery: 2 recipients)
      expires  2090-04-01 -> 2090-06-23 (90 days), then rotates
      note     generation 1 stays valid for 3 days more, then it is disabled

access   +0 gained   -0 lost   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
pay: pay/billing: rotate done
== provider
enabled  Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
enabled  Billing webhooks <marker 2> pcx:webhooks:create,pcx:webhooks:read until 2090-06-23
== now 2090-03-29T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 2>, valid until 2090-03-30 00:00Z

  - pay/billing                     disable: generation 1 has been replaced, and its overlap has passed  keys/pay.yaml:3
      = keeps  pcx:webhooks:create, pcx:webhooks:read

access   +0 gained   -0 lost   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== provider
disabled Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
enabled  Billing webhooks <marker 2> pcx:webhooks:create,pcx:webhooks:read until 2090-06-23
== change keys/pay.yaml
- recipients: [ops, recovery]
+ recipients: [ops]
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2090-03-30 00:00Z

-/+ pay/billing                     rotate: a recipient was removed: re-encrypting is not revocation  keys/pay.yaml:3
      = keeps  pcx:webhooks:create, pcx:webhooks:read
      - reader  <recovery>  can no longer open new secrets
      secret   -> secrets/pay/billing.age (ops: 1 recipient)
      expires  2090-06-23 -> 2090-06-27 (90 days), then rotates
      note     generation 2 stays valid for 3 days more, then it is disabled

access   +0 gained   -1 lost   who can decrypt: -1 public key

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 0 to edit, 1 to rotate, 0 to disable.

Applied: 0 created, 0 edited, 1 rotated, 0 disabled.
-- stderr
pay: pay/billing: rotate done
== provider
disabled Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
enabled  Billing webhooks <marker 2> pcx:webhooks:create,pcx:webhooks:read until 2090-06-23
enabled  Billing webhooks <marker 3> pcx:webhooks:create,pcx:webhooks:read until 2090-06-27
== now 2090-04-02T00:00:00Z
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 3>, valid until 2090-04-03 00:00Z

  - pay/billing                     disable: generation 2 has been replaced, and its overlap has passed  keys/pay.yaml:3
      = keeps  pcx:webhooks:create, pcx:webhooks:read

access   +0 gained   -0 lost   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== provider
disabled Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
disabled Billing webhooks <marker 2> pcx:webhooks:create,pcx:webhooks:read until 2090-06-23
enabled  Billing webhooks <marker 3> pcx:webhooks:create,pcx:webhooks:read until 2090-06-27
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 1 key matches its manifest                 plan <plan 3>, valid until 2090-04-03 00:00Z

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. Nothing to do.
== write keys/pay.yaml
account: pay
keys: {}
== $ keywright apply --yes
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 4>, valid until 2090-04-03 00:00Z

  - pay/billing                     disable: no longer in the manifests
      - loses  pcx:webhooks:create   HIGH      write   egress              can send payment events to any address
      - loses  pcx:webhooks:read     LOW       read
      note     reversible: yes

access   +0 gained   -2 lost (1 high)   who can decrypt: unchanged

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 1 to disable. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 1 disabled.
-- stderr
pay: pay/billing: disable done
== provider
disabled Billing webhooks <marker 1> pcx:webhooks:create,pcx:webhooks:read until 2090-04-01
disabled Billing webhooks <marker 2> pcx:webhooks:create,pcx:webhooks:read until 2090-06-23
disabled Billing webhooks <marker 3> pcx:webhooks:create,pcx:webhooks:read until 2090-06-27
== $ keywright list
-- exit 0
-- stdout
KEY          STATE     GEN  RISK  SCOPES  AGE  EXPIRES     ROTATES  VERIFIED    OWNER
pay/billing  disabled  3    HIGH  2       91d  2090-06-27           2090-03-29
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

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 to delete. 1 warning.

Applied: 0 created, 0 edited, 0 rotated, 0 disabled, 1 deleted.
-- stderr
pay: pay/billing: delete done
== provider
== $ keywright apply --yes
-- exit 0
-- stdout
no changes: 0 keys match their manifests               plan <plan 4>, valid until 2090-04-11 00:00Z

unmanaged   none
  pay: our own admin credential, emulated administrator (<id 1>)

warning[workspace/empty]: the workspace declares no keys
  --> keywright.yaml
help: declare keys in a manifest, such as `keys/ACCOUNT.yaml`
  = more: keywright explain workspace/empty

Plan: 0 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning. Nothing to do.
== same
== tree
d755 .keywright
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
