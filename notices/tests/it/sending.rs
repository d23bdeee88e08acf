//! Which notices are sent, and which are not: without an address, too old, into a folder.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use notices::{FolderMailer, Letters, NoticeConfigError};
use store::NoticeState;

use crate::stage::{BOOKING_URL, Stage, cancelled, contact};

#[tokio::test]
async fn mail_goes_into_a_folder_whole_and_once() {
    let stage = Stage::new().await;
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let folder = stage.folder.path().join("mail/of/today");
    let sender = stage.sender(Arc::new(FolderMailer::new(&folder))).await;
    let notice = stage.until(booking, NoticeState::Sent).await;
    sender.stop().await;
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, [format!("{}.eml", notice.id).as_str()]);
    let mail = std::fs::read_to_string(folder.join(format!("{}.eml", notice.id))).unwrap();
    assert!(mail.contains("To: \"Ada Lovelace\" <ada1@example.org>\r\n"), "{mail}");
    assert!(mail.contains(&format!("Message-ID: <{}@boxoffice.example>\r\n", notice.id)), "{mail}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_tried_again() {
    let stage = Stage::new().await;
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let folder = stage.folder.path().join("mail");
    std::fs::write(&folder, "a file where the folder has to be").unwrap();
    let sender = stage.sender(Arc::new(FolderMailer::new(&folder))).await;
    crate::stage::until(async || stage.notice(booking).await.last_error).await;
    std::fs::remove_file(&folder).unwrap();
    stage.hurry().await;
    stage.until(booking, NoticeState::Sent).await;
    sender.stop().await;
}

#[tokio::test]
async fn somebody_without_an_address_is_told_once_they_have_one() {
    let stage = Stage::new().await;
    stage.open(1).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let folder = stage.folder.path().join("mail");
    let sender = stage.sender(Arc::new(FolderMailer::new(&folder))).await;
    let closed = stage.until(booking, NoticeState::NoAddress).await;
    assert!(closed.closed_at.is_some() && !folder.exists());
    stage.reach(&contact(1)).await;
    stage.until(booking, NoticeState::Sent).await;
    sender.stop().await;
}

/// A consumer that was away for days, or that nobody had before, has much to note that is no news to anybody.
#[tokio::test]
async fn what_happened_days_ago_is_not_told_as_news() {
    let stage = Stage::new().await;
    stage.buy(1).await;
    stage.buy(2).await;
    stage.reach(&contact(1)).await;
    stage.reach(&contact(2)).await;
    let noted = stage.note_at(Timestamp::now() - SignedDuration::from_hours(73)).await;
    assert_eq!(noted.len(), 2);
    let folder = stage.folder.path().join("mail");
    let sender = stage.sender(Arc::new(FolderMailer::new(&folder))).await;
    for notice in noted {
        let given_up = stage.until(notice.booking_id, NoticeState::GivenUp).await;
        assert_eq!(given_up.last_error.as_deref(), Some("it is too late to tell of it"));
    }
    sender.stop().await;
    assert!(!folder.exists());
}

#[test]
fn settings_that_are_wrong_are_named() {
    for (from, url, expected) in [
        ("nobody", BOOKING_URL, NoticeConfigError::From),
        ("", BOOKING_URL, NoticeConfigError::From),
        ("tickets@boxoffice.example", "https://boxoffice.example/bookings", NoticeConfigError::BookingUrl),
    ] {
        assert_eq!(Letters::new(from, url).err(), Some(expected), "{from} {url}");
    }
    assert!(Letters::new("tickets@localhost", "").is_ok());
}
