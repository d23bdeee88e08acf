//! `boxoffice token`: somebody to call the API as.

use app::identity::Role;
use domain::ids::CustomerId;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::target::TargetArguments;
use crate::promises::development_token;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub(super) struct TokenArguments {
    /// For whom; somebody new if not given.
    #[arg(long)]
    customer: Option<CustomerId>,
    /// For an operator.
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    target: TargetArguments,
}

/// Prints a token.
pub(super) fn run(settings: Settings, arguments: &TokenArguments) -> anyhow::Result<()> {
    // A secret that is configured is all it takes; else it is the one of the data folder.
    let configured = !settings.identity.token_secret.expose_secret().is_empty();
    let settings = if configured { settings } else { arguments.target.find(settings)?.settings };
    let customer = arguments.customer.unwrap_or_else(|| CustomerId::new(Uuid::new_v4()));
    let roles: &[Role] = if arguments.admin { &[Role::Admin, Role::Customer] } else { &[Role::Customer] };
    println!("{}", development_token(&settings, customer, roles)?);
    Ok(())
}
