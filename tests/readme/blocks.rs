//! The parts of a Markdown page that tests use: fenced blocks and rows of tables.

/// A fenced block.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// Of the opening fence, from 1.
    pub line: usize,
    pub language: String,
    /// Without a line feed at its end.
    pub text: String,
}

/// All fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { line: number + 1, language: language.to_owned(), text: String::new() }),
            (Some(_), Some(_)) => all.extend(open.take().map(|block| Block { text: block.text.trim_end().to_owned(), ..block })),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block is not closed");
    all
}

/// The cells of the table whose first heading is this, row by row, without the headings.
pub fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inside = line.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{1}");
        inside.split('|').map(|cell| cell.trim().replace('\u{1}', "\\|")).collect()
    };
    let mut lines = page.lines().skip_while(|line| !(line.starts_with('|') && cells(line)[0] == heading));
    assert!(lines.next().is_some(), "there is no table of `{heading}`");
    lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
}

#[test]
fn blocks_and_rows_are_found() {
    let page = "a\n```sh\nb\nc\n```\n| x | y |\n|---|---|\n| 1 | `p\\|q` |\n| 2 | z |\n\n| 3 | no |\n";
    assert_eq!(blocks(page), [Block { line: 2, language: "sh".into(), text: "b\nc".into() }]);
    assert_eq!(rows(page, "x"), [["1", "`p\\|q`"], ["2", "z"]]);
}
