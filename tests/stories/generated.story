Schemas, completions, help and version come from the program itself.
== $ keywright schema ledger
-- exit 0
-- stdout has
"$schema"
"generations"
== $ keywright schema config
-- exit 0
-- stdout has
== $ keywright schema manifest
-- exit 0
-- stdout has
== $ keywright schema plan
-- exit 0
-- stdout has
"format_version"
== $ keywright schema profile
-- exit 0
-- stdout has
"capabilities"
== $ keywright schema ledgr
-- exit 1
-- stderr
error[command/usage]: there is no schema `ledgr`; did you mean `ledger`?
  = more: keywright explain command/usage

1 error
== $ keywright schema
-- exit 1
-- stderr
error: the following required arguments were not provided:
  <NAME>

Usage: keywright schema <NAME>

For more information, try '--help'.
== $ keywright completions bash
-- exit 0
-- stdout has
_keywright()
== $ keywright completions zsh
-- exit 0
-- stdout has
#compdef keywright
== $ keywright completions fish
-- exit 0
-- stdout has
complete -c keywright
== $ keywright completions tcsh
-- exit 1
-- stderr
error: invalid value 'tcsh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.
== $ keywright --version
-- exit 0
-- stdout
keywright 0.1.0
== $ keywright --help
-- exit 0
-- stdout
Declares API keys in git, and makes the vendors match

Usage: keywright [OPTIONS] <COMMAND>

Commands:
  init         Write a working workspace: a keyring account, one key, and a fresh age identity
               outside the repository
  check        Check configuration, manifests, ledger and secret files; needs no network and no
               credential
  plan         Show what apply would do, and which access each key gains or loses
  comment      Keep one comment with the plan at a pull request (GitHub) or merge request (GitLab)
  apply        Make the providers match the manifests, and seal each new secret
  fulfil       Hand over a key that a person made, or confirm that one was revoked
  authorize    Have a person grant a key in a browser (OAuth), and seal its tokens; also again, when
               a grant is over
  delivered    Record that a person gave a key's current secret to a place without an API
  verify       Try the secrets of published keys by one harmless call each or more, and record when
               they worked
  recover      Show what an interrupted apply left and what becomes of it; with --yes, do it (apply
               does it first anyway)
  import       Adopt keys that exist: manifest entries and ledger, nothing at the provider; without
               ids and --all, only show what could be adopted
  doctor       Check what apply will need: credentials, clocks, recipients, directories, git
  list         List every key with its state, risk, age, expiry, reviews and owner: as a table,
               JSON, CSV or a calendar
  review       Confirm that keys are still needed, and record who did and when
  show         Show one key: every generation, its expiry, who can open its secret
  open         Decrypt a key's secret to standard output
  keyring      Work with a keyring store
  providers    List the providers, or print all about one: environments, options, capabilities,
               scopes
  profile      Begin a profile of your own, or try one at a live account
  explain      Explain a diagnostic code or a scope
  schema       Print a JSON Schema
  completions  Print a completion script for a shell
  help         Print this message or the help of the given subcommand(s)

Options:
  -C <DIR>
          The workspace, or a directory below it (default: the current directory, then upwards)

      --color <WHEN>
          Colour in the output

          Possible values:
          - auto:   On a terminal, unless NO_COLOR or CI is set
          - always
          - never
          
          [default: auto]

  -q, --quiet
          Show no progress; results and problems are still shown

  -v, --verbose
          Say on standard error what is read: workspace, accounts, where credentials come from,
          listings; never a secret or a body

  -h, --help
          Print help (see a summary with '-h')

  -V, --version
          Print version
== $ keywright help apply
-- exit 0
-- stdout
Make the providers match the manifests, and seal each new secret

Usage: keywright apply [OPTIONS] [PLAN|ADDRESS]...

Arguments:
  [PLAN|ADDRESS]...
          A saved plan (nothing that it does not contain is done), then addresses (default: all
          keys)

