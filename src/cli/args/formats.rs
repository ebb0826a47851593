//! The words of `-o`: which forms a result can have, and where it goes.
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

/// An output format of a result that has only two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    #[default]
    Text,
    Json,
}

/// An output format of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    #[default]
    Text,
    Json,
    /// A pull-request comment
    Markdown,
    /// One self-contained file
    Html,
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Counts for GitLab's Terraform widget
    Gitlab,
    /// GitLab's code quality report
    Codequality,
}

/// An output format of diagnostics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    #[default]
    Text,
    Json,
    Sarif,
    Github,
    Codequality,
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<F = OutputFormat> {
    pub format: F,
    /// Absent: standard output.
    pub file: Option<PathBuf>,
}

impl<F: ValueEnum> FromStr for Output<F> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("name a file after `=`".to_owned()),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = F::from_str(format, true).map_err(|_| {
            let known: Vec<_> = F::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let known: Vec<&str> = known.iter().map(|value| value.get_name()).collect();
            let (last, others) = known.split_last().expect("there are formats");
            format!("`{format}` is no output format: use {} or {last}", others.join(", "))
        })?;
        Ok(Self { format, file })
    }
}
