//! How much is measured: everything for `BENCH.md`, less of it for a look in between, and hardly anything for a test that
//! only wants to know whether measuring works.

use std::time::Duration;

/// How much of each row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// For the three rows of the saga.
    pub(crate) saga: SagaEffort,
    /// For `rush`.
    pub(crate) rush: RushEffort,
    /// For `availability`.
    pub(crate) availability: AvailabilityEffort,
    /// For `open_sagas`.
    pub(crate) open_sagas: OpenEffort,
    /// For `growth`; none leaves it out.
    pub(crate) growth: Option<GrowthEffort>,
    /// How often `ready` starts boxoffice.
    pub(crate) starts: usize,
}

/// Turns of bookings against turns of the floor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SagaEffort {
    /// How often each side has its turn.
    pub(crate) rounds: usize,
    /// How long a turn with many at once is.
    pub(crate) turn: Duration,
    /// How long a turn with one at a time is.
    pub(crate) alone: Duration,
    /// How long everything runs before anything counts.
    pub(crate) warm_up: Duration,
}

/// Crowds against the bare handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RushEffort {
    /// How often each side has its turn.
    pub(crate) rounds: usize,
    /// How many come at once.
    pub(crate) buyers: usize,
}

/// Readers of a large show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AvailabilityEffort {
    /// How long a turn is.
    pub(crate) turn: Duration,
    /// How much of the show changes meanwhile, in percent.
    pub(crate) changing_percent: u32,
}

/// Bookings that wait and expire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenEffort {
    /// How many are open at once.
    pub(crate) open: u32,
    /// How long the steady state is watched.
    pub(crate) watched: Duration,
}

/// A large database against a small one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrowthEffort {
    /// How often each side has its turn.
    pub(crate) rounds: usize,
    /// How long a turn is.
    pub(crate) turn: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Effort {
    /// Everything; `open` says how many sagas wait at once.
    pub(crate) const fn usual(open: u32) -> Self {
        Self {
            saga: SagaEffort { rounds: 5, turn: seconds(10), alone: seconds(6), warm_up: seconds(8) },
            rush: RushEffort { rounds: 5, buyers: 2_000 },
            availability: AvailabilityEffort { turn: seconds(4), changing_percent: 30 },
            open_sagas: OpenEffort { open, watched: seconds(40) },
            growth: Some(GrowthEffort { rounds: 5, turn: seconds(8) }),
            starts: 5,
        }
    }

    /// Less of everything, and no `growth`.
    pub(crate) const fn quick() -> Self {
        Self {
            saga: SagaEffort { rounds: 3, turn: seconds(6), alone: seconds(4), warm_up: seconds(3) },
            rush: RushEffort { rounds: 3, buyers: 2_000 },
            availability: AvailabilityEffort { turn: seconds(2), changing_percent: 30 },
            open_sagas: OpenEffort { open: 600, watched: seconds(30) },
            growth: None,
            starts: 3,
        }
    }

    /// Enough to see that every row comes to a figure, which then means nothing.
    pub(crate) const fn slice() -> Self {
        Self {
            saga: SagaEffort { rounds: 1, turn: seconds(3), alone: seconds(2), warm_up: seconds(1) },
            rush: RushEffort { rounds: 1, buyers: 400 },
            availability: AvailabilityEffort { turn: seconds(1), changing_percent: 1 },
            open_sagas: OpenEffort { open: 40, watched: seconds(2) },
            growth: None,
            starts: 1,
        }
    }
}
