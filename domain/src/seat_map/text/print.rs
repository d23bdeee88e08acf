//! Writing the text form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::is_plain;
use super::{ACCESSIBLE, CATEGORY, GAP, PLACES, RowDrawing, SECTION, SeatMapDrawing, SectionDrawing, numbers};

/// The text that reads as `drawing`, whose seats have no places of their own.
pub(in super::super) fn print(drawing: &SeatMapDrawing) -> String {
    let mut text = String::new();
    for section in &drawing.sections {
        // An empty line between two sections.
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&section_line(section));
        for row in section.rows.iter().flatten() {
            text.push_str(&row_line(row));
        }
    }
    text
}

fn section_line(section: &SectionDrawing) -> String {
    let mut line = format!("{SECTION} {}", name_word(&section.name));
    if let Some(count) = section.places {
        write!(line, ", {count} {PLACES}").unwrap_or_default();
    }
    if let Some(category) = &section.category {
        write!(line, ", {CATEGORY} {category}").unwrap_or_default();
    }
    line + "\n"
}

fn row_line(row: &RowDrawing) -> String {
    let numbers: Vec<&str> = row.seats.iter().map(|seat| seat.number.as_str()).collect();
    let mut line = format!("{} {}", name_word(&row.row), numbers::write(&numbers));
    if let Some(category) = &row.category {
        write!(line, ", {}", category_word(category)).unwrap_or_default();
    }
    let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for seat in &row.seats {
        if let Some(category) = &seat.category {
            others.entry(category).or_default().push(&seat.number);
        }
    }
    for (category, seats) in others {
        write!(line, ", {} {}", category_word(category), numbers::write(&seats)).unwrap_or_default();
    }
    let gaps: Vec<&str> = row.gaps.iter().map(String::as_str).collect();
    let accessible = row.seats.iter().filter(|seat| seat.accessible).map(|seat| seat.number.as_str()).collect();
    for (word, seats) in [(GAP, gaps), (ACCESSIBLE, accessible)] {
        if !seats.is_empty() {
            write!(line, ", {word} {}", numbers::write(&seats)).unwrap_or_default();
        }
    }
    line + "\n"
}

/// The name of a section or row; in quotation marks, where it would be read otherwise.
fn name_word(name: &str) -> String {
    let reads_itself = !name.is_empty() && name.chars().all(is_plain) && name != SECTION;
    if reads_itself { name.to_owned() } else { numbers::quote(name) }
}

/// A category, with a word in front of one that would be read otherwise.
fn category_word(category: &str) -> String {
    if [GAP, ACCESSIBLE, CATEGORY].contains(&category) { format!("{CATEGORY} {category}") } else { category.to_owned() }
}
