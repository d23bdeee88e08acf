//! What letters say, held against files of what they are to say.
//!
//! After a change of a template, `BOXOFFICE_BLESS=1` writes the files anew, for the eyes of whoever changes it.

use std::collections::BTreeMap;
use std::path::Path;

use domain::contact::{Contact, Locale, PersonName};
use domain::ids::BookingId;
use notices::{Letter, Letters};
use store::Notice;

use crate::stage::{FROM, Stage, contact, letters, request, title};

async fn write(stage: &Stage, letters: &Letters, notice: &Notice, contact: &Contact) -> Letter {
    let booking = stage.store.find_booking(notice.booking_id).await.unwrap().unwrap();
    let show = stage.store.find_show_listing(booking.show_id).await.unwrap().unwrap();
    letters.write(notice, &booking, &show, contact).unwrap()
}

fn of<'n>(notices: &'n [Notice], booking: BookingId, step: &str) -> &'n Notice {
    let found = notices.iter().find(|notice| notice.booking_id == booking && notice.step.starts_with(step));
    found.unwrap_or_else(|| panic!("no {step} in {notices:?}"))
}

/// Compares with the file of the name, subject first.
fn check(name: &str, letter: &Letter) {
    for (ending, text) in
        [("txt", format!("Subject: {}\n\n{}\n", letter.subject, letter.text)), ("html", format!("{}\n", letter.html))]
    {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/letters").join(format!("{name}.{ending}"));
        if std::env::var_os("BOXOFFICE_BLESS").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, expected, "{}", file.display());
    }
}

#[tokio::test]
async fn each_step_is_told_in_its_words() {
    let stage = Stage::new().await;
    let (bought, unpaid) = (stage.buy(1).await, stage.open(2).await);
    let ada = contact(1);
    let noted = stage.note().await;
    check("confirmed", &write(&stage, &letters(), of(&noted, bought.booking_id, "confirmed"), &ada).await);
    stage.cancel(&bought).await;
    stage.expire(&unpaid).await;
    let noted = stage.note().await;
    check("cancelled", &write(&stage, &letters(), of(&noted, bought.booking_id, "cancelled"), &ada).await);
    check("refunded", &write(&stage, &letters(), of(&noted, bought.booking_id, "refunded"), &ada).await);
    check("expired", &write(&stage, &letters(), of(&noted, unpaid.booking_id, "expired"), &ada).await);
}

#[tokio::test]
async fn a_page_shows_what_looks_like_a_page_and_a_subject_stays_one_line() {
    let nasty = "<script>alert(\"&\")</script>\r\nBcc: all@example.org";
    let stage = Stage::showing(BTreeMap::from([title("en", nasty)])).await;
    let bought = stage.buy(1).await;
    let noted = stage.note().await;
    let name = PersonName::parse("Ada <img src=x onerror=alert(1)> & 'Co'").unwrap();
    let contact = Contact { name, ..contact(1) };
    let notice = of(&noted, bought.booking_id, "confirmed");
    let letter = write(&stage, &letters(), notice, &contact).await;
    assert!(!letter.html.contains("<script") && !letter.html.contains("<img"), "{}", letter.html);
    assert!(letter.html.contains("&lt;script&gt;") && letter.html.contains("Ada &lt;img src"), "{}", letter.html);
    assert!(letter.text.contains("Dear Ada <img src=x onerror=alert(1)> & 'Co'"), "text is as it is: {}", letter.text);
    assert_eq!(letter.subject, "Your tickets: <script>alert(\"&\")</script> Bcc: all@example.org");
    let mail = letters().mail(notice, letter, &contact, jiff::Timestamp::now()).unwrap();
    let text = String::from_utf8(mail.message.formatted()).unwrap();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert_eq!(mail.message.envelope().to().len(), 1);
}

#[tokio::test]
async fn a_title_is_told_in_the_language_of_the_reader_where_there_is_one() {
    let titles = [
        title("de", "Der Sturm"),
        title("pt-BR", "A Tempestade"),
        title("pt", "A Tormenta"),
        title("zh-Hant", "暴風雨"),
    ];
    let stage = Stage::showing(BTreeMap::from(titles)).await;
    let bought = stage.buy(1).await;
    let noted = stage.note().await;
    for (locale, expected) in [
        ("de", "Der Sturm"),
        ("de-AT", "Der Sturm"),
        ("DE-at", "Der Sturm"),
        ("pt-BR", "A Tempestade"),
        ("pt-PT", "A Tormenta"),
        ("zh-Hant-TW", "暴風雨"),
        // Nobody has translated it, and there is no English: whatever there is.
        ("fi", "Der Sturm"),
    ] {
        let contact = Contact { locale: Locale::parse(locale).unwrap(), ..contact(1) };
        let letter = write(&stage, &letters(), of(&noted, bought.booking_id, "confirmed"), &contact).await;
        assert_eq!(letter.subject, format!("Your tickets: {expected}"), "{locale}");
    }
}

#[tokio::test]
async fn without_a_place_to_look_there_is_no_link() {
    let stage = Stage::new().await;
    let bought = stage.buy(1).await;
    let noted = stage.note().await;
    let letters = Letters::new(FROM, "").unwrap();
    let letter = write(&stage, &letters, of(&noted, bought.booking_id, "confirmed"), &contact(1)).await;
    assert!(!letter.html.contains("<a ") && !letter.text.contains("http"), "{}", letter.text);
    assert!(letter.text.contains(&format!("Booking {}", request(1).booking_id)));
}
