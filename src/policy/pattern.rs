//! Patterns of paths. Matching takes time in proportion to the product of the two lengths, whatever the pattern.
use crate::model::matches;

/// Whether a pattern matches a path: `*` and `?` stay within a name, `**` stands for any directories, and the name of a directory for all below it.
pub(super) fn matches_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    // Whether the first parts of the pattern match the first parts of the path.
    let mut row = vec![false; path.len() + 1];
    row[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        if part == "**" {
            let mut reached = false;
            for (at, was) in row.iter().enumerate() {
                reached |= *was;
                next[at] = reached;
            }
        } else {
            for at in 0..path.len() {
                next[at + 1] = row[at] && matches(part, path[at]);
            }
        }
        row = next;
    }
    // What matches a beginning of the path is a directory above the file, or the file.
    row.into_iter().skip(1).any(|matched| matched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_files_and_directories() {
        for (pattern, path, expected) in [
            ("keys/prod/*.yaml", "keys/prod/a.yaml", true),
            ("keys/prod/*.yaml", "keys/prod/eu/a.yaml", false),
            ("keys/prod/**", "keys/prod/eu/a.yaml", true),
            ("keys/**/a.yaml", "keys/a.yaml", true),
            ("keys/**/a.yaml", "keys/x/y/a.yaml", true),
            ("keys/prod", "keys/prod/eu/a.yaml", true),
            ("keys/prod/", "keys/prod/a.yaml", true),
            ("keys/prod", "keys/production/a.yaml", false),
            ("**", "keys/a.yaml", true),
            ("keys/a.yaml", "keys/a.yaml", true),
            ("keys/a.yaml/b", "keys/a.yaml", false),
            ("", "keys/a.yaml", false),
            ("*/a.y?ml", "keys/a.yaml", true),
        ] {
            assert_eq!(matches_path(pattern, path), expected, "{pattern} {path}");
        }
    }
}
