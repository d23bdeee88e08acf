//! Mail through a server that speaks SMTP.

use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::letter::NoticeConfigError;
use crate::mailer::{Mail, MailFault, Mailer};

/// How long each step of a conversation with the server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Gives mail to a server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpMailer {
    /// The server of a URL: `smtp://host:port`, `smtps://user:password@host`, `smtp://host?tls=required`.
    pub fn new(url: &str) -> Result<Self, NoticeConfigError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| NoticeConfigError::SmtpUrl)?;
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build() })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailFault> {
        self.transport.send(mail.message.clone()).await.map(|_response| ()).map_err(|error| fault(&error))
    }
}

/// A server that refuses for good says so by its code; what it says beside it may repeat the address.
fn fault(error: &Error) -> MailFault {
    let why = match error.status() {
        Some(code) => format!("the server answers {code}"),
        None if error.is_timeout() => "the server does not answer in time".to_owned(),
        None if error.is_tls() => "the encrypted connection cannot be made".to_owned(),
        None => "the server is not reached".to_owned(),
    };
    if error.is_permanent() { MailFault::Refused { why } } else { MailFault::ForNow { why } }
}
