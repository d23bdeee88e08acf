//! `boxoffice repair`: an operator's word to a stuck booking, through the API's audited door.

use anyhow::ensure;
use app::identity::Role;
use clap::ValueEnum;
use domain::ids::{BookingId, CustomerId};
use uuid::Uuid;

use super::target::TargetArguments;
use crate::promises::development_token;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub(super) struct RepairArguments {
    /// The booking.
    booking: BookingId,
    /// What to tell its saga.
    action: RepairChoice,
    /// Where the booking ends, with `resolve`; where it was going if not given.
    #[arg(long = "as")]
    end: Option<EndChoice>,
    /// Why; kept in the audit log and on the timeline.
    #[arg(long)]
    note: String,
    #[command(flatten)]
    target: TargetArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RepairChoice {
    Retry,
    Resolve,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndChoice {
    Expired,
    Failed,
    Cancelled,
}

/// Tells the saga.
pub(super) async fn run(settings: Settings, arguments: RepairArguments) -> anyhow::Result<()> {
    let target = arguments.target.find(settings)?;
    let api = target.api()?;
    let token = development_token(&target.settings, CustomerId::new(Uuid::nil()), &[Role::Admin])?;
    let action = match arguments.action {
        RepairChoice::Retry => "retry",
        RepairChoice::Resolve => "resolve",
    };
    // The token is the machine's, so the name of whoever is logged in goes into the note.
    let operator = std::env::var("USER").unwrap_or_else(|_unset| "somebody".to_owned());
    let note = format!("{operator}: {}", arguments.note);
    let mut body = serde_json::json!({ "action": action, "note": note });
    if let Some(end) = arguments.end {
        let end = match end {
            EndChoice::Expired => "expired",
            EndChoice::Failed => "failed",
            EndChoice::Cancelled => "cancelled",
        };
        body["end"] = end.into();
    }
    let url = format!("{api}/api/v1/admin/bookings/{}/repair", arguments.booking);
    let response = reqwest::Client::new().post(url).bearer_auth(token).json(&body).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the API answers {status}: {}", response.text().await?);
    println!("the saga of {} has been told to {action}", arguments.booking);
    Ok(())
}
