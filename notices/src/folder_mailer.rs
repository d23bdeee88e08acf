//! Mail into a folder, for those who try boxoffice: a file for each, which every program of mail can open.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::mailer::{Mail, MailFault, Mailer};

/// Writes mail to files.
pub struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// Writes to `folder`, which is made when the first mail comes.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

#[async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailFault> {
        let file = self.folder.join(format!("{}.eml", mail.notice_id));
        let (half, whole, text) = (file.with_extension("part"), file.clone(), mail.message.formatted());
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&half, text)?;
            // Whoever looks into the folder finds whole mails only.
            std::fs::rename(&half, &whole)
        });
        let why = match written.await {
            Ok(Ok(())) => {
                let (step, file) = (&mail.step, file.display());
                tracing::info!(booking.id = %mail.booking_id, notice.step = step, %file, "a mail was written");
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(died) => died.to_string(),
        };
        Err(MailFault::ForNow { why })
    }
}
