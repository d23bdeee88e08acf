//! Whether a drawing is a seat map: walks all of it, and says everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    FaultPlace, Row, RowDrawing, RowSeat, SeatDrawing, SeatMapDrawing, SeatMapFaults, SeatMapPath, SeatMapProblem,
    Section, SectionDrawing, SectionSeats, layout,
    name::{is_name, shown},
};
use crate::limits::{ROWS_PER_HALL, SEAT_MAP_EDGE, SEATS_PER_HALL, SEATS_PER_ROW, SECTIONS_PER_HALL};
use crate::position::Position;
use crate::seat::SeatCategory;

/// The sections that a drawing stands for, or everything that is wrong with it.
pub(super) fn check(drawing: &SeatMapDrawing) -> Result<Vec<Section>, SeatMapFaults> {
    let mut check = Check { faults: SeatMapFaults::none(), drawn: BTreeMap::new() };
    check.sizes(drawing);
    let mut names = BTreeSet::new();
    let mut sections = Vec::with_capacity(drawing.sections.len());
    for (index, section) in drawing.sections.iter().enumerate() {
        let at = SeatMapPath::section(index);
        if !names.insert(&section.name) {
            check.say(at.field("name"), SeatMapProblem::SectionTwice { name: shown(&section.name) });
        }
        sections.extend(check.section(at, section));
    }
    // Only what is right so far can be laid out.
    let Check { faults, drawn } = check;
    let mut check = Check { drawn: faults.or(drawn)?, faults: SeatMapFaults::none() };
    check.laid_out(&sections);
    check.faults.or(sections)
}

/// What has been seen of a drawing.
struct Check<'a> {
    faults: SeatMapFaults,
    /// Who stands where of the seats that have places of their own.
    drawn: BTreeMap<Position, Drawn<'a>>,
}

/// A seat with a place of its own.
struct Drawn<'a> {
    path: SeatMapPath,
    section: &'a str,
    row: &'a str,
    number: &'a str,
}

/// What its surroundings say about a seat.
struct Surroundings<'a, 'c> {
    section: &'a str,
    row: &'a str,
    category: Option<&'c SeatCategory>,
}

impl Drawn<'_> {
    fn label(&self) -> String {
        format!("{} {}{}", shown(self.section), shown(self.row), shown(self.number))
    }
}

impl<'a> Check<'a> {
    fn say(&mut self, at: SeatMapPath, problem: SeatMapProblem) {
        self.faults.add(FaultPlace::Path(at), problem);
    }

