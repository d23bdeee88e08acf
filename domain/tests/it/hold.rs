use domain::hold::{HoldRules, deadline, lock_deadline};
use domain::show::HoldTime;
use jiff::Timestamp;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

proptest! {
    #[test]
    fn an_extension_never_shortens_and_never_passes_the_cap(
        opened in 0_i64..1_000_000, hold in 1_i64..=900, later in 0_i64..2_000, cap in 1_i64..=3_600, extension in 1_i64..=600,
    ) {
        let rules = HoldRules { hard_cap_seconds: cap, extension_seconds: extension };
        let hard_cap = rules.hard_cap(at(opened));
        let first = deadline(at(opened), HoldTime::parse(hold).unwrap()).min(hard_cap);
        let extended = rules.extended(first, hard_cap, at(opened + later));
        prop_assert!(extended >= first && extended <= hard_cap);
    }

    #[test]
    fn a_lock_outlives_its_hold(second in 0_i64..1_000_000_000) {
        prop_assert!(lock_deadline(at(second)) > at(second));
    }
}

#[test]
fn the_end_of_time_is_no_overflow() {
    assert_eq!(lock_deadline(Timestamp::MAX), Timestamp::MAX);
}
