//! Snapshots and changes as they are sent, made once for all who are told of them.

use app::availability::{Change, Picture, Rendering};
use bytes::Bytes;
use poem_openapi::types::ToJSON;

use super::{AvailabilityChangesOut, AvailabilityOut};
use crate::etag::etag;

/// After how many milliseconds a client comes back whose stream was cut. Clients are spread over this and as much
/// again, because the end of a process cuts many at once.
const RETRY_MILLISECONDS: usize = 1_000;

pub(super) fn render_picture(picture: &Picture) -> Rendering {
    let out = AvailabilityOut::from(picture);
    let tag = etag(&format!("{} {} {}", picture.show_id, out.seats_tag, out.states));
    let json = out.to_json_string();
    let event = event("snapshot", &picture.position, &json);
    Rendering { tag, body: json.into(), event }
}

pub(super) fn render_change(change: &Change) -> Rendering {
    let json = AvailabilityChangesOut::from(change).to_json_string();
    let event = event("changes", &change.position, &json);
    Rendering { tag: String::new(), body: Bytes::new(), event }
}

/// An event as it is sent; JSON has no line breaks of its own.
fn event(name: &str, position: &str, json: &str) -> Bytes {
    format!("id: {position}\nevent: {name}\ndata: {json}\n\n").into()
}

/// What a stream begins with: when to come back if it is cut.
pub(super) fn opening(number: usize) -> Bytes {
    // Consecutive numbers are spread evenly, because 619 and 1,000 have no common divisor.
    let retry = RETRY_MILLISECONDS + number.wrapping_mul(619) % RETRY_MILLISECONDS;
    format!("retry: {retry}\n\n").into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use app::availability::{Rendered, SeatCounts};
    use domain::ids::{SeatId, ShowId};
    use domain::show_seat::ShowSeatState;
    use uuid::Uuid;

    use super::*;

    fn picture(position: &str, states: &[ShowSeatState]) -> Picture {
        Picture {
            show_id: ShowId::new(Uuid::from_u128(1)),
            position: position.to_owned(),
            counts: SeatCounts { available: 1, blocked: 1, held: 1, sold: 1 },
            seats_tag: "0123456789abcdef".into(),
            states: states.to_vec(),
            rendered: Rendered::default(),
        }
    }

    #[test]
    fn a_snapshot_has_a_letter_per_seat_and_a_tag_that_knows_no_position() {
        let one = render_picture(&picture("1-2-3", &ShowSeatState::ALL));
        let body: serde_json::Value = serde_json::from_slice(&one.body).unwrap();
        assert_eq!(body["states"], "abhs");
        assert_eq!(body["position"], "1-2-3");
        assert_eq!(one.tag, render_picture(&picture("4-5-6", &ShowSeatState::ALL)).tag);
        let mut states = ShowSeatState::ALL;
        states.reverse();
        assert_ne!(one.tag, render_picture(&picture("1-2-3", &states)).tag);
    }

    #[test]
    fn an_event_is_written_as_browsers_read_it() {
        let change = Change {
            position: "1-2-3".to_owned(),
            seats: vec![(SeatId::new(Uuid::from_u128(7)), ShowSeatState::Held)],
            counts: SeatCounts { available: 1, blocked: 0, held: 1, sold: 0 },
            rendered: Rendered::default(),
        };
        let event = render_change(&change).event;
        let text = std::str::from_utf8(&event).unwrap();
        let data = text.strip_prefix("id: 1-2-3\nevent: changes\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["seats"][0]["seatId"], "sea_00000000000000000000000000000007");
        assert_eq!(data["seats"][0]["state"], "held");
        assert_eq!(data["counts"]["held"], 1);
    }

    #[test]
    fn clients_are_told_to_come_back_at_different_times() {
        let openings: BTreeSet<Bytes> = (0..RETRY_MILLISECONDS).map(opening).collect();
        assert_eq!(openings.len(), RETRY_MILLISECONDS);
        assert_eq!(opening(0), "retry: 1000\n\n");
    }
}
