//! How the seats of one show stand, as far as this process has heard. Knows no clock, no stream and no database: it is
//! told what they say, and says what is new in it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::{SeatId, ShowId};
use domain::show_seat::{SeatStatus, ShowSeatState};
use locks::changes::{Position, Publication};
use sha2::{Digest as _, Sha256};

use super::picture::{Change, Digest, Picture, Rendered, ResumePoint, SeatCounts, Told};
use super::recent::{Known, Recent};

/// More seats than this are told as a whole picture, where that is shorter: it has one letter per seat.
const CHANGED_SEATS_MAX: usize = 100;
/// About how many letters of a whole picture one changed seat takes.
const LETTERS_PER_CHANGED_SEAT: usize = 70;

/// How many bytes of the digest name a list of seats.
const SEATS_TAG_BYTES: usize = 8;

/// The seats of a show.
#[derive(Debug)]
pub(super) struct Board {
    show_id: ShowId,
    position: Position,
    /// In the order of the show's list.
    seats: Vec<SeatStatus>,
    index: HashMap<SeatId, usize>,
    seats_tag: Arc<str>,
    counts: SeatCounts,
    digest: Digest,
    /// Raised by every change.
    revision: u64,
    /// At which revision each seat has changed last.
    changed_at: Vec<u64>,
    /// Up to which revision followers were told.
    told: u64,
    /// Set when the list of seats has become another.
    relisted: bool,
    recent: Recent,
    picture: Option<(u64, Arc<Picture>)>,
    /// The last answer to somebody who came back: when a process dies, all its followers come back with the same.
    resumed: Option<(Digest, u64, Told)>,
}

/// What came of statuses that the board was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted {
    /// Whether followers have to be told something.
    pub(super) news: bool,
    /// Whether there was a seat that the board does not know, so that it has to look at the list again.
    pub(super) unknown_seat: bool,
}

impl Board {
    /// A board with what the database says; `position` was read before.
    pub(super) fn new(show_id: ShowId, position: Position, seats: Vec<SeatStatus>) -> Self {
        Self {
            show_id,
            position,
            index: seats.iter().enumerate().map(|(at, seat)| (seat.seat_id, at)).collect(),
            seats_tag: tag_of(&seats),
            counts: SeatCounts::of(&seats),
            digest: Digest::of(&seats),
            revision: 0,
            changed_at: vec![0; seats.len()],
            told: 0,
            relisted: false,
            recent: Recent::default(),
            picture: None,
            resumed: None,
            seats,
        }
    }

    /// Up to where the stream has been heard.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Begins to hear the stream from another position.
    pub(super) fn start_from(&mut self, position: Position) {
        self.position = position;
    }

    /// Takes in what was published, in whatever order and however often.
    pub(super) fn hear(&mut self, publications: &[Publication]) -> Noted {
        let before = self.revision;
        let mut unknown_seat = false;
        for status in publications.iter().flat_map(|publication| &publication.seats) {
            match self.index.get(&status.seat_id) {
                Some(at) if status.version > self.seats[*at].version => self.set(*at, *status),
                Some(_) => {}
                None => unknown_seat = true,
            }
        }
        Noted { news: self.revision > before, unknown_seat }
    }

    /// Takes in what the database says of all seats, read when the board was at `read_at`. Answers how many seats it
    /// had wrong.
    ///
    /// The database is believed, also where its version is lower, except for seats that have changed since it was asked.
    pub(super) fn compare(&mut self, rows: Vec<SeatStatus>, read_at: u64) -> usize {
        let same_list = rows.len() == self.seats.len()
            && rows.iter().zip(&self.seats).all(|(row, seat)| row.seat_id == seat.seat_id);
        if !same_list {
            return self.relist(rows);
        }
        let mut wrong = 0;
        for (at, row) in rows.into_iter().enumerate() {
            let seat = self.seats[at];
            if row.version > seat.version || (row.version != seat.version && self.changed_at[at] <= read_at) {
                wrong += 1;
                self.set(at, row);
            }
        }
        wrong
    }

    /// What followers have not been told yet.
    pub(super) fn tell(&mut self) -> Option<Told> {
        if self.revision == self.told {
            return None;
        }
        let since = std::mem::replace(&mut self.told, self.revision);
        if std::mem::take(&mut self.relisted) {
            return Some(Told::Snapshot(self.picture()));
        }
        let seats = self.changed_since(&Known { revision: since, before: Arc::default() });
        self.remember(self.digest, Arc::default());
        Some(self.told_of(&seats))
    }

