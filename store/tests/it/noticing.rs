//! Notices: noted once for each step, taken by one sender at a time, without anybody's address in them.

use domain::booking_state::CancelledBy;
use domain::contact::{Contact, EmailAddress, Locale, PersonName};
use domain::ids::{NoticeId, PartnerId};
use domain::message::{Message, MessageSubject};
use futures::future::join_all;
use store::{NoticeState, Store};
use uuid::Uuid;

use crate::fixture::{after, customer, now, request, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    a_step_is_noted_once,
    senders_share_the_notices_and_inherit_them,
    what_has_nowhere_to_go_is_sent_once_somebody_says_where,
    an_address_that_comes_while_it_is_looked_for_is_used,
    contacts_are_replaced_and_forgotten,
}

pub(crate) fn contact(number: u128) -> Contact {
    Contact {
        customer_id: customer(number),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        email: EmailAddress::parse("ada@example.org").unwrap(),
        locale: Locale::parse("de").unwrap(),
    }
}

/// A cancelled booking to tell of.
pub(crate) fn cancelled(number: u128) -> (MessageSubject, Message) {
    let booking_id = request(number, "key", &[0]).booking_id;
    let partner_id = PartnerId::new(Uuid::from_u128(1));
    let subject = MessageSubject { booking_id, customer_id: customer(number), partner_id };
    let message = Message::BookingCancelled { show_id: show_id(), seat_ids: Vec::new(), by: CancelledBy::Customer };
    (subject, message)
}

async fn note(store: &Store, number: u128) -> NoticeId {
    let (subject, message) = cancelled(number);
    assert!(store.note_notice(&subject, "cancelled", &message, now()).await.unwrap());
    NoticeId::for_step(subject.booking_id, "cancelled")
}

async fn a_step_is_noted_once(db: TestDatabase) {
    let store = &db.store;
    let id = note(store, 1).await;
    let (subject, message) = cancelled(1);
    assert!(!store.note_notice(&subject, "cancelled", &message, after(5)).await.unwrap());
    assert!(store.note_notice(&subject, "expired", &message, after(5)).await.unwrap());
    let [first, second] = &store.notices_of(subject.booking_id).await.unwrap()[..] else { panic!("two steps") };
    assert_eq!((first.id, first.step.as_str(), &first.message, first.created_at), (id, "cancelled", &message, now()));
    assert_eq!((second.step.as_str(), second.state), ("expired", NoticeState::Waiting));
    let page = store.list_notices(None, 1).await.unwrap();
    assert_eq!(page[0].id, second.id, "the newest first");
    let next = store.list_notices(Some((page[0].created_at, page[0].id)), 10).await.unwrap();
    assert_eq!(next.iter().map(|notice| notice.id).collect::<Vec<_>>(), [id]);
    store.close_notice(id, NoticeState::GivenUp, Some("refused"), after(6)).await.unwrap();
    for (state, expected) in [(NoticeState::GivenUp, id), (NoticeState::Waiting, second.id)] {
        let found = store.list_notices_in(state, None, 10).await.unwrap();
        assert_eq!(found.iter().map(|notice| notice.id).collect::<Vec<_>>(), [expected]);
        let last = Some((found[0].created_at, found[0].id));
        assert!(store.list_notices_in(state, last, 10).await.unwrap().is_empty());
    }
    assert!(store.list_notices_in(NoticeState::Sent, None, 10).await.unwrap().is_empty());
}

