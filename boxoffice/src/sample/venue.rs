//! The buildings of the sample and their halls.

use domain::venue::{Hall, Venue};

use super::seat_map::{Row, seats_of};
use super::{AUDITORIUM, CINEMA, CINEMAS, LARGE_HALL, SMALL_HALL, THEATRE, THEATRE_COMPANY, category};

pub(super) fn venues() -> Vec<Venue> {
    vec![
        Venue {
            id: CINEMA,
            partner_id: CINEMAS,
            name: "Donaulicht am Kanal".to_owned(),
            address: "Laternengasse 7".to_owned(),
            city: "Vienna".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        },
        Venue {
            id: THEATRE,
            partner_id: THEATRE_COMPANY,
            name: "The Lantern Theatre".to_owned(),
            address: "14 Lantern Row".to_owned(),
            city: "London".to_owned(),
            country: "GB".to_owned(),
            time_zone: "Europe/London".to_owned(),
        },
    ]
}

/// Twelve straight rows between two aisles: places for wheelchairs in front, wider and dearer seats in the last three.
pub(super) fn large_hall() -> Hall {
    let (standard, premium) = (category("standard"), category("premium"));
    let row = |(label, y): (char, f64)| match label {
        'A' => Row { blocks: &[3, 10, 3], accessible_ends: 2, ..straight(label, y, &standard) },
        'B'..='I' => Row { blocks: &[4, 10, 4], ..straight(label, y, &standard) },
        _ => Row { blocks: &[3, 8, 3], pitch: 1.25, ..straight(label, y + 1.0, &premium) },
    };
    let rows: Vec<Row<'_>> = lettered('A'..='L', 0.0).map(row).collect();
    Hall { id: LARGE_HALL, venue_id: CINEMA, name: "Saal 1".to_owned(), seats: seats_of(LARGE_HALL, &rows) }
}

/// Eight straight rows on both sides of one aisle.
pub(super) fn small_hall() -> Hall {
    let (standard, premium) = (category("standard"), category("premium"));
    let row = |(label, y): (char, f64)| match label {
        'A' => Row { blocks: &[5, 5], accessible_ends: 1, ..straight(label, y, &standard) },
        'B'..='F' => Row { blocks: &[6, 6], ..straight(label, y, &standard) },
        _ => Row { blocks: &[5, 5], pitch: 1.25, ..straight(label, y + 0.5, &premium) },
    };
    let rows: Vec<Row<'_>> = lettered('A'..='H', 0.0).map(row).collect();
    Hall { id: SMALL_HALL, venue_id: CINEMA, name: "Saal 2".to_owned(), seats: seats_of(SMALL_HALL, &rows) }
}

/// Stalls, circle and balcony, one behind the other on the map, each bent around the stage. Wheelchairs have their
/// places at the ends of the last row of the stalls, where the floor is level.
pub(super) fn auditorium() -> Hall {
    let (standard, premium) = (category("standard"), category("premium"));
    let (circle, balcony) = (category("circle"), category("balcony"));
    let stalls = lettered('A'..='M', 0.0).map(|(label, y)| {
        let stalls = Row { section: "stalls", bend: 0.8, ..straight(label, y, &standard) };
        match label {
            'A'..='C' => Row { blocks: &[5, 10, 5], ..stalls },
            'D'..='H' => Row { blocks: &[6, 12, 6], category: &premium, ..stalls },
            'M' => Row { blocks: &[7, 10, 7], accessible_ends: 2, ..stalls },
            _ => Row { blocks: &[7, 12, 7], ..stalls },
        }
    });
    let upstairs = |section, category, blocks, bend| {
        move |(label, y)| Row { section, bend, blocks, ..straight(label, y, category) }
    };
    let circle = lettered('A'..='F', 15.0).map(upstairs("circle", &circle, &[8, 10, 8], 1.0));
    let balcony = lettered('A'..='D', 23.0).map(upstairs("balcony", &balcony, &[6, 8, 8, 6], 1.2));
    let rows: Vec<Row<'_>> = stalls.chain(circle).chain(balcony).collect();
    Hall { id: AUDITORIUM, venue_id: THEATRE, name: "Auditorium".to_owned(), seats: seats_of(AUDITORIUM, &rows) }
}

fn straight(label: char, y: f64, category: &domain::seat::SeatCategory) -> Row<'_> {
    Row { section: "stalls", label, blocks: &[], pitch: 1.0, category, accessible_ends: 0, y, bend: 0.0 }
}

/// Rows by their letters, one behind the other, the first one at `front`.
fn lettered(letters: std::ops::RangeInclusive<char>, front: f64) -> impl Iterator<Item = (char, f64)> {
    letters.zip(0_u32..).map(move |(letter, index)| (letter, front + f64::from(index)))
}