    /// The whole picture. Made once for all who ask until something changes.
    pub(super) fn picture(&mut self) -> Arc<Picture> {
        if let Some((revision, picture)) = &self.picture
            && *revision == self.revision
        {
            return Arc::clone(picture);
        }
        self.remember(self.digest, Arc::default());
        let picture = Arc::new(Picture {
            show_id: self.show_id,
            position: self.resume_point(),
            counts: self.counts,
            seats_tag: Arc::clone(&self.seats_tag),
            states: self.seats.iter().map(|seat| seat.state).collect(),
            rendered: Rendered::default(),
        });
        self.picture = Some((self.revision, Arc::clone(&picture)));
        picture
    }

    /// What somebody has missed who comes back; none if the board does not know what they had.
    pub(super) fn since(&mut self, point: &ResumePoint) -> Option<Told> {
        if let Some((digest, revision, told)) = &self.resumed
            && *digest == point.digest
            && *revision == self.revision
        {
            return Some(told.clone());
        }
        let known = if point.digest == self.digest {
            Known { revision: self.revision, before: Arc::default() }
        } else {
            self.recent.find(point.digest)?.clone()
        };
        self.remember(self.digest, Arc::default());
        let told = self.told_of(&self.changed_since(&known));
        self.resumed = Some((point.digest, self.revision, told.clone()));
        Some(told)
    }

    /// Learns what somebody had who comes back, from what was published since: if taking it back leads to their digest,
    /// it is all that has happened. Otherwise something got lost on the way, and nothing is learned.
    pub(super) fn trace_back(&mut self, point: &ResumePoint, published: &[Publication]) {
        let mut first_versions: HashMap<usize, i64> = HashMap::new();
        for status in published.iter().flat_map(|publication| &publication.seats) {
            if let Some(at) = self.index.get(&status.seat_id) {
                // Versions go up by one: before its first publication the seat was at the one below.
                let first = first_versions.entry(*at).or_insert(status.version - 1);
                *first = (*first).min(status.version - 1);
            }
        }
        let mut digest = self.digest;
        for (at, version) in &first_versions {
            let seat = self.seats[*at];
            digest.remove(seat.seat_id, seat.version);
            digest.add(seat.seat_id, *version);
        }
        if digest == point.digest {
            self.remember(digest, first_versions.into_keys().collect());
        }
    }

    fn set(&mut self, at: usize, status: SeatStatus) {
        let seat = std::mem::replace(&mut self.seats[at], status);
        self.counts.move_one(seat.state, status.state);
        self.digest.remove(seat.seat_id, seat.version);
        self.digest.add(status.seat_id, status.version);
        self.revision += 1;
        self.changed_at[at] = self.revision;
    }

    /// The list itself has changed: everything begins anew, except that what was heard meanwhile is not forgotten.
    fn relist(&mut self, mut rows: Vec<SeatStatus>) -> usize {
        for row in &mut rows {
            if let Some(at) = self.index.get(&row.seat_id)
                && self.seats[*at].version > row.version
            {
                *row = self.seats[*at];
            }
        }
        let wrong = rows.len().abs_diff(self.seats.len()).max(1);
        let revision = self.revision + 1;
        let told = self.told;
        *self = Self::new(self.show_id, self.position.clone(), rows);
        (self.revision, self.told, self.relisted) = (revision, told, true);
        self.changed_at.fill(revision);
        wrong
    }

    fn remember(&mut self, digest: Digest, before: Arc<[usize]>) {
        self.recent.remember(digest, Known { revision: self.revision, before });
    }

    /// The seats that differ from a picture, in the order of the list.
    fn changed_since(&self, known: &Known) -> Vec<usize> {
        let later = self.changed_at.iter().enumerate().filter(|(_, at)| **at > known.revision).map(|(at, _)| at);
        let mut seats: Vec<usize> = later.chain(known.before.iter().copied()).collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    fn told_of(&mut self, seats: &[usize]) -> Told {
        let is_long = seats.len() > CHANGED_SEATS_MAX && seats.len() * LETTERS_PER_CHANGED_SEAT > self.seats.len();
        if is_long {
            return Told::Snapshot(self.picture());
        }
        let state_of = |at: &usize| -> (SeatId, ShowSeatState) { (self.seats[*at].seat_id, self.seats[*at].state) };
        Told::Changes(Arc::new(Change {
            position: self.resume_point(),
            seats: seats.iter().map(state_of).collect(),
            counts: self.counts,
            rendered: Rendered::default(),
        }))
    }

    fn resume_point(&self) -> String {
        ResumePoint { position: self.position.clone(), digest: self.digest }.to_string()
    }
}

/// Names a list of seats and its order: the beginning of SHA-256 over the ids, each followed by a line break.
fn tag_of(seats: &[SeatStatus]) -> Arc<str> {
    let mut digest = Sha256::new();
    for seat in seats {
        digest.update(seat.seat_id.to_string());
        digest.update(b"\n");
    }
    hex::encode(&digest.finalize()[..SEATS_TAG_BYTES]).into()
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