    /// Whether the hall as a whole is small enough, and not empty.
    fn sizes(&mut self, drawing: &SeatMapDrawing) {
        let all = SeatMapPath::default();
        let rows = || drawing.sections.iter().flat_map(|section| section.rows.iter().flatten());
        let in_rows: usize = rows().map(|row| row.seats.len()).sum();
        let by_count = drawing.sections.iter().filter_map(|section| section.places);
        let places: usize =
            by_count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)).fold(0, usize::saturating_add);
        match drawing.sections.len() {
            0 => self.say(all, SeatMapProblem::NoSections),
            1..=SECTIONS_PER_HALL => {}
            count => self.say(all, SeatMapProblem::TooManySections { count }),
        }
        if rows().count() > ROWS_PER_HALL {
            self.say(all, SeatMapProblem::TooManyRows);
        }
        if in_rows.saturating_add(places) > SEATS_PER_HALL {
            self.say(all, SeatMapProblem::TooManySeats);
        }
    }

    fn section(&mut self, at: SeatMapPath, drawing: &'a SectionDrawing) -> Option<Section> {
        self.name(at.field("name"), &drawing.name);
        let category = match &drawing.category {
            None => Some(SeatCategory::standard()),
            Some(text) => self.category(at, text),
        };
        let seats = match (&drawing.rows, drawing.places) {
            (Some(_), Some(_)) => {
                self.say(at, SeatMapProblem::RowsAndPlaces { section: shown(&drawing.name) });
                return None;
            }
            (None, None) => {
                self.say(at, SeatMapProblem::NeitherRowsNorPlaces { section: shown(&drawing.name) });
                return None;
            }
            (None, Some(count)) => self.places(at, count, category)?,
            (Some(rows), None) => SectionSeats::Rows(self.rows(at, &drawing.name, rows, category.as_ref())),
        };
        Some(Section { name: drawing.name.clone(), seats })
    }

    fn places(&mut self, at: SeatMapPath, count: u32, category: Option<SeatCategory>) -> Option<SectionSeats> {
        if !usize::try_from(count).is_ok_and(|count| (1..=SEATS_PER_HALL).contains(&count)) {
            self.say(at.field("places"), SeatMapProblem::PlaceCount { count });
        }
        Some(SectionSeats::Places { count, category: category? })
    }

    /// The rows that have no fault; with faults nothing comes of the others either.
    fn rows(
        &mut self,
        at: SeatMapPath,
        section: &'a str,
        drawings: &'a [RowDrawing],
        category: Option<&SeatCategory>,
    ) -> Vec<Row> {
        if drawings.is_empty() {
            self.say(at.field("rows"), SeatMapProblem::NeitherRowsNorPlaces { section: shown(section) });
        }
        let mut names = BTreeSet::new();
        let mut rows = Vec::with_capacity(drawings.len());
        for (index, drawing) in drawings.iter().enumerate() {
            let at = at.row(index);
            if !names.insert(&drawing.row) {
                let (row, section) = (shown(&drawing.row), shown(section));
                self.say(at.field("row"), SeatMapProblem::RowTwice { row, section });
            }
            let seats = self.row(at, section, drawing, category);
            rows.push(Row { name: drawing.row.clone(), seats });
        }
        self.all_or_none_drawn(at, section, drawings);
        rows
    }

    fn row(
        &mut self,
        at: SeatMapPath,
        section: &'a str,
        drawing: &'a RowDrawing,
        of_section: Option<&SeatCategory>,
    ) -> Vec<RowSeat> {
        let row = &drawing.row;
        self.name(at.field("row"), row);
        match drawing.seats.len() {
            0 => self.say(at.field("seats"), SeatMapProblem::NoSeats { row: shown(row) }),
            1..=SEATS_PER_ROW => {}
            count => self.say(at.field("seats"), SeatMapProblem::TooManySeatsInRow { row: shown(row), count }),
        }
        let of_row = drawing.category.as_ref().map(|text| self.category(at, text));
        let around = Surroundings { section, row, category: of_row.as_ref().map_or(of_section, Option::as_ref) };
        let gaps = self.gaps(at, drawing);
        let mut numbers = BTreeSet::new();
        let mut seats = Vec::with_capacity(drawing.seats.len());
        for (index, seat) in drawing.seats.iter().enumerate() {
            let at = at.seat(index);
            if !numbers.insert(&seat.number) {
                let (number, row) = (shown(&seat.number), shown(row));
                self.say(at.field("number"), SeatMapProblem::NumberTwice { number, row });
            }
            seats.extend(self.seat(at, &around, seat, gaps.contains(seat.number.as_str())));
        }
        seats
    }

    /// The numbers of the seats that an aisle comes after.
    fn gaps(&mut self, at: SeatMapPath, drawing: &'a RowDrawing) -> BTreeSet<&'a str> {
        let mut gaps = BTreeSet::new();
        if drawing.gaps.is_empty() {
            return gaps;
        }
        if drawing.seats.iter().any(is_drawn) {
            self.say(at.field("gaps"), SeatMapProblem::GapInDrawnRow { row: shown(&drawing.row) });
        }
        let numbers: BTreeSet<&str> = drawing.seats.iter().map(|seat| seat.number.as_str()).collect();
        let last = drawing.seats.last().map(|seat| seat.number.as_str());
        for (index, gap) in drawing.gaps.iter().enumerate() {
            let (number, row) = (shown(gap), shown(&drawing.row));
            if !numbers.contains(gap.as_str()) {
                self.say(at.gap(index), SeatMapProblem::GapAfterNoSeat { number, row });
            } else if last == Some(gap) {
                self.say(at.gap(index), SeatMapProblem::GapAtEnd { number, row });
            } else if !gaps.insert(gap.as_str()) {
                self.say(at.gap(index), SeatMapProblem::GapTwice { number });
            }
        }
        gaps
    }

    fn seat(
        &mut self,
        at: SeatMapPath,
        around: &Surroundings<'a, '_>,
        drawing: &'a SeatDrawing,
        gap_after: bool,
    ) -> Option<RowSeat> {
        self.name(at.field("number"), &drawing.number);
        let own = drawing.category.as_ref().map(|text| self.category(at, text));
        let own_place = self.own_place(at, around, drawing);
        Some(RowSeat {
            number: drawing.number.clone(),
            category: own.unwrap_or_else(|| around.category.cloned())?,
            accessible: drawing.accessible,
            gap_after,
            own_place,
        })
    }

    fn own_place(
        &mut self,
        at: SeatMapPath,
        around: &Surroundings<'a, '_>,
        drawing: &'a SeatDrawing,
    ) -> Option<(f64, f64)> {
        for (field, value) in [("x", drawing.x), ("y", drawing.y)] {
            if let Some(value) = value.filter(|value| !(0.0..=f64::from(SEAT_MAP_EDGE)).contains(value)) {
                self.say(at.field(field), SeatMapProblem::OffTheMap { value });
            }
        }
        let (x, y) = match (drawing.x, drawing.y) {
            (None, None) => return None,
            (Some(x), Some(y)) => (x, y),
            (None, Some(_)) | (Some(_), None) => {
                let missing = if drawing.x.is_none() { "x" } else { "y" };
                self.say(at, SeatMapProblem::HalfAPlace { number: shown(&drawing.number), missing });
                return None;
            }
        };
        let drawn = Drawn { path: at, section: around.section, row: around.row, number: &drawing.number };
        self.stand(Position::of(x, y), drawn);
        Some((x, y))
    }

    /// Whether nobody stands where a seat with a place of its own stands.
    fn stand(&mut self, position: Position, drawn: Drawn<'a>) {
        match self.drawn.get(&position).map(Drawn::label) {
            Some(other) => self.say(drawn.path, SeatMapProblem::SamePlace { other }),
            None => drop(self.drawn.insert(position, drawn)),
        }
    }

    fn all_or_none_drawn(&mut self, at: SeatMapPath, section: &str, rows: &[RowDrawing]) {
        let seats = || {
            let rows = rows.iter().enumerate();
            rows.flat_map(|(row, drawing)| drawing.seats.iter().enumerate().map(move |(seat, it)| (row, seat, it)))
        };
        let mut without = seats().filter(|(_, _, seat)| !is_drawn(seat));
        let first = without.next();
        if let Some((row, seat, _)) = first.filter(|_| seats().any(|(_, _, seat)| is_drawn(seat))) {
            let without = without.count() + 1;
            self.say(at.row(row).seat(seat), SeatMapProblem::PartlyDrawn { section: shown(section), without });
        }
    }

    /// Whether the sections that were laid out have found room beside those that the partner has drawn.
    fn laid_out(&mut self, sections: &[Section]) {
        let edge = f64::from(SEAT_MAP_EDGE);
        for (index, (section, places)) in sections.iter().zip(layout::places(sections)).enumerate() {
            if section.is_drawn() {
                continue;
            }
            if places.iter().any(|(x, y)| *x > edge || *y > edge) {
                self.say(SeatMapPath::section(index), SeatMapProblem::NoRoom { section: section.name.clone() });
            }
            for (seat, (x, y)) in section.named_seats().zip(places) {
                let Some(drawn) = self.drawn.get(&Position::of(x, y)) else { continue };
                let other = format!("{} {}{}", section.name, seat.row, seat.number);
                self.say(drawn.path, SeatMapProblem::SamePlace { other });
            }
        }
    }

    fn name(&mut self, at: SeatMapPath, text: &str) {
        if !is_name(text) {
            self.say(at, SeatMapProblem::Name { text: shown(text) });
        }
    }

    fn category(&mut self, at: SeatMapPath, text: &str) -> Option<SeatCategory> {
        match SeatCategory::parse(text) {
            Ok(category) => Some(category),
            Err(fault) => {
                self.say(at.field("category"), fault.into());
                None
            }
        }
    }
}

fn is_drawn(seat: &SeatDrawing) -> bool {
    seat.x.is_some() || seat.y.is_some()
}
