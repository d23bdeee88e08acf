//! The sample catalogue of the embedded mode: two partners, three halls, and a show for each thing that can be tried.
//! Knows no database: it is a value, made around a moment.
//!
//! Every id is a constant or follows from constants, so that loading the catalogue on each start changes what is there
//! instead of adding to it. What moves are the times: they are counted from the day of `now`, so on each start the
//! shows are some days ahead again, and what was sold for them stays sold. Times are in UTC, since a machine may have
//! no time zones to look up.

mod event;
mod seat_map;
mod show;
mod venue;

use domain::ids::{EventId, HallId, PartnerId, ShowId, VenueId};
use domain::partner::Partner;
use domain::seat::SeatCategory;
use jiff::Timestamp;
use store::Catalogue;
use uuid::Uuid;

/// The cinemas in Vienna.
pub const CINEMAS: PartnerId = PartnerId::new(sample_uuid(0x9a, 1));
/// The theatre company in London.
pub const THEATRE_COMPANY: PartnerId = PartnerId::new(sample_uuid(0x9a, 2));

/// The cinema in Vienna.
pub const CINEMA: VenueId = VenueId::new(sample_uuid(0x7e, 1));
/// The theatre in London.
pub const THEATRE: VenueId = VenueId::new(sample_uuid(0x7e, 2));

/// The large hall of the cinema.
pub const LARGE_HALL: HallId = HallId::new(sample_uuid(0x4a, 1));
/// The small hall of the cinema.
pub const SMALL_HALL: HallId = HallId::new(sample_uuid(0x4a, 2));
/// The auditorium of the theatre.
pub const AUDITORIUM: HallId = HallId::new(sample_uuid(0x4a, 3));

/// A film.
pub const FILM: EventId = EventId::new(sample_uuid(0xe0, 1));
/// Another film.
pub const SECOND_FILM: EventId = EventId::new(sample_uuid(0xe0, 2));
/// A play.
pub const PLAY: EventId = EventId::new(sample_uuid(0xe0, 3));
/// A concert.
pub const CONCERT: EventId = EventId::new(sample_uuid(0xe0, 4));

/// The film in the large hall: an ordinary show.
pub const FILM_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 1));
/// The second film in the large hall, a day later.
pub const SECOND_FILM_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 2));
/// The play, in the evening.
pub const PLAY_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 3));
/// The play, in the afternoon and cheaper.
pub const MATINEE_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 4));
/// The concert.
pub const CONCERT_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 5));
/// Holds seats for [`SHORT_HOLD_SECONDS`] only, so that nobody has to wait long for a booking to expire.
pub const SHORT_HOLD_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 6));
/// Costs nothing: a booking is confirmed at once.
pub const FREE_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 7));
/// Its sales have not opened yet.
pub const NOT_YET_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 8));
/// Its sales have closed, while it is still to come.
pub const CLOSED_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 9));
/// It is over.
pub const OVER_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 10));
/// It was called off.
pub const CANCELLED_SHOW: ShowId = ShowId::new(sample_uuid(0x50, 11));

/// How long [`SHORT_HOLD_SHOW`] holds seats.
pub const SHORT_HOLD_SECONDS: i64 = 10;

/// The catalogue, its shows placed around the day of `now`.
pub fn catalogue(now: Timestamp) -> Catalogue {
    Catalogue {
        partners: partners(),
        venues: venue::venues(),
        halls: vec![venue::large_hall(), venue::small_hall(), venue::auditorium()],
        events: event::events(),
        shows: show::shows(now),
    }
}

fn partners() -> Vec<Partner> {
    vec![
        Partner { id: CINEMAS, name: "Donaulicht Kinos".to_owned() },
        Partner { id: THEATRE_COMPANY, name: "Lantern Theatre Company".to_owned() },
    ]
}

/// The `number`-th UUID of a kind, in the form of version 4. Everything of the sample starts with the same digits.
const fn sample_uuid(kind: u8, number: u8) -> Uuid {
    Uuid::from_u128(0x0b0f_f1ce_0000_4000_8000_0000_0000_0000 | (kind as u128) << 32 | number as u128)
}

