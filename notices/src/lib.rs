//! Notices: what is told to the people who have booked, by mail. Knows no Kafka and no engine.

mod folder_mailer;
mod letter;
mod mailer;
mod sender;
mod smtp_mailer;

pub use folder_mailer::FolderMailer;
pub use letter::{Letter, LetterError, Letters, NoticeConfigError};
pub use mailer::{Mail, MailFault, Mailer};
pub use sender::Sender;
pub use smtp_mailer::SmtpMailer;
