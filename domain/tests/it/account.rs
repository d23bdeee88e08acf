//! Passwords, sessions and members.

use domain::account::{Password, WeakPassword, email_key};
use domain::contact::EmailAddress;
use domain::hold::later;
use domain::limits::{SESSION_CAP_SECONDS, SESSION_SECONDS};
use domain::member::{Deed, MemberRole};
use domain::session::{device, lasts_until};
use jiff::Timestamp;
use proptest::prelude::*;

fn ada() -> EmailAddress {
    EmailAddress::parse("Ada.Lovelace@example.org").unwrap()
}

#[test]
fn a_password_is_long_and_hard_to_guess() {
    use WeakPassword::{Address, Common, Monotonous, TooLong, TooShort};
    let long = "long enough to be ".repeat(8);
    let table: &[(&str, Result<(), WeakPassword>)] = &[
        ("a stage in the old town", Ok(())),
        ("correct horse battery", Ok(())),
        ("ganz ohne Zahlen und Zeichen", Ok(())),
        ("пароль без латиницы", Ok(())),
        ("passwords are a nuisance", Ok(())),
        ("eleven char", Err(TooShort)),
        (&long, Err(TooLong)),
        ("aaaaaaaaaaaaaa", Err(Monotonous)),
        ("abababababababab", Err(Monotonous)),
        ("ada.lovelace@example.org", Err(Address)),
        ("my ADA.LOVELACE@example.org", Err(Address)),
        ("ada.lovelace12", Err(Address)),
        ("password1234", Err(Common)),
        ("PasswordPassword", Err(Common)),
        ("qwertyuiop123", Err(Common)),
        ("boxoffice2026", Err(Common)),
    ];
    for (text, expected) in table {
        assert_eq!(Password::choose(text, &ada()).map(|_| ()), *expected, "{text}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let password = Password::choose("a stage in the old town", &ada()).unwrap();
    assert_eq!(format!("{password:?}"), "Password");
    assert_eq!(password.as_str(), "a stage in the old town", "spaces are part of it");
}

#[test]
fn addresses_are_compared_without_capital_letters() {
    assert_eq!(email_key(&ada()), "ada.lovelace@example.org");
}

#[test]
fn owners_do_everything_and_staff_nothing_that_cannot_be_taken_back() {
    for deed in Deed::ALL {
        assert!(MemberRole::Owner.may(deed), "{deed:?}");
    }
    let staff: Vec<Deed> = Deed::ALL.into_iter().filter(|deed| MemberRole::Staff.may(*deed)).collect();
    assert_eq!(staff, [Deed::See, Deed::Plan]);
}

#[test]
fn a_device_is_one_line_that_is_not_too_long() {
    assert_eq!(device("Firefox\r\nSet-Cookie: x"), "FirefoxSet-Cookie: x");
    assert_eq!(device(&"x".repeat(1000)).len(), 200);
}

proptest! {
    #[test]
    fn a_session_is_prolonged_by_use_and_never_beyond_its_cap(uses in prop::collection::vec(0..SESSION_SECONDS, 0..40)) {
        let created = Timestamp::UNIX_EPOCH;
        let (mut at, mut until) = (0, lasts_until(created, created));
        for pause in uses {
            at += pause;
            if later(created, at) >= until {
                break;
            }
            let next = lasts_until(created, later(created, at));
            prop_assert!(next >= until && next <= later(created, SESSION_CAP_SECONDS));
            until = next;
        }
    }
}
