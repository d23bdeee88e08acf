//! The text form of a seat map: a line per section and row, for people to write and to read. What it says is only
//! checked for being a seat map once it is a drawing.

mod numbers;
mod print;
mod words;

use std::collections::BTreeMap;

use super::{
    FaultPlace, RowDrawing, SeatDrawing, SeatMapDrawing, SeatMapFaults, SeatMapPath, SeatMapProblem, SectionDrawing,
};
use crate::limits::SEATS_PER_HALL;
use words::Word;

pub(super) use print::print;

/// What begins a section instead of a row.
const SECTION: &str = "section";
/// What says how many places of general admission a section has.
const PLACES: &str = "places";
/// What says after which seats there is an aisle.
const GAP: &str = "gap";
/// What says which seats are places for wheelchairs.
const ACCESSIBLE: &str = "accessible";
/// What may be said in front of a category, and must be in front of one that is called like one of these words.
const CATEGORY: &str = "category";

/// A drawing, and the lines that it came from.
#[derive(Default)]
pub(super) struct DrawnText {
    pub(super) drawing: SeatMapDrawing,
    lines: Vec<SectionLines>,
}

/// The lines of a section and of its rows, counted from 1.
struct SectionLines {
    section: usize,
    rows: Vec<usize>,
}

impl DrawnText {
    /// The line of something in the drawing: of its row, else of its section, else the first.
    pub(super) fn line_of(&self, path: SeatMapPath) -> usize {
        let section = path.section.and_then(|index| self.lines.get(index));
        let row = section.zip(path.row).and_then(|(section, index)| section.rows.get(index).copied());
        row.or(section.map(|section| section.section)).unwrap_or(1)
    }
}

/// Reads all lines, and says of each that cannot be read why.
pub(super) fn parse(text: &str) -> Result<DrawnText, SeatMapFaults> {
    let mut drawn = DrawnText::default();
    let mut faults = SeatMapFaults::none();
    let mut seats = 0_usize;
    // Some editors begin a file with a mark that nobody sees.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        match drawn.read(number, line) {
            Ok(read) => seats += read,
            Err(problem) => faults.add(FaultPlace::Line(number), problem),
        }
        // A short line may stand for a thousand seats, so a text that is too much is not read to its end.
        if seats > SEATS_PER_HALL {
            faults.add(FaultPlace::Line(number), SeatMapProblem::TooManySeats);
            break;
        }
    }
    faults.or(drawn)
}

impl DrawnText {
    /// Reads a line; answers how many seats it draws.
    fn read(&mut self, number: usize, line: &str) -> Result<usize, SeatMapProblem> {
        let parts = words::parts(line)?;
        let Some((first, attributes)) = parts.split_first() else { return Ok(0) };
        if first.first().is_some_and(|word| word.is(SECTION)) {
            let section = section(first, attributes);
            self.lines.push(SectionLines { section: number, rows: Vec::new() });
            // A section that cannot be read is one all the same, so that its rows are not complained about.
            self.drawing.sections.push(section.clone().unwrap_or_default());
            return section.map(|_| 0);
        }
        let row = row(first, attributes)?;
        let (Some(section), Some(lines)) = (self.drawing.sections.last_mut(), self.lines.last_mut()) else {
            return Err(expected("a line `section NAME` before the first row", first.first()));
        };
        let seats = row.seats.len();
        section.rows.get_or_insert_default().push(row);
        lines.rows.push(number);
        Ok(seats)
    }
}

