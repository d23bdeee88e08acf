//! Words of a line: what is between spaces, or between quotation marks; commas part them, and a `#` ends them.

use std::iter::Peekable;
use std::str::Chars;

use super::super::name::shown;
use super::SeatMapProblem;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether it stood in quotation marks, and so means nothing but itself.
    pub(super) is_quoted: bool,
}

impl Word {
    pub(super) fn quoted(text: &str) -> Self {
        Self { text: text.to_owned(), is_quoted: true }
    }

    /// Whether it is this word of the text form.
    pub(super) fn is(&self, keyword: &str) -> bool {
        !self.is_quoted && self.text == keyword
    }

    /// As said again in a complaint.
    pub(super) fn shown(&self) -> String {
        format!("`{}`", shown(&self.text))
    }
}

/// The words of a line, parted at its commas; none, where the line is empty or a comment.
pub(super) fn parts(line: &str) -> Result<Vec<Vec<Word>>, SeatMapProblem> {
    let mut parts = vec![Vec::new()];
    let mut rest = line.chars().peekable();
    while let Some(next) = rest.next_if(|next| *next != '#') {
        let word = match next {
            ',' => {
                parts.push(Vec::new());
                continue;
            }
            '"' => Word { text: quoted(&mut rest)?, is_quoted: true },
            space if space.is_whitespace() => continue,
            first => Word { text: plain(first, &mut rest), is_quoted: false },
        };
        if let Some(part) = parts.last_mut() {
            part.push(word);
        }
    }
    if parts.iter().all(Vec::is_empty) && parts.len() == 1 { Ok(Vec::new()) } else { Ok(parts) }
}

/// What stands up to the closing quotation mark; two of them stand for one.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, SeatMapProblem> {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        if next != '"' || rest.next_if_eq(&'"').is_some() {
            text.push(next);
        } else {
            return Ok(text);
        }
    }
    Err(super::expected("a quotation mark that closes the name", None))
}

fn plain(first: char, rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::from(first);
    while let Some(next) = rest.next_if(|next| is_plain(*next)) {
        text.push(next);
    }
    text
}

/// Whether a character may be in a word without quotation marks.
pub(super) fn is_plain(character: char) -> bool {
    !character.is_whitespace() && !matches!(character, ',' | '"' | '#')
}
