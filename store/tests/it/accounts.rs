//! Accounts, sessions and members.

use domain::contact::{Contact, EmailAddress};
use domain::ids::{CustomerId, PartnerId, SessionId};
use domain::limits::{MEMBERS_PER_PARTNER, SESSION_CAP_SECONDS, SESSION_SECONDS};
use domain::member::MemberRole;
use domain::partner::Partner;
use futures::future::join_all;
use store::{AccountCreated, MemberChanged, NewAccount, NewSession, Standing, Store};
use uuid::Uuid;

use crate::fixture::{after, customer, now};
use crate::harness::TestDatabase;
use crate::noticing;

on_both_databases! {
    an_address_has_one_account,
    a_session_lasts_as_long_as_it_is_used_up_to_its_cap,
    another_password_ends_the_sessions_once,
    a_partner_keeps_an_owner_whoever_leaves_first,
    a_partner_has_so_many_members_and_no_more,
}

/// The account of the customer with a number.
pub(crate) fn account(number: u128) -> NewAccount {
    let email = EmailAddress::parse(&format!("Customer{number}@example.org")).unwrap();
    let contact = Contact { customer_id: customer(number), email, ..noticing::contact(number) };
    NewAccount { contact, password_hash: format!("hash {number}") }
}

/// A session of the customer with a number.
pub(crate) fn session(number: u128) -> NewSession {
    NewSession {
        id: SessionId::new(Uuid::from_u128(number)),
        customer_id: customer(number),
        secret_hash: format!("secret {number}"),
        device: "a telephone".to_owned(),
    }
}

/// A partner to be founded.
pub(crate) fn partner() -> Partner {
    Partner { id: PartnerId::new(Uuid::from_u128(0x7a27)), name: "The Old Stage".to_owned() }
}

async fn register(store: &Store, number: u128) {
    assert_eq!(store.create_account(&account(number), now()).await.unwrap(), AccountCreated::Created);
}

async fn an_address_has_one_account(db: TestDatabase) {
    let store = &db.store;
    let copies = (1..=6).map(|number| {
        let email = account(1).contact.email;
        let contact = Contact { email, ..account(number).contact };
        let new = NewAccount { contact, ..account(number) };
        async move { store.create_account(&new, now()).await.unwrap() }
    });
    let created = join_all(copies).await;
    assert_eq!(created.iter().filter(|it| **it == AccountCreated::Created).count(), 1, "{created:?}");

    let spelled = EmailAddress::parse("CUSTOMER1@EXAMPLE.ORG").unwrap();
    let found = store.password_of_email(&spelled).await.unwrap().unwrap();
    assert_eq!(found.account.email, account(1).contact.email, "the address is kept as it was given");
    let contact = store.contact_of(found.account.customer_id).await.unwrap();
    assert_eq!(contact.unwrap().email, account(1).contact.email);
    for number in 1..=6 {
        let theirs = store.contact_of(customer(number)).await.unwrap();
        assert_eq!(theirs.is_some(), customer(number) == found.account.customer_id, "nothing is left of the others");
    }
    assert!(store.set_admin(&spelled, true).await.unwrap());
    assert!(store.password_of(found.account.customer_id).await.unwrap().unwrap().account.is_admin);
    assert!(!store.set_admin(&account(9).contact.email, true).await.unwrap());
}

async fn a_session_lasts_as_long_as_it_is_used_up_to_its_cap(db: TestDatabase) {
    let store = &db.store;
    register(store, 1).await;
    let new = session(1);
    let made = store.create_session(&new, now()).await.unwrap();
    assert_eq!(made.expires_at, after(SESSION_SECONDS));
    let standing = Standing { customer_id: customer(1), session_id: new.id, is_admin: false, is_member: false };
    assert_eq!(store.standing(new.id, after(SESSION_SECONDS - 1)).await.unwrap(), Some(standing));
    assert_eq!(store.standing(new.id, after(SESSION_SECONDS)).await.unwrap(), None);

    assert_eq!(store.renew_session(new.id, "another secret", after(5)).await.unwrap(), None);
    let mut at = 0;
    while at < SESSION_CAP_SECONDS - SESSION_SECONDS / 2 {
        at += SESSION_SECONDS / 2;
        let renewed = store.renew_session(new.id, "secret 1", after(at)).await.unwrap().unwrap();
        assert_eq!(renewed.expires_at, after((at + SESSION_SECONDS).min(SESSION_CAP_SECONDS)));
    }
    assert_eq!(store.renew_session(new.id, "secret 1", after(SESSION_CAP_SECONDS)).await.unwrap(), None);

    assert!(!store.end_session(customer(2), new.id, after(at)).await.unwrap(), "somebody else's");
    assert!(store.end_session(customer(1), new.id, after(at)).await.unwrap());
    assert!(!store.end_session(customer(1), new.id, after(at)).await.unwrap(), "it has ended");
    assert_eq!(store.renew_session(new.id, "secret 1", after(at)).await.unwrap(), None);
    assert!(store.sessions_of(customer(1), after(at)).await.unwrap().is_empty());
}