fn section(first: &[Word], attributes: &[Vec<Word>]) -> Result<SectionDrawing, SeatMapProblem> {
    let [_, name] = first else {
        return Err(expected("one name after `section`; a name with spaces stands in quotation marks", first.get(2)));
    };
    let mut section = SectionDrawing { name: name.text.clone(), ..SectionDrawing::default() };
    for attribute in attributes {
        match attribute.as_slice() {
            [count, word] if word.is(PLACES) && section.places.is_none() => {
                let count = numbers::canonical(&count.text).ok_or_else(|| expected("a number of places", Some(count)));
                section.places = Some(count?);
            }
            [category] if section.category.is_none() => section.category = Some(category.text.clone()),
            [word, category] if word.is(CATEGORY) && section.category.is_none() => {
                section.category = Some(category.text.clone());
            }
            words => return Err(expected("`category NAME` or `500 places`, each once", words.first())),
        }
    }
    if section.places.is_none() {
        section.rows = Some(Vec::new());
    }
    Ok(section)
}

fn row(first: &[Word], attributes: &[Vec<Word>]) -> Result<RowDrawing, SeatMapProblem> {
    let Some((name, seats)) = first.split_first() else {
        return Err(expected("the name of a row and the numbers of its seats, such as `A 1-20`", None));
    };
    let numbers = numbers::read(seats)?;
    let places = numbers.iter().cloned().zip(0..).collect();
    let seats = numbers.into_iter().map(|number| SeatDrawing { number, ..SeatDrawing::default() }).collect();
    let row = RowDrawing { row: name.text.clone(), seats, ..RowDrawing::default() };
    let mut reading = RowReading { row, places, has_accessible: false };
    for attribute in attributes {
        reading.read(attribute)?;
    }
    Ok(reading.row)
}

/// A row of which the seats are known and the attributes are being read.
struct RowReading {
    row: RowDrawing,
    /// Which seat has which number.
    places: BTreeMap<String, usize>,
    has_accessible: bool,
}

impl RowReading {
    fn read(&mut self, words: &[Word]) -> Result<(), SeatMapProblem> {
        match words {
            [word, after @ ..] if word.is(GAP) => {
                if !self.row.gaps.is_empty() {
                    return Err(expected("one `gap` with all the seats that an aisle comes after", Some(word)));
                }
                self.row.gaps = numbers::read(after)?;
                Ok(())
            }
            [word, which @ ..] if word.is(ACCESSIBLE) => {
                if std::mem::replace(&mut self.has_accessible, true) {
                    return Err(expected("one `accessible` with all the seats", Some(word)));
                }
                self.each(which, |seat| {
                    seat.accessible = true;
                    true
                })
            }
            [word, category, which @ ..] if word.is(CATEGORY) => self.category(category, which),
            [category, which @ ..] if !category.is(CATEGORY) => self.category(category, which),
            words => Err(expected(
                "a category, `gap 10` or `accessible 1` after the comma",
                words.get(1).or_else(|| words.first()).filter(|word| !word.is(CATEGORY)),
            )),
        }
    }

    /// Gives the row or, where numbers follow, some of its seats a category.
    fn category(&mut self, category: &Word, which: &[Word]) -> Result<(), SeatMapProblem> {
        if which.is_empty() {
            return match self.row.category.replace(category.text.clone()) {
                None => Ok(()),
                Some(_) => {
                    Err(expected("one category for the row, or the numbers that this one is for", Some(category)))
                }
            };
        }
        self.each(which, |seat| seat.category.replace(category.text.clone()).is_none())
    }

    /// Does something to each of some seats, which answers whether it was the first time.
    fn each(&mut self, which: &[Word], mut act: impl FnMut(&mut SeatDrawing) -> bool) -> Result<(), SeatMapProblem> {
        for number in numbers::read(which)? {
            let seat = self.places.get(&number).and_then(|place| self.row.seats.get_mut(*place));
            let found = Word::quoted(&number);
            let Some(seat) = seat else { return Err(expected("the number of a seat of the row", Some(&found))) };
            if !act(seat) {
                return Err(expected("one category for each seat", Some(&found)));
            }
        }
        Ok(())
    }
}

/// That something else should stand where `found` stands, or at the end of the line.
fn expected(expected: &'static str, found: Option<&Word>) -> SeatMapProblem {
    let found = found.map_or_else(|| "the end of the line".to_owned(), Word::shown);
    SeatMapProblem::Unreadable { expected, found }
}
