What cannot be, is said: no workspace, links, a lock that cannot be had, a store that is gone, a saved secret that was changed.
== now 2026-01-01T00:00:00Z
== $ keywright plan
-- exit 1
-- stderr
error[workspace/not-found]: no `keywright.yaml` in `<root>/keys-repo` or any directory above it
help: run `keywright init` to make a workspace here, or choose one with `-C DIR`
  = more: keywright explain workspace/not-found

1 error
== $ keywright -C nowhere plan
-- exit 1
-- stderr
error[workspace/not-found]: cannot look for a workspace in `<root>/keys-repo/nowhere`: No such file or directory (os error 2)
help: name an existing directory with `-C DIR`
  = more: keywright explain workspace/not-found

1 error
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
== write elsewhere/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read] }
== link keys -> elsewhere
== $ keywright check
-- exit 1
-- stdout
error[workspace/symlink]: `keys` is a symbolic link
  --> keys
help: replace it by the file or directory itself: links are never followed
  = more: keywright explain workspace/symlink

1 error
== $ keywright apply --yes
-- exit 1
-- stderr
error[workspace/symlink]: `keys` is a symbolic link
  --> keys
help: replace it by the file or directory itself: links are never followed
  = more: keywright explain workspace/symlink

1 error
== remove keys
== write keys/shop.yaml
account: shop
keys:
  dashboard: { scopes: [orders:read] }
== remove .keywright
== write .keywright/lock/in-the-way
x
== $ keywright apply --yes
-- exit 1
-- stderr
error[apply/write-failed]: cannot open `<root>/keys-repo/.keywright/lock`: not a regular file
help: look at the path and its permissions, then run the command again
  = more: keywright explain apply/write-failed

1 error
== remove .keywright
== write ledger
a file in place of the directory
== $ keywright apply --yes
-- exit 1
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

warning[workspace/unexpected-file]: `ledger` is not read by anything
  --> ledger
help: move it out of `ledger/`, which `apply` alone writes
  = more: keywright explain workspace/unexpected-file

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning.
-- stderr
error[apply/write-failed]: account `shop` is not ready: cannot write into `<root>/keys-repo/ledger`: not a directory
help: free the disk or mend the permissions, then apply again: what was done so far is recorded
  = more: keywright explain apply/write-failed

1 error
== $ keywright plan
-- exit 0
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

warning[workspace/unexpected-file]: `ledger` is not read by anything
  --> ledger
help: move it out of `ledger/`, which `apply` alone writes
  = more: keywright explain workspace/unexpected-file

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning.
== remove ledger
== write secrets/shop
a file in place of the directory
== $ keywright apply --yes
-- exit 1
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

warning[workspace/unexpected-file]: `secrets/shop` is not read by anything
  --> secrets/shop
help: no ledger record belongs to it: restore the record from git, or remove the file
  = more: keywright explain workspace/unexpected-file

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable. 1 warning.
-- stderr
error[apply/write-failed]: account `shop` is not ready: cannot write into `<root>/keys-repo/secrets/shop`: not a directory
help: free the disk or mend the permissions, then apply again: what was done so far is recorded
  = more: keywright explain apply/write-failed

1 error
== remove secrets
== write .keywright/sealed
a file in place of the directory
== $ keywright apply --yes
-- exit 1
-- stdout
1 of 1 key changes                                     plan <plan 1>, valid until 2026-01-02 00:00Z

  + shop/dashboard                  create: declared, and not issued yet    keys/shop.yaml:3
      + gains  orders:read   LOW       read
      secret   -> secrets/shop/dashboard.age (ops: 1 recipient)
      expires  2026-04-01 (90 days), then rotates

access   +1 gained   -0 lost   who can decrypt: unchanged

Plan: 1 to create, 0 to edit, 0 to rotate, 0 to disable.
-- stderr
error[apply/write-failed]: account `shop` is not ready: cannot write into `<root>/keys-repo/.keywright/sealed`: not a directory
help: free the disk or mend the permissions, then apply again: what was done so far is recorded
  = more: keywright explain apply/write-failed

1 error
== remove .keywright
== $ keywright apply --yes
-- exit 0
== write secrets/shop/dashboard.age
not what apply wrote
== $ keywright check
-- exit 1
-- stdout
error[ledger/secret-changed]: `secrets/shop/dashboard.age` is not the file that `apply` sealed for generation 1
  --> secrets/shop/dashboard.age
help: restore file and record from git: `git checkout -- secrets/shop/dashboard.age ledger/shop/dashboard.yaml`
  = more: keywright explain ledger/secret-changed

1 error
== $ keywright open shop/dashboard -i ~/ops.txt
-- exit 1
-- stderr
error[credential/invalid]: `<root>/keys-repo/secrets/shop/dashboard.age`: it is not an age file
  = more: keywright explain credential/invalid

1 error
== remove secrets/shop/dashboard.age
== $ keywright check
-- exit 1
-- stdout
error[ledger/secret-missing]: the secret file `secrets/shop/dashboard.age` of generation 1 is missing
  --> ledger/shop/dashboard.yaml:5:1
   |
 5 | generations:
   | ^^^^^^^^^^^
   |
help: restore it from git: `git checkout -- secrets/shop/dashboard.age`
  = more: keywright explain ledger/secret-missing

1 error
== $ keywright plan
-- exit 1
-- stderr
error[ledger/secret-missing]: the secret file `secrets/shop/dashboard.age` of generation 1 is missing
  --> ledger/shop/dashboard.yaml:5:1
   |
 5 | generations:
   | ^^^^^^^^^^^
   |
help: restore it from git: `git checkout -- secrets/shop/dashboard.age`
  = more: keywright explain ledger/secret-missing

1 error
== tree
d755 .keywright
f600 .keywright/keyring.json
f600 .keywright/keyring.json.lock
f600 .keywright/lock
d755 .keywright/sealed
d755 .keywright/sealed/shop
d755 elsewhere
f644 elsewhere/shop.yaml
d755 keys
f644 keys/shop.yaml
f644 keywright.yaml
d755 ledger
d755 ledger/shop
f600 ledger/shop/dashboard.yaml
d755 secrets
d755 secrets/shop