fn category(name: &str) -> SeatCategory {
    SeatCategory::parse(name).expect("the sample names its categories as categories are named")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Display;

    use domain::money::{Currency, Percent};
    use domain::seat::Seat;
    use domain::show::NotOnSale;
    use domain::venue::Hall;
    use jiff::SignedDuration;

    use super::*;

    /// The first moment of a day, one within it, and the last.
    const MOMENTS: [&str; 3] = ["2026-03-29T00:00:00Z", "2026-03-29T13:37:11.5Z", "2026-03-29T23:59:59.999Z"];

    fn catalogues() -> impl Iterator<Item = (Timestamp, Catalogue)> {
        MOMENTS.into_iter().map(|text| text.parse().unwrap()).map(|now| (now, catalogue(now)))
    }

    fn all_different<T: Display>(what: &str, ids: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for id in ids {
            assert!(seen.insert(id.to_string()), "two {what} have the id {id}");
        }
        assert!(!seen.is_empty(), "there are no {what}");
    }

    #[test]
    fn ids_are_unique() {
        let sample = catalogue(Timestamp::UNIX_EPOCH);
        all_different("partners", sample.partners.iter().map(|it| it.id));
        all_different("venues", sample.venues.iter().map(|it| it.id));
        all_different("halls", sample.halls.iter().map(|it| it.id));
        all_different("seats", sample.halls.iter().flat_map(|hall| &hall.seats).map(|it| it.id));
        all_different("events", sample.events.iter().map(|it| it.id));
        all_different("shows", sample.shows.iter().map(|it| it.id));
    }

    #[test]
    fn another_day_moves_times_and_nothing_else() {
        let day = SignedDuration::from_hours(24);
        let now: Timestamp = MOMENTS[1].parse().unwrap();
        let (mut today, tomorrow) = (catalogue(now), catalogue(now + day));
        for show in &mut today.shows {
            for at in [&mut show.starts_at, &mut show.ends_at, &mut show.sales_open_at, &mut show.sales_close_at] {
                *at += day;
            }
        }
        assert_eq!(today.shows, tomorrow.shows);
        assert_eq!(today.halls, tomorrow.halls);
        assert_eq!(today.events, tomorrow.events);
    }

    #[test]
    fn everything_refers_to_something() {
        let sample = catalogue(Timestamp::UNIX_EPOCH);
        for venue in &sample.venues {
            assert!(sample.partners.iter().any(|it| it.id == venue.partner_id), "{venue:?}");
        }
        for hall in &sample.halls {
            assert!(sample.venues.iter().any(|it| it.id == hall.venue_id), "{}", hall.id);
            assert!(hall.seats.iter().all(|seat| seat.hall_id == hall.id), "{}", hall.id);
        }
        for event in &sample.events {
            assert!(sample.partners.iter().any(|it| it.id == event.partner_id), "{event:?}");
            assert!(!event.titles.is_empty() && !event.languages.is_empty(), "{event:?}");
        }
        for show in &sample.shows {
            let event = sample.events.iter().find(|it| it.id == show.event_id).unwrap();
            let hall = sample.halls.iter().find(|it| it.id == show.hall_id).unwrap();
            let venue = sample.venues.iter().find(|it| it.id == hall.venue_id).unwrap();
            assert_eq!((event.partner_id, venue.partner_id), (show.partner_id, show.partner_id), "{show:?}");
        }
    }

    #[test]
    fn every_category_of_a_hall_has_a_price() {
        let sample = catalogue(Timestamp::UNIX_EPOCH);
        for show in &sample.shows {
            let hall = sample.halls.iter().find(|it| it.id == show.hall_id).unwrap();
            let sold: BTreeSet<_> = hall.seats.iter().map(|seat| &seat.category).collect();
            let priced: BTreeSet<_> = show.prices.keys().collect();
            assert_eq!(sold, priced, "{}", show.id);
            assert!(show.prices.values().all(|price| price.currency == show.currency), "{}", show.id);
            assert_eq!(show.prices.values().all(|price| price.is_zero()), show.id == FREE_SHOW, "{}", show.id);
        }
        let currencies: BTreeSet<_> = sample.shows.iter().map(|show| show.currency).collect();
        assert_eq!(currencies, BTreeSet::from([Currency::EUR, Currency::GBP]));
    }

    #[test]
    fn each_refusal_has_its_show_at_any_time_of_the_day() {
        let refused = BTreeMap::from([
            (NOT_YET_SHOW, NotOnSale::NotYet),
            (CLOSED_SHOW, NotOnSale::Closed),
            (OVER_SHOW, NotOnSale::Over),
            (CANCELLED_SHOW, NotOnSale::Cancelled),
        ]);
        for (now, sample) in catalogues() {
            for show in &sample.shows {
                assert_eq!(show.check_on_sale(now).err(), refused.get(&show.id).copied(), "{} at {now}", show.id);
                assert!(show.starts_at < show.ends_at && show.sales_open_at < show.sales_close_at, "{}", show.id);
                if show.check_on_sale(now).is_ok() {
                    assert_eq!(show.refund_policy.share_at(now, show.starts_at), Percent::FULL, "{}", show.id);
                }
            }
        }
    }

    #[test]
    fn one_show_holds_seats_for_ten_seconds() {
        for show in catalogue(Timestamp::UNIX_EPOCH).shows {
            assert_eq!(show.hold.seconds() == SHORT_HOLD_SECONDS, show.id == SHORT_HOLD_SHOW, "{}", show.id);
        }
    }

    #[test]
    fn seat_maps_can_be_drawn() {
        for hall in catalogue(Timestamp::UNIX_EPOCH).halls {
            assert!((80..=800).contains(&hall.seats.len()), "{} has {} seats", hall.name, hall.seats.len());
            assert!((2..=8).contains(&hall.seats.iter().filter(|seat| seat.accessible).count()), "{}", hall.name);
            let (left, front) = (least(&hall, |seat| seat.x), least(&hall, |seat| seat.y));
            assert!(left == 0.0 && (0.0..2.0).contains(&front), "{} begins at {left}, {front}", hall.name);
            for (index, seat) in hall.seats.iter().enumerate() {
                assert!(seat.x.is_finite() && seat.y.is_finite(), "{seat:?}");
                for other in &hall.seats[index + 1..] {
                    let apart = (seat.x - other.x).hypot(seat.y - other.y);
                    assert!(apart > 0.75, "{} and {} of {} are {apart} apart", seat.label(), other.label(), hall.name);
                }
            }
        }
    }

    fn least(hall: &Hall, of: impl Fn(&Seat) -> f64) -> f64 {
        hall.seats.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn numbers_run_from_left_to_right_without_a_gap() {
        for hall in catalogue(Timestamp::UNIX_EPOCH).halls {
            let mut rows: BTreeMap<(&str, &str), Vec<&Seat>> = BTreeMap::new();
            for seat in &hall.seats {
                rows.entry((&seat.section, &seat.row)).or_default().push(seat);
            }
            for (row, seats) in rows {
                let numbers: Vec<usize> = seats.iter().map(|seat| seat.number.parse().unwrap()).collect();
                assert_eq!(numbers, (1..=seats.len()).collect::<Vec<_>>(), "{row:?} of {}", hall.name);
                assert!(seats.windows(2).all(|pair| pair[0].x < pair[1].x), "{row:?} of {}", hall.name);
            }
        }
    }
}
