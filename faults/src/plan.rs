//! The plan of a storm: what customers wish and what is done to the system, drawn from a seed. Knows no clock: the same
//! seed and length give the same plan.

use std::ops::Range;
use std::time::Duration;

use domain::ids::ShowId;
use testkit::catalogue::{Playbill, SEATS, seat};
use testkit::storm_plan::{Manner, Plan as CustomersPlan, Wish};

use crate::deed::{Deed, LINES, SERVERS, Server, VICTIMS, Victim, What};

/// How many customers at most come in a second: more than machines of today can serve.
const CUSTOMERS_PER_SECOND: u32 = 40;
/// How many customers come before the next shows go on sale: there are more seats than they want, and few enough for
/// some of them to want the same.
const CUSTOMERS_PER_BILL: u32 = 400;
/// The seats of a show that single customers draw from; those behind them are for stampedes and for who wants no
/// company.
const SEATS_DRAWN: u32 = SEATS - SEATS_ALONE;
/// The seats of a show that are given to one customer each.
const SEATS_ALONE: u32 = 120;
/// Within how long the deeds of a wave begin.
const WAVE: Duration = Duration::from_secs(20);
/// How many stampedes there is room for in one show.
const STAMPEDES_PER_SHOW: u32 = 100;

/// A storm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What customers wish, in the order in which they come.
    pub wishes: Vec<Wish>,
    /// What is done, wave after wave; between two of them everything is whole.
    pub waves: Vec<Vec<Deed>>,
    /// How many playbills there have to be.
    pub bills: u32,
}

impl Plan {
    /// Draws a storm of a length.
    pub fn draw(seed: u64, length: Duration) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let seconds = u32::try_from(length.as_secs()).unwrap_or(u32::MAX).max(1);
        let customers = seconds.saturating_mul(CUSTOMERS_PER_SECOND);
        let waves = seconds / u32::try_from(WAVE.as_secs()).unwrap_or(1) + 1;
        let bills_of_customers = customers.div_ceil(CUSTOMERS_PER_BILL);
        let stampedes = Stampedes { bill: bills_of_customers, next: 0 };
        let mut draw = Draw { random: &mut random, stampedes };
        // The deeds first, so that a longer storm begins with the same ones.
        let first_server = draw.random.usize(0..SERVERS.len());
        let waves: Vec<_> = (0..waves as usize).map(|number| draw.wave(first_server + number)).collect();
        let bills = bills_of_customers + draw.stampedes.next / STAMPEDES_PER_SHOW + 1;
        let wishes = (0..customers).map(|number| draw.wish(number)).collect();
        Self { wishes, waves, bills }
    }
}

struct Draw<'a> {
    random: &'a mut fastrand::Rng,
    stampedes: Stampedes,
}

/// Which seats the next stampede is for.
struct Stampedes {
    /// The first playbill that is theirs.
    bill: u32,
    next: u32,
}