async fn senders_share_the_notices_and_inherit_them(db: TestDatabase) {
    for number in 0..40 {
        note(&db.store, number).await;
    }
    let other = db.another_process().await;
    let senders = (0..8).map(|sender| {
        let store = if sender % 2 == 0 { db.store.clone() } else { other.clone() };
        tokio::spawn(async move { store.claim_due_notices(after(1), 60, 6).await.unwrap() })
    });
    let mut taken: Vec<NoticeId> = Vec::new();
    for notices in join_all(senders).await {
        taken.extend(notices.unwrap().iter().map(|notice| notice.id));
    }
    taken.extend(db.store.claim_due_notices(after(1), 60, 40).await.unwrap().iter().map(|notice| notice.id));
    assert_eq!(taken.len(), 40, "each once");
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 40, "all of them");

    let (sent, parked) = (taken[0], taken[1]);
    db.store.close_notice(sent, NoticeState::Sent, None, after(2)).await.unwrap();
    db.store.park_notice(parked, "the server is not reached", after(600)).await.unwrap();
    assert_eq!(db.store.waiting_notices().await.unwrap(), 39);
    assert!(db.store.claim_due_notices(after(60), 60, 40).await.unwrap().is_empty(), "all are leased");
    let inherited = db.store.claim_due_notices(after(61), 60, 40).await.unwrap();
    assert_eq!(inherited.len(), 38, "those of senders that have died");
    assert!(inherited.iter().all(|notice| notice.tries == 2 && notice.id != sent && notice.id != parked));
    let late = db.store.claim_due_notices(after(601), 60, 1).await.unwrap();
    assert_eq!(late.len(), 1);
    // What is over stays so, whoever comes late.
    db.store.close_notice(sent, NoticeState::GivenUp, Some("late"), after(700)).await.unwrap();
    let (subject, _) =
        (0..40).map(cancelled).find(|(it, _)| NoticeId::for_step(it.booking_id, "cancelled") == sent).unwrap();
    let [notice] = &db.store.notices_of(subject.booking_id).await.unwrap()[..] else { panic!("one notice") };
    assert_eq!((notice.state, notice.closed_at, &notice.last_error), (NoticeState::Sent, Some(after(2)), &None));
}

async fn what_has_nowhere_to_go_is_sent_once_somebody_says_where(db: TestDatabase) {
    const HOUR: i64 = 60 * 60;
    let store = &db.store;
    let id = note(store, 1).await;
    note(store, 2).await;
    for notice in store.claim_due_notices(now(), 60, 10).await.unwrap() {
        store.close_notice(notice.id, NoticeState::NoAddress, None, after(1)).await.unwrap();
    }
    store.put_contact(&contact(1), after(23 * HOUR)).await.unwrap();
    let due = store.claim_due_notices(after(23 * HOUR), 60, 10).await.unwrap();
    assert_eq!(due.iter().map(|notice| notice.id).collect::<Vec<_>>(), [id]);
    store.put_contact(&contact(2), after(25 * HOUR)).await.unwrap();
    assert!(store.claim_due_notices(after(25 * HOUR), 60, 10).await.unwrap().iter().all(|notice| notice.id == id));
}

/// A sender has looked for an address and found none; before it writes that down, or while it does, somebody gives one.
async fn an_address_that_comes_while_it_is_looked_for_is_used(db: TestDatabase) {
    let store = &db.store;
    let id = note(store, 1).await;
    store.claim_due_notices(now(), 60, 10).await.unwrap();
    store.put_contact(&contact(1), after(1)).await.unwrap();
    assert!(store.claim_due_notices(after(2), 60, 10).await.unwrap().is_empty(), "the lease stays whose it was");
    assert!(!store.notice_without_address(id, after(3)).await.unwrap());
    assert_eq!(store.claim_due_notices(after(3), 60, 10).await.unwrap().len(), 1, "it is due again");
    store.delete_contact(customer(1)).await.unwrap();
    assert!(store.notice_without_address(id, after(4)).await.unwrap());
    assert!(store.notice_without_address(id, after(5)).await.unwrap(), "and once more, without effect");
    let [notice] = &store.notices_of(cancelled(1).0.booking_id).await.unwrap()[..] else { panic!("one notice") };
    assert_eq!((notice.state, notice.closed_at), (NoticeState::NoAddress, Some(after(4))));

    let other = db.another_process().await;
    for number in 100..160 {
        let id = note(store, number).await;
        let contact = contact(number);
        let (_closed, put) =
            tokio::join!(store.notice_without_address(id, after(10)), other.put_contact(&contact, after(10)));
        put.unwrap();
        let [notice] = &store.notices_of(cancelled(number).0.booking_id).await.unwrap()[..] else { panic!("one") };
        assert_eq!(notice.state, NoticeState::Waiting, "whoever is first");
    }
}

async fn contacts_are_replaced_and_forgotten(db: TestDatabase) {
    let store = &db.store;
    assert_eq!(store.contact_of(customer(1)).await.unwrap(), None);
    assert!(!store.delete_contact(customer(1)).await.unwrap());
    store.put_contact(&contact(1), now()).await.unwrap();
    let moved = Contact { email: EmailAddress::parse("countess@example.net").unwrap(), ..contact(1) };
    store.put_contact(&moved, after(1)).await.unwrap();
    assert_eq!(store.contact_of(customer(1)).await.unwrap(), Some(moved));
    assert_eq!(store.contact_of(customer(2)).await.unwrap(), None);
    assert!(store.delete_contact(customer(1)).await.unwrap());
    assert_eq!(store.contact_of(customer(1)).await.unwrap(), None);
}
