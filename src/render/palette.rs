//! Which colour means what. Text stays readable without any.
use anstyle::{AnsiColor, Effects};

use crate::model::Risk;

/// How text is laid out for its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are written.
    pub colour: bool,
    /// Of the terminal, in columns.
    pub width: usize,
}

/// A meaning that has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Create,
    Change,
    Remove,
    Attention,
    Strong,
    Dim,
    Risk(Risk),
}

impl Style {
    /// No colour, 100 columns.
    pub const PLAIN: Self = Self::coloured(false);

    /// With or without colour, 100 columns.
    pub const fn coloured(colour: bool) -> Self {
        Self { colour, width: 100 }
    }

    /// The text in the colour of its meaning.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        let style = ink.style();
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

impl Ink {
    fn style(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        let colour = |colour: AnsiColor| plain.fg_color(Some(colour.into()));
        match self {
            Self::Create => colour(AnsiColor::Green),
            Self::Change => colour(AnsiColor::Yellow),
            Self::Remove => colour(AnsiColor::Red),
            Self::Attention => colour(AnsiColor::Magenta),
            Self::Strong => plain.effects(Effects::BOLD),
            Self::Dim | Self::Risk(Risk::Low) => plain.effects(Effects::DIMMED),
            Self::Risk(Risk::Medium) => colour(AnsiColor::Yellow),
            Self::Risk(Risk::High) => colour(AnsiColor::Red),
            Self::Risk(Risk::Critical) => colour(AnsiColor::Red).effects(Effects::BOLD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_the_callers_choice() {
        assert_eq!(Style::PLAIN.paint(Ink::Create, "+"), "+");
        assert_eq!(Style { colour: true, ..Style::PLAIN }.paint(Ink::Create, "+"), "\u{1b}[32m+\u{1b}[0m");
    }
}
