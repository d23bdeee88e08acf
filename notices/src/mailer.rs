//! Somebody who takes mail.

use async_trait::async_trait;
use domain::ids::{BookingId, NoticeId};
use lettre::Message;

/// How long a mailer may take with a mail.
pub(crate) const SEND_SECONDS: u64 = 40;

/// A mail, ready to go.
#[derive(Clone)]
pub struct Mail {
    /// The notice that it carries.
    pub notice_id: NoticeId,
    /// The booking that the notice is about.
    pub booking_id: BookingId,
    /// The step of the booking.
    pub step: String,
    /// What is sent.
    pub message: Message,
}

/// Somebody who takes mail. What was taken once may be given again: the mail's `Message-ID` is that of the notice.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Takes a mail; it is the mailer's from then on. Answers within 40 s.
    async fn send(&self, mail: &Mail) -> Result<(), MailFault>;
}

/// Why a mail was not taken. Nothing in it names the person it is for.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// It may be taken later.
    #[error("the mail was not taken for now: {why}")]
    ForNow {
        /// Why.
        why: String,
    },
    /// It never will be.
    #[error("the mail was refused: {why}")]
    Refused {
        /// Why.
        why: String,
    },
}
