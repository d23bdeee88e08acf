//! What followers are told: the whole picture of a show, or what has changed in it. Knows no transport; a transport
//! keeps here what it has made of it, so that it is made once for all followers.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::ids::{SeatId, ShowId};
use domain::show_seat::{SeatStatus, ShowSeatState};
use locks::changes::Position;

/// How many seats are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeatCounts {
    /// Free.
    pub available: u32,
    /// Kept back by the partner.
    pub blocked: u32,
    /// Held for somebody who is paying.
    pub held: u32,
    /// Sold.
    pub sold: u32,
}

/// How all seats of a show stand.
#[derive(Debug)]
pub struct Picture {
    /// The show.
    pub show_id: ShowId,
    /// Up to where this tells everything; what a follower comes back with.
    pub position: String,
    /// How many seats are in each state.
    pub counts: SeatCounts,
    /// Names the list of seats and its order.
    pub seats_tag: Arc<str>,
    /// The states, in the order of the show's list of seats.
    pub states: Vec<ShowSeatState>,
    /// What a transport has made of it.
    pub rendered: Rendered,
}

/// How those seats stand that have changed.
#[derive(Debug)]
pub struct Change {
    /// Up to where it is told; what a follower comes back with.
    pub position: String,
    /// The seats, in the order of the show's list; never twice the same.
    pub seats: Vec<(SeatId, ShowSeatState)>,
    /// How many seats of the show are in each state now.
    pub counts: SeatCounts,
    /// What a transport has made of it.
    pub rendered: Rendered,
}

/// What a follower is told at a time.
#[derive(Debug, Clone)]
pub enum Told {
    /// The whole picture, in place of everything told before.
    Snapshot(Arc<Picture>),
    /// What has changed.
    Changes(Arc<Change>),
}

/// What a transport has made of something.
#[derive(Debug)]
pub struct Rendering {
    /// Whether it is what somebody has already: equal for equal contents, in every process.
    pub tag: String,
    /// It by itself.
    pub body: Bytes,
    /// It as one event of a stream.
    pub event: Bytes,
}

/// The place for a [`Rendering`], which is made when it is first asked for.
#[derive(Debug, Default)]
pub struct Rendered(OnceLock<Rendering>);

impl Rendered {
    /// The rendering; `render` is called for the first who asks.
    pub fn once(&self, render: impl FnOnce() -> Rendering) -> &Rendering {
        self.0.get_or_init(render)
    }
}

impl SeatCounts {
    pub(super) fn of(seats: &[SeatStatus]) -> Self {
        let mut counts = Self::default();
        seats.iter().for_each(|seat| *counts.count_of(seat.state) += 1);
        counts
    }

    /// Counts a seat that goes from one state to another.
    pub(super) fn move_one(&mut self, from: ShowSeatState, to: ShowSeatState) {
        *self.count_of(from) -= 1;
        *self.count_of(to) += 1;
    }

    fn count_of(&mut self, state: ShowSeatState) -> &mut u32 {
        match state {
            ShowSeatState::Available => &mut self.available,
            ShowSeatState::Blocked => &mut self.blocked,
            ShowSeatState::Held => &mut self.held,
            ShowSeatState::Sold => &mut self.sold,
        }
    }
}

/// A picture as its versions make it: the sum of a hash of each seat's version. Two pictures of a show with equal
/// digests are equal, whichever process drew them, and the digest follows a change of one seat without a look at the
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) fn of(seats: &[SeatStatus]) -> Self {
        let mut digest = Self::default();
        seats.iter().for_each(|seat| digest.add(seat.seat_id, seat.version));
        digest
    }

    pub(super) fn add(&mut self, seat_id: SeatId, version: i64) {
        self.0 = self.0.wrapping_add(mark(seat_id, version));
    }

    pub(super) fn remove(&mut self, seat_id: SeatId, version: i64) {
        self.0 = self.0.wrapping_sub(mark(seat_id, version));
    }
}

/// A number that follows from a seat and its version and looks like no other's (SplitMix64, Steele et al. 2014).
fn mark(seat_id: SeatId, version: i64) -> u64 {
    let (high, low) = seat_id.uuid().as_u64_pair();
    [high, low, version.cast_unsigned()].into_iter().fold(0, |state: u64, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Where a follower is: a position in the stream, and the picture it had there.
///
/// The stream alone does not say what the follower knows: publications get lost, and are healed from the database. The
/// digest does, so that somebody who comes back to another process is told exactly what is missing, or everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResumePoint {
    pub(super) position: Position,
    pub(super) digest: Digest,
}

impl ResumePoint {
    /// Reads what [`fmt::Display`] wrote; none for any other text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (position, digest) = text.rsplit_once('-')?;
        let plain = digest.len() == 16 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let digest = plain.then(|| u64::from_str_radix(digest, 16).ok())??;
        Some(Self { position: Position::parse(position)?, digest: Digest(digest) })
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.position, self.digest.0)
    }
}
