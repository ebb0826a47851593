//! The stable codes of all diagnostics, each with its page. A code is never renamed.
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::model::address::as_text;

macro_rules! codes {
    ($($variant:ident => $code:literal),+ $(,)?) => {
        /// What a diagnostic is about, as `area/kebab-case`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant),+ }

        impl Code {
            /// Every code, in the order of the areas.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The Markdown page that `keywright explain` prints.
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("pages/", $code, ".md"))),+ }
            }
        }
    };
}

codes! {
    YamlInvalidUtf8 => "yaml/invalid-utf8",
    YamlByteOrderMark => "yaml/byte-order-mark",
    YamlControlCharacter => "yaml/control-character",
    YamlBidiCharacter => "yaml/bidi-character",
    YamlSyntax => "yaml/syntax",
    YamlAnchor => "yaml/anchor",
    YamlAlias => "yaml/alias",
    YamlMergeKey => "yaml/merge-key",
    YamlTag => "yaml/tag",
    YamlDirective => "yaml/directive",
    YamlSeveralDocuments => "yaml/several-documents",
    YamlDuplicateField => "yaml/duplicate-field",
    YamlUnknownField => "yaml/unknown-field",
    YamlMissingField => "yaml/missing-field",
    YamlWrongType => "yaml/wrong-type",
    YamlInvalidValue => "yaml/invalid-value",
    YamlTooDeep => "yaml/too-deep",
    YamlTooLarge => "yaml/too-large",
    WorkspaceNotFound => "workspace/not-found",
    WorkspaceUnreadable => "workspace/unreadable",
    WorkspaceSymlink => "workspace/symlink",
    WorkspaceUnexpectedFile => "workspace/unexpected-file",
    WorkspaceEmpty => "workspace/empty",
    ConfigVersion => "config/version",
    ConfigUnknownProvider => "config/unknown-provider",
    ConfigUnknownEnvironment => "config/unknown-environment",
    ConfigUnknownParam => "config/unknown-param",
    ConfigMissingParam => "config/missing-param",
    ConfigInvalidParam => "config/invalid-param",
    ConfigEndpoint => "config/endpoint",
    ConfigCredential => "config/credential",
    ConfigRecipient => "config/recipient",
    ConfigRecipientUnsupported => "config/recipient-unsupported",
    ConfigRecipientDuplicate => "config/recipient-duplicate",
    ConfigUnknownGroup => "config/unknown-group",
    ConfigUnknownAccount => "config/unknown-account",
    ConfigNotEnforced => "config/not-enforced",
    ConfigInvalidName => "config/invalid-name",
    ConfigUnknownDelivery => "config/unknown-delivery",
    ConfigDuplicateDelivery => "config/duplicate-delivery",
    ManifestUnknownAccount => "manifest/unknown-account",
    ManifestDuplicateKey => "manifest/duplicate-key",
    ManifestInvalidName => "manifest/invalid-name",
    ManifestUnknownScope => "manifest/unknown-scope",
    ManifestUnlistedScope => "manifest/unlisted-scope",
    ManifestNoScopes => "manifest/no-scopes",
    ManifestScopeSet => "manifest/scope-set",
    ManifestDuplicateScope => "manifest/duplicate-scope",
    ManifestUnknownGroup => "manifest/unknown-group",
    ManifestNoRecipients => "manifest/no-recipients",
    ManifestLabel => "manifest/label",
    ManifestExpiryMissing => "manifest/expiry-missing",
    ManifestExpiryConflict => "manifest/expiry-conflict",
    ManifestExpiryPast => "manifest/expiry-past",
    ManifestExpiryUnsupported => "manifest/expiry-unsupported",
    ManifestTiming => "manifest/timing",
    ManifestTimingTight => "manifest/timing-tight",
    ManifestFormat => "manifest/format",
    ManifestUnknownOption => "manifest/unknown-option",
    ManifestInvalidOption => "manifest/invalid-option",
    ManifestMoved => "manifest/moved",
    ManifestNotEnforced => "manifest/not-enforced",
    ManifestUnknownDelivery => "manifest/unknown-delivery",
    ManifestDuplicateDelivery => "manifest/duplicate-delivery",
    ManifestDeliveryForm => "manifest/delivery-form",
    ManifestConfusable => "manifest/confusable",
    ProfileInvalid => "profile/invalid",
    ProfileUnsaid => "profile/unsaid",
    LedgerInvalid => "ledger/invalid",
    LedgerMisplaced => "ledger/misplaced",
    LedgerSecretMissing => "ledger/secret-missing",
    LedgerSecretChanged => "ledger/secret-changed",
    LedgerUnknownAccount => "ledger/unknown-account",
    CredentialMissing => "credential/missing",
    CredentialInvalid => "credential/invalid",
    ProviderUnavailable => "provider/unavailable",
    ProviderCeiling => "provider/ceiling",
    ProviderCeilingWildcard => "provider/ceiling-wildcard",
    ProviderKeyLimit => "provider/key-limit",
    ProviderLabelTwin => "provider/label-twin",
    ProviderWriteRefused => "provider/write-refused",
    ProviderNotApplied => "provider/not-applied",
    ProviderUnanswered => "provider/unanswered",
    ProviderVerifyFailed => "provider/verify-failed",
    ProviderExpiryAdjusted => "provider/expiry-adjusted",
    ProviderVerifyUndecided => "provider/verify-undecided",
    ProviderLacksScope => "provider/lacks-scope",
    PlanProtected => "plan/protected",
    PlanAmbiguous => "plan/ambiguous",
    PlanUnfinished => "plan/unfinished",
    PlanCannotDisable => "plan/cannot-disable",
    PlanResealPending => "plan/reseal-pending",
    PlanMoved => "plan/moved",
    PlanDegraded => "plan/degraded",
    PlanExpired => "plan/expired",
    PlanAssumed => "plan/assumed",
    PlanStale => "plan/stale",
    PlanExceedsApproved => "plan/exceeds-approved",
    PlanTooLong => "plan/too-long",
    PlanNoSecret => "plan/no-secret",
    PlanUnmanaged => "plan/unmanaged",
    PlanUnknownAddress => "plan/unknown-address",
    PlanRotationOpen => "plan/rotation-open",
    PlanCannotRotate => "plan/cannot-rotate",
    GuardMaxCreates => "guard/max-creates",
    GuardMaxDisables => "guard/max-disables",
    GuardMaxRotations => "guard/max-rotations",
    GuardEmpty => "guard/empty",
    GuardAccountGone => "guard/account-gone",
    GuardShrunk => "guard/shrunk",
    PolicyMaxLifetime => "policy/max-lifetime",
    PolicyMissingField => "policy/missing-field",
    PolicyNoExpiry => "policy/no-expiry",
    PolicyDeniedScope => "policy/denied-scope",
    PolicyRisk => "policy/risk",
    PolicyOpenEnded => "policy/open-ended",
    PolicyUnknownScope => "policy/unknown-scope",
    PolicyRecipients => "policy/recipients",
    PolicyMinRecipients => "policy/min-recipients",
    PolicyRule => "policy/rule",
    PolicyRuleFailed => "policy/rule-failed",
    PolicyInvalidRule => "policy/invalid-rule",
    PolicyInvalidWaiver => "policy/invalid-waiver",
    PolicyWaiverExpired => "policy/waiver-expired",
    PolicyWaiverUnused => "policy/waiver-unused",
    PlanIdle => "plan/idle",
    PlanUnverified => "plan/unverified",
    PlanUnproven => "plan/unproven",
    PlanRefusedSecret => "plan/refused-secret",
    FulfilNotOpen => "fulfil/not-open",
    FulfilMalformed => "fulfil/malformed",
    PlanOffline => "plan/offline",
    TrustBase => "trust/base",
    TrustBehind => "trust/behind",
    TrustCredential => "trust/credential",
    TrustHandEdit => "trust/hand-edit",
    TrustLessWatched => "trust/less-watched",
    TrustNewAccount => "trust/new-account",
    TrustOwner => "trust/owner",
    GrantNotGiven => "grant/not-given",
    GrantRefused => "grant/refused",
    GrantLost => "grant/lost",
    GrantDiscovery => "grant/discovery",
    GrantUnreadable => "grant/unreadable",
    GrantDiffers => "grant/differs",
    GrantInterrupted => "grant/interrupted",
    DeliverPending => "deliver/pending",
    DeliverFailed => "deliver/failed",
    DeliverTaken => "deliver/taken",
    DeliverUnverified => "deliver/unverified",
    DeliverUnobserved => "deliver/unobserved",
    DeliverNotOpen => "deliver/not-open",
    ApplyLocked => "apply/locked",
    ApplyNotConfirmed => "apply/not-confirmed",
    ApplyNotDurable => "apply/not-durable",
    ApplyWriteFailed => "apply/write-failed",
    ApplyJournal => "apply/journal",
    ApplyInterrupted => "apply/interrupted",
    ApplyUncommitted => "apply/uncommitted",
    ApplyGit => "apply/git",
    ApplyNotPushed => "apply/not-pushed",
    ApplyRescued => "apply/rescued",
    ImportUnknownId => "import/unknown-id",
    ImportOwnKey => "import/own-key",
    ImportCannotExtend => "import/cannot-extend",
    ImportNotAdoptable => "import/not-adoptable",
    ImportUncommitted => "import/uncommitted",
    ImportUnfinished => "import/unfinished",
    ReviewNotIssued => "review/not-issued",
    ReviewChanged => "review/changed",
    ReviewNobody => "review/nobody",
    CommentBody => "comment/body",
    CommentToken => "comment/token",
    CommentRefused => "comment/refused",
    CommentUnanswered => "comment/unanswered",
    CommentStale => "comment/stale",
    KeyringStore => "keyring/store",
    CommandUsage => "command/usage",
    InternalUnexpected => "internal/unexpected",
}

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a diagnostic code")]
pub struct UnknownCode(String);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        found.ok_or_else(|| UnknownCode(text.escape_debug().to_string()))
    }
}

as_text!(Code, "Code", "^[a-z]+/[a-z0-9-]+$", "The stable code of a diagnostic; `keywright explain CODE` has its page.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_kebab() {
        let form = regex::Regex::new("^[a-z]+/[a-z0-9]+(-[a-z0-9]+)*$").expect("a regular expression");
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(form.is_match(code.as_str()), "{code}");
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }

    /// Codes are for ever: a line may be added here, never changed or removed.
    #[test]
    fn no_code_is_lost_or_renamed() {
        let list: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        insta::assert_snapshot!(list.join("\n"));
    }

    #[test]
    fn every_code_has_a_page_that_helps() {
        for code in Code::ALL {
            let page = code.page();
            let lines = page.lines().count();
            assert!(page.starts_with(&format!("# {code}\n\n")) && page.ends_with('\n'), "{code}: begins with its code");
            assert!(page.split("\n\n").count() >= 4, "{code}: a title and three paragraphs or more");
            assert!((8..=25).contains(&lines), "{code}: {lines} lines");
            assert!(page.lines().all(|line| line.chars().count() <= 160), "{code}: a line is too long");
            assert_eq!(page.matches("```").count() % 2, 0, "{code}: an example is not closed");
        }
    }
}
