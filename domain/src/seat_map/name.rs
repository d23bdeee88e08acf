//! Names of sections, rows and seats: what a ticket says, so that nobody is sent to a seat that looks like another.

use crate::limits::SEAT_NAME_CHARACTERS;

/// How much of a name is said again in a complaint, in characters: all of those that are none too long.
const SHOWN_CHARACTERS: usize = 3 * SEAT_NAME_CHARACTERS;

/// A name as it is said again in a complaint: not too much of it, and what cannot be seen by its number.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARACTERS) {
        if is_printable(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    shown
}

/// Whether a text may name a section, row or seat.
pub(super) fn is_name(text: &str) -> bool {
    let length = text.chars().take(SEAT_NAME_CHARACTERS + 1).count();
    (1..=SEAT_NAME_CHARACTERS).contains(&length) && text.trim() == text && text.chars().all(is_printable)
}

/// Whether a character of a name can be seen on a ticket. Beside control characters and spaces other than the usual one,
/// those are refused that nobody sees and that make one name look like another: soft hyphen, zero width, direction.
fn is_printable(character: char) -> bool {
    let is_hidden = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let is_other_space = character.is_whitespace() && character != ' ';
    !(character.is_control() || is_other_space || is_hidden)
}