async fn another_password_ends_the_sessions_once(db: TestDatabase) {
    let store = &db.store;
    register(store, 1).await;
    register(store, 2).await;
    for number in [1, 2] {
        store.create_session(&session(number), now()).await.unwrap();
    }
    let changes = ["new a", "new b", "new c"].map(|new| store.change_password(customer(1), "hash 1", new, after(1)));
    let changed: Vec<bool> = join_all(changes).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(changed.iter().filter(|it| **it).count(), 1, "one of those who know the old one: {changed:?}");
    assert!(store.standing(session(1).id, after(2)).await.unwrap().is_none());
    assert!(store.standing(session(2).id, after(2)).await.unwrap().is_some(), "somebody else's");
    store.rehash_password(customer(2), "hash 2", "newer 2").await.unwrap();
    assert_eq!(store.password_of(customer(2)).await.unwrap().unwrap().hash, "newer 2");
    assert!(store.standing(session(2).id, after(2)).await.unwrap().is_some(), "it is the same password");
    store.end_sessions(customer(2), after(3)).await.unwrap();
    assert!(store.standing(session(2).id, after(3)).await.unwrap().is_none());
}

async fn a_partner_keeps_an_owner_whoever_leaves_first(db: TestDatabase) {
    let store = &db.store;
    for number in 1..=3 {
        register(store, number).await;
    }
    let id = partner().id;
    store.found_partner(&partner(), customer(1), now()).await.unwrap();
    assert_eq!(store.partners_of(customer(1)).await.unwrap(), [(partner(), MemberRole::Owner)]);
    assert_eq!(store.remove_member(id, customer(1)).await.unwrap(), MemberChanged::LastOwner);
    assert_eq!(store.remove_member(id, customer(2)).await.unwrap(), MemberChanged::Unknown);
    let put = |number: u128, role| {
        let email = account(number).contact.email;
        async move { store.put_member(id, &email, role, now()).await.unwrap() }
    };
    assert_eq!(put(9, MemberRole::Staff).await, MemberChanged::Unknown);
    assert_eq!(put(1, MemberRole::Staff).await, MemberChanged::LastOwner);
    assert_eq!(put(2, MemberRole::Owner).await, MemberChanged::Changed);
    assert_eq!(put(3, MemberRole::Staff).await, MemberChanged::Changed);
    assert_eq!(store.role_at(id, customer(3)).await.unwrap(), Some(MemberRole::Staff));
    let members = store.members_of(id).await.unwrap();
    let roles: Vec<(CustomerId, MemberRole)> = members.iter().map(|it| (it.customer_id, it.role)).collect();
    let expected = [(1, MemberRole::Owner), (2, MemberRole::Owner), (3, MemberRole::Staff)];
    assert_eq!(roles, expected.map(|(number, role)| (customer(number), role)));

    // Both owners let go of themselves at the same moment.
    let gone = join_all([1, 2].map(|number| store.remove_member(id, customer(number)))).await;
    let gone: Vec<MemberChanged> = gone.into_iter().map(Result::unwrap).collect();
    assert!(gone.contains(&MemberChanged::Changed) && gone.contains(&MemberChanged::LastOwner), "{gone:?}");
    store.create_session(&session(3), now()).await.unwrap();
    assert!(store.standing(session(3).id, after(1)).await.unwrap().unwrap().is_member);
}

async fn a_partner_has_so_many_members_and_no_more(db: TestDatabase) {
    let store = &db.store;
    let id = partner().id;
    let most = u128::try_from(MEMBERS_PER_PARTNER).unwrap();
    for number in 1..=most + 1 {
        register(store, number).await;
    }
    store.found_partner(&partner(), customer(1), now()).await.unwrap();
    for number in 2..=most + 1 {
        let put = store.put_member(id, &account(number).contact.email, MemberRole::Staff, now()).await.unwrap();
        let expected = if number <= most { MemberChanged::Changed } else { MemberChanged::TooMany };
        assert_eq!(put, expected, "member {number}");
    }
}
