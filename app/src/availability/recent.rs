//! The pictures that a board has been through lately, so that whoever had one of them can be told what is new.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::picture::Digest;

/// How many pictures are remembered; who had an older one gets the whole picture.
const REMEMBERED: usize = 1_024;

/// The last pictures of a board.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<Digest>,
    known: HashMap<Digest, Known>,
}

/// How a remembered picture differs from the board's.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Every seat that has changed after this revision of the board differs.
    pub(super) revision: u64,
    /// These differ too: they had changed before the board began.
    pub(super) before: Arc<[usize]>,
}

impl Recent {
    pub(super) fn find(&self, digest: Digest) -> Option<&Known> {
        self.known.get(&digest)
    }

    pub(super) fn remember(&mut self, digest: Digest, known: Known) {
        if self.known.contains_key(&digest) {
            return;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(digest);
        self.known.insert(digest, known);
    }
}