Options:
  -C <DIR>
          The workspace, or a directory below it (default: the current directory, then upwards)

      --yes
          Do not ask

  -i, --identity <FILE>
          An age identity file: secrets can then be verified and encrypted anew

      --color <WHEN>
          Colour in the output

          Possible values:
          - auto:   On a terminal, unless NO_COLOR or CI is set
          - always
          - never
          
          [default: auto]

      --rotate <ADDRESS>
          Ask for a new generation of this key, also before its time; can be given several times

      --compromised
          The keys to rotate are compromised: the generations before the new one are disabled as
          soon as it is published

  -q, --quiet
          Show no progress; results and problems are still shown

      --allow <GUARD>
          Lift a guard for this run: max_creates=N, max_disables=N, max_rotations=N, empty,
          account-gone=ACCOUNT or shrunk=ACCOUNT

  -v, --verbose
          Say on standard error what is read: workspace, accounts, where credentials come from,
          listings; never a secret or a body

      --commit
          Commit the secrets and ledger files that were written, and nothing else

      --push
          Commit, and push to the upstream branch by compare-and-swap

      --durable <WHERE>
          Before each next step, push intents and sealed secrets to `refs/keywright/journal` of the
          remote, which is also the lock between machines

          Possible values:
          - git: The remote of the workspace's git repository

      --local
          In CI: accept that intents and secrets are durable on this machine only

  -o, --output <FORMAT=FILE>
          Also write the plan that is carried out to a file, in a format of `plan -o`; can be given
          several times

      --detailed-exitcode
          Exit with 2 when attended steps are open afterwards

  -h, --help
          Print help (see a summary with '-h')
== $ keywright
-- exit 1
-- stderr
Declares API keys in git, and makes the vendors match

Usage: keywright [OPTIONS] <COMMAND>

Commands:
  init         Write a working workspace: a keyring account, one key, and a fresh age identity
               outside the repository
  check        Check configuration, manifests, ledger and secret files; needs no network and no
               credential
  plan         Show what apply would do, and which access each key gains or loses
  comment      Keep one comment with the plan at a pull request (GitHub) or merge request (GitLab)
  apply        Make the providers match the manifests, and seal each new secret
  fulfil       Hand over a key that a person made, or confirm that one was revoked
  authorize    Have a person grant a key in a browser (OAuth), and seal its tokens; also again, when
               a grant is over
  delivered    Record that a person gave a key's current secret to a place without an API
  verify       Try the secrets of published keys by one harmless call each or more, and record when
               they worked
  recover      Show what an interrupted apply left and what becomes of it; with --yes, do it (apply
               does it first anyway)
  import       Adopt keys that exist: manifest entries and ledger, nothing at the provider; without
               ids and --all, only show what could be adopted
  doctor       Check what apply will need: credentials, clocks, recipients, directories, git
  list         List every key with its state, risk, age, expiry, reviews and owner: as a table,
               JSON, CSV or a calendar
  review       Confirm that keys are still needed, and record who did and when
  show         Show one key: every generation, its expiry, who can open its secret
  open         Decrypt a key's secret to standard output
  keyring      Work with a keyring store
  providers    List the providers, or print all about one: environments, options, capabilities,
               scopes
  profile      Begin a profile of your own, or try one at a live account
  explain      Explain a diagnostic code or a scope
  schema       Print a JSON Schema
  completions  Print a completion script for a shell
  help         Print this message or the help of the given subcommand(s)

Options:
  -C <DIR>            The workspace, or a directory below it (default: the current directory, then
                      upwards)
      --color <WHEN>  Colour in the output [default: auto] [possible values: auto, always, never]
  -q, --quiet         Show no progress; results and problems are still shown
  -v, --verbose       Say on standard error what is read: workspace, accounts, where credentials
                      come from, listings; never a secret or a body
  -h, --help          Print help (see more with '--help')
  -V, --version       Print version
== $ keywright aply
-- exit 1
-- stderr
error: unrecognized subcommand 'aply'

  tip: a similar subcommand exists: 'apply'

Usage: keywright [OPTIONS] <COMMAND>

For more information, try '--help'.
== tree
