//! What a sender makes of a mail server: one that takes, refuses, is away, says nothing, or forgets to say so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use notices::SmtpMailer;
use store::NoticeState;

use crate::mail_server::{MailServer, Manner};
use crate::stage::{Stage, cancelled, contact, until};

fn mailer(url: &str) -> Arc<SmtpMailer> {
    Arc::new(SmtpMailer::new(url).unwrap())
}

#[tokio::test]
async fn a_mail_is_taken_as_the_notice_it_is() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Taking).await);
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer(&server.url())).await;
    let notice = stage.until(booking, NoticeState::Sent).await;
    sender.stop().await;
    let [mail] = &server.taken()[..] else { panic!("one mail") };
    assert_eq!(mail.to, "ada1@example.org");
    assert_eq!(mail.header("Message-ID"), format!("<{}@boxoffice.example>", notice.id));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Subject"), "Cancelled: Faust, Part One");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"), "{}", mail.text);
    assert!(mail.header("Date").ends_with("+0000"), "{}", mail.text);
    assert_eq!((notice.tries, notice.last_error), (1, None));
}

#[tokio::test]
async fn mails_share_a_connection_and_outlive_its_end() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Taking).await);
    let sender = stage.sender(mailer(&server.url())).await;
    for number in 0..5 {
        stage.open(number).await;
        stage.reach(&contact(number)).await;
        let booking = stage.tell(number, "cancelled", &cancelled()).await;
        stage.until(booking, NoticeState::Sent).await;
    }
    assert_eq!((server.taken().len(), server.connections()), (5, 1));
    sender.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_take_it_now_gets_it_again() {
    let (stage, server) = (
        Stage::new().await,
        MailServer::start(Manner::RefusingRecipients("451 4.7.1 greylisted, ada1@example.org")).await,
    );
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer(&server.url())).await;
    let parked = until(async || Some(stage.notice(booking).await).filter(|notice| notice.last_error.is_some())).await;
    assert_eq!(parked.state, NoticeState::Waiting);
    let why = parked.last_error.unwrap();
    assert!(why.contains("451") && !why.contains("ada1"), "{why}");
    server.be(Manner::Taking);
    stage.hurry().await;
    let sent = stage.until(booking, NoticeState::Sent).await;
    assert_eq!((sent.tries, sent.last_error), (2, None));
    sender.stop().await;
}

#[tokio::test]
async fn a_server_that_will_never_take_it_is_not_asked_again() {
    for refusal in ["550 5.1.1 <ada1@example.org>: no such mailbox", "550 no such mailbox", "552 5.2.2 full for ada1"] {
        let (stage, server) = (Stage::new().await, MailServer::start(Manner::RefusingRecipients(refusal)).await);
        stage.open(1).await;
        stage.reach(&contact(1)).await;
        let booking = stage.tell(1, "cancelled", &cancelled()).await;
        let sender = stage.sender(mailer(&server.url())).await;
        let given_up = stage.until(booking, NoticeState::GivenUp).await;
        let why = given_up.last_error.unwrap();
        assert!(why.contains(&refusal[..3]) && !why.contains("ada1"), "{why}");
        assert_eq!(given_up.tries, 1);
        sender.stop().await;
    }
}

/// What is wrong with us, and not with the mail, costs nobody theirs.
#[tokio::test]
async fn a_server_that_does_not_want_us_gets_the_mail_once_it_does() {
    for (manner, code) in [
        (Manner::RefusingLogins("535 5.7.8 wrong password"), "535"),
        (Manner::Greeting("554 no mail is taken here"), "554"),
        (Manner::RefusingRecipients("554 5.7.1 relay access denied"), "554"),
        (Manner::RefusingRecipients("530 authentication required"), "530"),
    ] {
        let (stage, server) = (Stage::new().await, MailServer::start(manner).await);
        stage.open(1).await;
        stage.reach(&contact(1)).await;
        let booking = stage.tell(1, "cancelled", &cancelled()).await;
        let sender = stage.sender(mailer(&server.url_of("box%40office:pass%2Fword"))).await;
        let parked =
            until(async || Some(stage.notice(booking).await).filter(|notice| notice.last_error.is_some())).await;
        assert_eq!(parked.state, NoticeState::Waiting, "{manner:?}");
        assert!(parked.last_error.unwrap().contains(code));
        server.be(Manner::Taking);
        stage.hurry().await;
        stage.until(booking, NoticeState::Sent).await;
        sender.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_says_nothing_is_left_and_found_again() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Silent).await);
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let patience = Duration::from_millis(200);
    let sender = stage.sender(Arc::new(SmtpMailer::new(&server.url()).unwrap().with_timeout(patience))).await;
    let parked = until(async || Some(stage.notice(booking).await).filter(|notice| notice.last_error.is_some())).await;
    assert!(parked.last_error.unwrap().ends_with("the server does not answer in time"));
    server.be(Manner::Taking);
    stage.hurry().await;
    stage.until(booking, NoticeState::Sent).await;
    sender.stop().await;

    stage.open(2).await;
    stage.reach(&contact(2)).await;
    let booking = stage.tell(2, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer("smtp://127.0.0.1:1")).await;
    let parked = until(async || Some(stage.notice(booking).await).filter(|notice| notice.last_error.is_some())).await;
    assert!(parked.last_error.unwrap().ends_with("the server is not reached"));
    sender.stop().await;
}

