//! Single seats: what a show's rule says about seats that are picked by hand, as the show stands.

use std::time::{Duration, Instant};

use domain::ids::SeatId;
use domain::show::Show;
use domain::show_seat::ShowSeat;
use domain::single_seat::{SingleSeatRule, SingleSeatVerdict};

use crate::{App, AppError};

/// How long somebody who asks what seats cost waits to look at them: bookings wait for the same turn, and an answer that
/// says nothing of single seats is better than a late one.
const TURN_OF_A_QUOTE: Duration = Duration::from_millis(200);

impl App {
    /// What the rule of a show says about seats picked by hand, as they stood within the last two seconds; nothing, where
    /// one of them is not free, or where others look at the seats all the while.
    pub(crate) async fn judge_seats(&self, show: &Show, picked: &[SeatId]) -> Result<SingleSeatVerdict, AppError> {
        if show.single_seats == SingleSeatRule::Allow {
            return Ok(SingleSeatVerdict::Fine);
        }
        let Some(mut kept) = self.shared.pickers.turn(show.id, TURN_OF_A_QUOTE).await else {
            return Ok(SingleSeatVerdict::Fine);
        };
        let mut standing = self.seats_as_they_stand(show, &mut kept).await?;
        Ok(standing.look(|seats| judge(show, seats, picked)).unwrap_or(SingleSeatVerdict::Fine))
    }

    /// Refuses seats picked by hand that leave others single, where the show does not sell such seats. It is only done by
    /// seats that were read after the question was asked.
    ///
    /// This is no promise: seats are claimed after they were looked at, so that two who ask at once may together leave a
    /// seat single that neither of them would have left alone. Nor does a booking wait for it without end: who has no turn
    /// to look in time is let through.
    pub(crate) async fn refuse_stranding(&self, show: &Show, picked: &[SeatId]) -> Result<(), AppError> {
        if show.single_seats != SingleSeatRule::Refuse {
            return Ok(());
        }
        let asked_at = Instant::now();
        let Some(mut kept) = self.shared.pickers.turn(show.id, self.shared.parts.answer_within).await else {
            return Ok(());
        };
        loop {
            let mut standing = self.seats_as_they_stand(show, &mut kept).await?;
            // Somebody else's: the claim will say so. Or this booking's own, which was let through when it claimed them,
            // and is not asked again because of what has become of the row since.
            if picked.iter().any(|seat_id| standing.is_locked(*seat_id)) {
                return Ok(());
            }
            let was_read_before = standing.read_at() < asked_at;
            match standing.look(|seats| judge(show, seats, picked)) {
                // What cannot be had, the claim will say.
                None | Some(SingleSeatVerdict::Fine | SingleSeatVerdict::Warned { .. }) => return Ok(()),
                Some(SingleSeatVerdict::Refused { .. }) if was_read_before => *kept = None,
                Some(SingleSeatVerdict::Refused { stranded }) => {
                    return Err(AppError::SeatsStranded { seat_ids: stranded });
                }
            }
        }
    }
}

/// What the rule of a show says; none, where not all of the picked can be had, which is for the claim to say.
fn judge(show: &Show, seats: &[ShowSeat], picked: &[SeatId]) -> Option<SingleSeatVerdict> {
    let free = seats.iter().filter(|seat| seat.is_free() && picked.contains(&seat.seat_id));
    (free.count() == picked.len()).then(|| show.single_seats.judge(seats, picked))
}
