//! What can be wrong with a file before anyone reads its words.
use std::io;
use std::sync::Arc;

use super::{Code, Diagnostic, Place};

/// A symbolic link where the workspace has a file or directory.
pub fn symlink(file: &Arc<str>) -> Diagnostic {
    Diagnostic::error(Code::WorkspaceSymlink, format!("`{file}` is a symbolic link"))
        .at(Place::File(file.clone()))
        .help("replace it by the file or directory itself: links are never followed")
}

/// A file or directory that cannot be read, or is too large.
pub fn unreadable(file: &Arc<str>, error: &io::Error) -> Diagnostic {
    let diagnostic = if error.kind() == io::ErrorKind::FileTooLarge {
        Diagnostic::error(Code::YamlTooLarge, format!("`{file}` is {error}")).help("split it into several files")
    } else {
        Diagnostic::error(Code::WorkspaceUnreadable, format!("cannot read `{file}`: {error}")).help("check its permissions and its name")
    };
    diagnostic.at(Place::File(file.clone()))
}

/// A file that nothing reads although it looks as if something should.
pub fn unexpected(file: &Arc<str>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(Code::WorkspaceUnexpectedFile, format!("`{file}` is not read by anything")).at(Place::File(file.clone())).help(help)
}

/// A YAML file with the other extension.
pub fn misnamed(file: &Arc<str>) -> Diagnostic {
    let stem = file.rsplit_once('.').map_or(&**file, |(stem, _)| stem);
    unexpected(file, format!("rename it to `{stem}.yaml`"))
}
