//! Where a workspace lies in its repository: what a plan does not know, and places in reports need.

/// Where a workspace lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Below the root of the repository, with `/`; empty: it is the root.
    pub below: String,
}

impl Setting {
    /// A workspace at this path below the root of its repository.
    pub fn new(below: &str) -> Self {
        Self { below: below.trim_matches('/').to_owned() }
    }

    /// A file of the workspace, by its path below the repository's root.
    pub fn path(&self, file: &str) -> String {
        if self.below.is_empty() { file.to_owned() } else { format!("{}/{file}", self.below) }
    }

    /// What the workspace is called, as every run calls it; `.` at the root.
    pub fn workspace(&self) -> &str {
        if self.below.is_empty() { "." } else { &self.below }
    }
}
