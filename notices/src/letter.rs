//! Letters: what a notice says, written from templates with what the database knows at that moment.

use domain::booking::Booking;
use domain::contact::{Contact, Locale};
use domain::message::Message;
use domain::refund::RefundReason;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::header::{ContentType, Date, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use store::{Notice, ShowListing};

use crate::mailer::Mail;

/// The templates: of each step a subject, a text and a page.
const TEMPLATES: [(&str, &str); 14] = [
    ("layout.txt", include_str!("../templates/layout.txt")),
    ("layout.html", include_str!("../templates/layout.html")),
    ("confirmed.subject", include_str!("../templates/confirmed.subject")),
    ("confirmed.txt", include_str!("../templates/confirmed.txt")),
    ("confirmed.html", include_str!("../templates/confirmed.html")),
    ("cancelled.subject", include_str!("../templates/cancelled.subject")),
    ("cancelled.txt", include_str!("../templates/cancelled.txt")),
    ("cancelled.html", include_str!("../templates/cancelled.html")),
    ("expired.subject", include_str!("../templates/expired.subject")),
    ("expired.txt", include_str!("../templates/expired.txt")),
    ("expired.html", include_str!("../templates/expired.html")),
    ("refunded.subject", include_str!("../templates/refunded.subject")),
    ("refunded.txt", include_str!("../templates/refunded.txt")),
    ("refunded.html", include_str!("../templates/refunded.html")),
];

/// Where `{booking}` stands for the booking's id in the setting.
const BOOKING_PLACE: &str = "{booking}";

/// Writes letters.
pub struct Letters {
    templates: Environment<'static>,
    from: Mailbox,
    booking_url: String,
}

/// What a letter says. It names a person, so that it is not to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject, one line.
    pub subject: String,
    /// For those who read text.
    pub text: String,
    /// For those who read pages.
    pub html: String,
}

/// A setting of notices that is not right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeConfigError {
    /// The sender is no address.
    #[error("mail.from must be an address, as in `Box office <tickets@example.org>` (BOXOFFICE_MAIL__FROM)")]
    From,
    /// The server is not named by a URL.
    #[error(
        "mail.smtp_url {why}; it must be as in `smtp://host:port` or `smtps://user:password@host` \
         (BOXOFFICE_MAIL__SMTP_URL)"
    )]
    SmtpUrl {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The link to a booking does not say which.
    #[error("mail.booking_url must contain `{{booking}}`, or be empty (BOXOFFICE_MAIL__BOOKING_URL)")]
    BookingUrl,
}

/// A letter that cannot be written: a defect, or a row that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The template and what it is given do not go together.
    #[error("the template cannot be filled")]
    Template(#[from] minijinja::Error),
    /// The mail cannot be put together.
    #[error("the mail cannot be put together: {why}")]
    Mail {
        /// Why.
        why: String,
    },
    /// Nobody is told of such a message.
    #[error("nobody is told of a message `{kind}`")]
    NotANotice {
        /// The type of the message.
        kind: &'static str,
    },
}

/// What templates are filled with.
#[derive(Serialize)]
struct Facts<'f> {
    name: &'f str,
    booking: String,
    title: &'f str,
    starts: String,
    venue: &'f str,
    hall: &'f str,
    address: String,
    seats: Vec<SeatFacts<'f>>,
    total: String,
    link: Option<String>,
    late: bool,
    by_customer: bool,
    paid: bool,
    amount: Option<String>,
    why: Option<&'static str>,
}

#[derive(Serialize)]
struct SeatFacts<'f> {
    label: &'f str,
    category: String,
    price: String,
}

