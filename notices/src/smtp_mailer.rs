//! Mail through a server that speaks SMTP.
//!
//! The conversations are held here and not by lettre's transport, for two reasons. It has no limit on how long a server
//! may be silent once it is connected to. And it does not say whether a server refused a recipient or would not have us
//! at all, as it does with a wrong password: the first is about one mail, the second must not cost anybody theirs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::letter::NoticeConfigError;
use crate::mailer::{Mail, MailFault, Mailer};

/// How long it may take to be let in by the server, and how long to hand a mail over.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection is kept for the next mail; servers hang up after a minute at the earliest.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// How many connections are kept.
const KEPT: usize = 8;

/// Gives mail to a server.
pub struct SmtpMailer {
    server: Server,
    timeout: Duration,
    kept: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    own_name: ClientId,
}

impl SmtpMailer {
    /// The server of a URL: `smtp://host:port`, `smtps://user:password@host`, `smtp://host?tls=required`.
    pub fn new(url: &str) -> Result<Self, NoticeConfigError> {
        let server = Server::parse(url).map_err(|why| NoticeConfigError::SmtpUrl { why })?;
        Ok(Self { server, timeout: TIMEOUT, kept: Mutex::default() })
    }

    /// The same with less patience.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// A connection that the server has let in: one that was kept, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        while let Some(mut connection) = self.take_kept() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        self.server.connect().await
    }

    fn take_kept(&self) -> Option<AsyncSmtpConnection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, since)| since.elapsed() < KEPT_FOR);
        kept.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push((connection, Instant::now()));
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailFault> {
        // Whatever a server says before it has been told of a mail is not about the mail.
        let mut connection = match tokio::time::timeout(self.timeout, self.connection()).await {
            Ok(connected) => connected.map_err(|error| MailFault::ForNow { why: why(&error) })?,
            Err(_late) => return Err(silent()),
        };
        let (envelope, text) = (mail.message.envelope(), mail.message.formatted());
        // A conversation that is broken off ends with its connection: the next mail must not read its answers.
        match tokio::time::timeout(self.timeout, connection.send(envelope, &text)).await {
            Ok(Ok(_response)) => {
                self.keep(connection);
                Ok(())
            }
            Ok(Err(error)) if is_about_the_mail(&error) => Err(MailFault::Refused { why: why(&error) }),
            Ok(Err(error)) => Err(MailFault::ForNow { why: why(&error) }),
            Err(_late) => Err(silent()),
        }
    }
}

impl Server {
    /// Says what is wrong with a URL without repeating it: it may carry a password.
    fn parse(url: &str) -> Result<Self, &'static str> {
        let url = Url::parse(url).map_err(|_| "is no URL")?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?.to_owned();
        let parameters =
            || TlsParameters::new(host.clone()).map_err(|_| "names a host that no certificate could be of");
        let wish = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, wish)| wish.into_owned());
        let (port, tls) = match (url.scheme(), wish.as_deref()) {
            ("smtps", None) => (SUBMISSIONS_PORT, Tls::Wrapper(parameters()?)),
            ("smtp", None) => (SMTP_PORT, Tls::None),
            ("smtp", Some("required")) => (SUBMISSION_PORT, Tls::Required(parameters()?)),
            ("smtp", Some("opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(parameters()?)),
            ("smtp", Some(_)) => return Err("has a `tls` other than `required` and `opportunistic`"),
            ("smtps", Some(_)) => return Err("has a `tls`, and `smtps` is encrypted from the start"),
            _ => return Err("begins with neither `smtp://` nor `smtps://`"),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let credentials = match url.password() {
            Some(password) => {
                let (Ok(user), Ok(password)) = (decoded(url.username()), decoded(password)) else {
                    return Err("has a user or a password that is not UTF-8");
                };
                Some(Credentials::new(user, password))
            }
            None if !url.username().is_empty() => return Err("has a user and no password"),
            None => None,
        };
        let own_name = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), tls, credentials, own_name })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.trim_matches(['[', ']']), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &self.own_name, from_the_start, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.own_name).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.own_name).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

const SILENT: &str = "the server does not answer in time";

fn silent() -> MailFault {
    MailFault::ForNow { why: SILENT.to_owned() }
}

/// Why a mail was not taken. Only codes are repeated: what a server says beside them may hold the address.
fn why(error: &Error) -> String {
    match (error.status(), enhanced_code(error)) {
        (Some(code), Some([class, subject, detail])) => {
            format!("the server answers {code} ({class}.{subject}.{detail})")
        }
        (Some(code), None) => format!("the server answers {code}"),
        (None, _) if error.is_timeout() => SILENT.to_owned(),
        (None, _) if error.is_tls() => "the encrypted connection cannot be made".to_owned(),
        (None, _) if error.is_client() => "the server cannot do what the mail needs".to_owned(),
        (None, _) => "the server is not reached".to_owned(),
    }
}

/// Whether a server never will take a mail for what it is or for whom: the mailbox is not there, the text is refused.
/// A refusal for who we are, a relay denied or a bad sender, ends when somebody sets it right.
///
/// The enhanced codes are those of RFC 3463; the plain ones are what RFC 5321, section 4.2.3, has for mail.
fn is_about_the_mail(error: &Error) -> bool {
    if !error.is_permanent() {
        return false;
    }
    match enhanced_code(error) {
        // A bad address of the sender; ours, and the same for all.
        Some([_, 1, 7 | 8]) => false,
        Some([_, subject, _]) => matches!(subject, 1 | 2 | 6),
        None => error
            .status()
            .is_some_and(|code| matches!(code.to_string().as_str(), "550" | "551" | "552" | "553" | "554" | "556")),
    }
}

/// The code that a server begins its text with, as in `5.1.1 there is no such mailbox`.
fn enhanced_code(error: &Error) -> Option<[u16; 3]> {
    let text = std::error::Error::source(error)?.to_string();
    let mut numbers = text.split_whitespace().next()?.split('.').map(|number| number.parse().ok());
    match (numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()) {
        (class @ (4 | 5), subject, detail, None) => Some([class, subject, detail]),
        _ => None,
    }
}