#[tokio::test]
async fn a_sender_stops_while_a_server_says_nothing() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Silent).await);
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    stage.tell(1, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer(&server.url())).await;
    until(async || (server.connections() == 1).then_some(())).await;
    let start = Instant::now();
    sender.stop().await;
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[tokio::test]
async fn one_who_dies_once_the_server_has_the_mail_is_followed_by_the_same_mail() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::TakingInSilence).await);
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer(&server.url())).await;
    until(async || (server.taken().len() == 1).then_some(())).await;
    sender.kill().await;
    assert_eq!(stage.notice(booking).await.state, NoticeState::Waiting, "nobody has written it down");
    server.be(Manner::Taking);
    stage.hurry().await;
    let heir = stage.sender(mailer(&server.url())).await;
    stage.until(booking, NoticeState::Sent).await;
    heir.stop().await;
    let [first, second] = &server.taken()[..] else { panic!("two mails") };
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert_eq!((&first.to, first.header("Subject")), (&second.to, second.header("Subject")));
}

#[tokio::test]
async fn a_mail_on_its_way_arrives_before_the_sender_ends() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Slow).await);
    stage.open(1).await;
    stage.reach(&contact(1)).await;
    let booking = stage.tell(1, "cancelled", &cancelled()).await;
    let sender = stage.sender(mailer(&server.url())).await;
    until(async || (server.connections() == 1).then_some(())).await;
    let ending = tokio::spawn(sender.stop());
    server.go_on();
    ending.await.unwrap();
    assert_eq!(stage.notice(booking).await.state, NoticeState::Sent);
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn two_senders_send_each_notice_once() {
    let (stage, server) = (Stage::new().await, MailServer::start(Manner::Taking).await);
    let mut bookings = Vec::new();
    for number in 0..40 {
        stage.open(number).await;
        stage.reach(&contact(number)).await;
        bookings.push(stage.tell(number, "cancelled", &cancelled()).await);
    }
    let senders = [stage.sender(mailer(&server.url())).await, stage.sender(mailer(&server.url())).await];
    for booking in bookings {
        let notice = stage.until(booking, NoticeState::Sent).await;
        assert_eq!(notice.tries, 1);
    }
    for sender in senders {
        sender.stop().await;
    }
    let mut ids: Vec<_> = server.taken().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), server.taken().len()), (40, 40));
}

#[test]
fn a_url_that_is_wrong_is_told_apart_and_never_repeated() {
    for (url, problem) in [
        ("", "is no URL"),
        ("mail.example:25", "names no host"),
        ("http://mail.example", "begins with neither"),
        ("smtp://:secret@mail.example?tls=maybe", "has a `tls` other than"),
        ("smtps://mail.example?tls=required", "encrypted from the start"),
        ("smtps://secret@mail.example", "has a user and no password"),
    ] {
        let Err(error) = SmtpMailer::new(url) else { panic!("{url}") };
        let told = error.to_string();
        assert!(told.contains("mail.smtp_url") && told.contains(problem) && !told.contains("secret"), "{url}: {told}");
    }
    for url in ["smtp://mail.example", "smtps://user:p%40ss@mail.example", "smtp://[::1]:2525?tls=opportunistic"] {
        assert!(SmtpMailer::new(url).is_ok(), "{url}");
    }
}
