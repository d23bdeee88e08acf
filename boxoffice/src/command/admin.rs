//! `boxoffice admin`: who operates the platform. Nobody can make themselves an operator over HTTP.

use anyhow::{Context, bail};
use domain::contact::EmailAddress;
use store::Store;

use super::target::TargetArguments;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub(super) struct AdminArguments {
    /// The address of the account, which has to be registered.
    email: String,
    /// They are no operator any more.
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    target: TargetArguments,
}

/// Makes somebody an operator, or no longer one.
pub(super) async fn run(settings: Settings, arguments: AdminArguments) -> anyhow::Result<()> {
    let email = EmailAddress::parse(&arguments.email).with_context(|| format!("`{}` is refused", arguments.email))?;
    let settings = arguments.target.find(settings)?.settings;
    let store = Store::connect(&settings.database.config()).await?;
    let known = store.set_admin(&email, !arguments.revoke).await?;
    store.close().await?;
    if !known {
        bail!("nobody has registered with {}", email.as_str());
    }
    match arguments.revoke {
        true => println!("{} is no operator any more; what they change is refused from now on", email.as_str()),
        false => println!("{} is an operator from the next access token on", email.as_str()),
    }
    Ok(())
}