impl Draw<'_> {
    fn wish(&mut self, number: u32) -> Wish {
        let bill = Playbill::of(number / CUSTOMERS_PER_BILL);
        let plan = CustomersPlan::random(self.random);
        let manner = Manner::random(self.random);
        let shows = if plan.waits_for_the_deadline() {
            [bill.six_second_hold, bill.six_second_hold, bill.short_hold]
        } else {
            [bill.minute_hold, bill.six_second_hold, bill.free]
        };
        let show_id = shows[self.random.usize(0..shows.len())];
        let other_seat = seat(SEATS - 1);
        // Each third customer of a playbill could have one, if all of them wished to be alone.
        let alone = manner == Manner::Thrice && number % CUSTOMERS_PER_BILL / 3 < SEATS_ALONE - 1;
        if alone && number.is_multiple_of(3) {
            let own = SEATS_DRAWN + number % CUSTOMERS_PER_BILL / 3;
            return Wish { plan, manner, show_id, seats: vec![seat(own)], other_seat, alone: true };
        }
        let count = self.random.u32(1..=3);
        let first = self.random.u32(0..SEATS_DRAWN - count);
        Wish { plan, manner, show_id, seats: (first..first + count).map(seat).collect(), other_seat, alone: false }
    }

    /// A bit of everything: each wave has stampedes with Redis and without, kills, pauses, cuts, and one of the servers.
    fn wave(&mut self, server: usize) -> Vec<Deed> {
        let mut deeds: Vec<Deed> = Vec::new();
        let server = SERVERS[server % SERVERS.len()];
        // A server takes as long as it takes, and is asked for when that is usually over.
        let lasts = if server == Server::Disk { self.between(3_000..8_000) } else { Duration::from_secs(4) };
        self.add(&mut deeds, lasts, |_| What::Restart(server));
        let (with_redis, without_redis) = (self.stampede(), self.stampede());
        self.add(&mut deeds, Duration::from_millis(3_000), |_| What::Stampede {
            wishes: without_redis.clone(),
            without_redis: true,
        });
        self.add(&mut deeds, Duration::ZERO, |_| What::Stampede { wishes: with_redis.clone(), without_redis: false });
        // Longer than the leases of slots, webhooks and tasks.
        let (long, short) = (self.between(16_000..19_000), self.between(500..4_000));
        self.add(&mut deeds, long, |random| What::Pause(pausable(random)));
        self.add(&mut deeds, short, |random| What::Pause(pausable(random)));
        for _ in 0..3 {
            let lasts = self.between(100..2_000);
            self.add(&mut deeds, lasts, |random| What::Kill(VICTIMS[random.usize(0..VICTIMS.len())]));
        }
        for _ in 0..2 {
            let lasts = self.between(500..3_500);
            self.add(&mut deeds, lasts, |random| What::Cut(LINES[random.usize(0..LINES.len())]));
        }
        let lasts = self.between(500..6_000);
        self.add(&mut deeds, lasts, |random| What::Silence(LINES[random.usize(0..LINES.len())]));
        deeds.sort_by_key(|deed| deed.at);
        deeds
    }

    /// Adds a deed at a time and, if it may be done to one of several, to a target that nothing else is done to.
    fn add(&mut self, deeds: &mut Vec<Deed>, lasts: Duration, mut what: impl FnMut(&mut fastrand::Rng) -> What) {
        let deed = loop {
            let at = Duration::from_millis(self.random.u64(0..millis(WAVE)));
            let deed = Deed { at, lasts, what: what(self.random) };
            if deeds.iter().all(|other| !other.disturbs(&deed)) {
                break deed;
            }
        };
        deeds.push(deed);
    }

    /// Eight to twenty customers who want the very same seats.
    fn stampede(&mut self) -> Vec<Wish> {
        let number = self.stampedes.next;
        self.stampedes.next += 1;
        let show_id: ShowId = Playbill::of(self.stampedes.bill + number / STAMPEDES_PER_SHOW).minute_hold;
        let first = number % STAMPEDES_PER_SHOW * 3;
        let seats: Vec<_> = (first..first + self.random.u32(1..=3)).map(seat).collect();
        let count = self.random.usize(8..=20);
        let (manner, other_seat) = (Manner::Once, seat(SEATS - 1));
        let wish = |plan| Wish { plan, manner, show_id, seats: seats.clone(), other_seat, alone: false };
        (0..count)
            .map(|number| wish(if number % 4 == 3 { CustomersPlan::CancelUnpaid } else { CustomersPlan::Pay }))
            .collect()
    }

    fn between(&mut self, milliseconds: Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(milliseconds))
    }
}

/// Any process but the payment provider's, which is not ours.
fn pausable(random: &mut fastrand::Rng) -> Victim {
    let ours: Vec<Victim> = VICTIMS.into_iter().filter(|victim| *victim != Victim("payments-1")).collect();
    ours[random.usize(0..ours.len())]
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LENGTH: Duration = Duration::from_secs(120);

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(Plan::draw(7, LENGTH), Plan::draw(7, LENGTH));
        assert_ne!(Plan::draw(7, LENGTH), Plan::draw(8, LENGTH));
    }

    #[test]
    fn every_kind_of_deed_is_done_in_two_minutes() {
        for seed in 0..20 {
            let plan = Plan::draw(seed, LENGTH);
            let kinds: BTreeSet<&str> = plan.waves.iter().flatten().map(|deed| deed.what.kind()).collect();
            let all = ["cut", "fill", "kill", "pause", "restart", "silence", "stampede"];
            assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all, "seed {seed}");
        }
    }

    #[test]
    fn no_two_deeds_are_done_to_one_target_at_a_time() {
        for seed in 0..20 {
            for wave in Plan::draw(seed, LENGTH).waves {
                for (number, deed) in wave.iter().enumerate() {
                    assert!(wave[..number].iter().all(|other| !other.disturbs(deed)), "seed {seed}: {wave:#?}");
                }
            }
        }
    }

    #[test]
    fn who_wants_no_company_has_none() {
        let plan = Plan::draw(3, LENGTH);
        let alone: Vec<&Wish> = plan.wishes.iter().filter(|wish| wish.alone).collect();
        assert!(!alone.is_empty());
        for wish in alone {
            let others = plan.wishes.iter().filter(|other| other.show_id == wish.show_id);
            assert_eq!(others.filter(|other| other.seats.contains(&wish.seats[0])).count(), 1, "{wish:?}");
        }
        let wish_of = |what: &What| match what {
            What::Stampede { wishes, .. } => Some(wishes[0].show_id),
            What::Kill(_) | What::Pause(_) | What::Cut(_) | What::Silence(_) | What::Restart(_) => None,
        };
        for show_id in plan.waves.iter().flatten().filter_map(|deed| wish_of(&deed.what)) {
            assert!(plan.wishes.iter().all(|wish| wish.show_id != show_id));
        }
    }
}