impl Letters {
    /// Letters from `from`, which lead to `booking_url` if that is not empty.
    pub fn new(from: &str, booking_url: &str) -> Result<Self, NoticeConfigError> {
        let from: Mailbox = from.parse().map_err(|_| NoticeConfigError::From)?;
        if !booking_url.is_empty() && !booking_url.contains(BOOKING_PLACE) {
            return Err(NoticeConfigError::BookingUrl);
        }
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            templates.set_syntax(syntax);
        }
        templates.set_auto_escape_callback(
            |name| {
                if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
            },
        );
        for (name, text) in TEMPLATES {
            // They are part of the program, and a test fills each.
            let _sound = templates.add_template(name, text);
        }
        Ok(Self { templates, from, booking_url: booking_url.to_owned() })
    }

    /// What a notice says to a customer.
    pub fn write(
        &self,
        notice: &Notice,
        booking: &Booking,
        show: &ShowListing,
        contact: &Contact,
    ) -> Result<Letter, LetterError> {
        let (template, late, by_customer, refund) = match &notice.message {
            Message::BookingConfirmed { late, .. } => ("confirmed", *late, false, None),
            Message::BookingCancelled { by, .. } => {
                ("cancelled", false, *by == domain::booking_state::CancelledBy::Customer, None)
            }
            Message::BookingExpired { .. } => ("expired", false, false, None),
            Message::PaymentRefunded { amount, reason, .. } => ("refunded", false, false, Some((*amount, *reason))),
            other => return Err(LetterError::NotANotice { kind: other.kind() }),
        };
        let booking_id = booking.id.to_string();
        let lines = booking.quote.as_ref().map_or(&[][..], |quote| &quote.lines);
        let facts = Facts {
            name: contact.name.as_str(),
            title: title_for(show, &contact.locale),
            starts: moment_at(show.show.starts_at, &show.venue.time_zone),
            venue: &show.venue.name,
            hall: &show.hall,
            address: format!("{}, {}", show.venue.address, show.venue.city),
            seats: lines
                .iter()
                .map(|line| SeatFacts {
                    label: &line.label,
                    category: line.category.to_string(),
                    price: line.price.to_string(),
                })
                .collect(),
            total: booking.amount.to_string(),
            link: Some(self.booking_url.replace(BOOKING_PLACE, &booking_id)).filter(|link| !link.is_empty()),
            booking: booking_id,
            late,
            by_customer,
            paid: !booking.captured.is_zero(),
            amount: refund.map(|(amount, _)| amount.to_string()),
            why: refund.map(|(_, reason)| why_of(reason)),
        };
        let fill = |ending: &str| self.templates.get_template(&format!("{template}.{ending}"))?.render(Serde(&facts));
        // A title may hold what a header may not.
        let subject = fill("subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Letter { subject, text: fill("txt")?, html: fill("html")? })
    }

    /// The mail that takes a letter to a customer.
    pub fn mail(
        &self,
        notice: &Notice,
        letter: Letter,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<Mail, LetterError> {
        let wrong = |why: &dyn std::fmt::Display| LetterError::Mail { why: why.to_string() };
        // What is wrong with an address does not belong into an error: it would be logged.
        let address = contact.email.as_str().parse().map_err(|_| wrong(&"the address is not one for SMTP"))?;
        let Letter { subject, text, html } = letter;
        let part = |kind: ContentType, body: String| SinglePart::builder().header(kind).body(body);
        let message = lettre::Message::builder()
            .message_id(Some(format!("<{}@{}>", notice.id, self.from.email.domain())))
            .header(Date::new(now.into()))
            .from(self.from.clone())
            .to(Mailbox::new(Some(contact.name.as_str().to_owned()), address))
            .subject(subject)
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, text))
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            )
            .map_err(|error| wrong(&error))?;
        Ok(Mail { notice_id: notice.id, booking_id: notice.booking_id, step: notice.step.clone(), message })
    }
}

/// The title in the language of the reader, by the "lookup" of RFC 4647, section 3.4; else in English, else in whichever
/// there is.
fn title_for<'t>(show: &'t ShowListing, locale: &Locale) -> &'t str {
    let titles = &show.event.titles;
    let named = |wanted: &str| titles.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted)).map(|(_, title)| title);
    let mut tags = std::iter::successors(Some(locale.as_str()), |tag| tag.rsplit_once('-').map(|(rest, _last)| rest));
    let found = tags.find_map(named).or_else(|| named("en"));
    found.or_else(|| titles.values().next()).map_or("", String::as_str)
}

/// A moment as the clocks of the venue show it.
fn moment_at(at: Timestamp, time_zone: &str) -> String {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%A, %-d %B %Y, %H:%M (%Z)").to_string()
}

fn why_of(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::NotConfirmed => "your payment came when the seats could no longer be sold to you",
        RefundReason::SecondCapture => "you were charged twice",
        RefundReason::Mismatch => "another amount was collected than was asked for",
        RefundReason::Cancelled => "the booking was cancelled",
        RefundReason::AtProvider => "it was given back by the payment provider",
    }
}
