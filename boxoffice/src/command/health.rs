//! `boxoffice health`: asks the process on this machine whether it is ready, as a container's health check does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::settings::Settings;

/// How long the process may take to answer; it needs at most 1.5 s to ask its own parts.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct HealthArguments {
    /// What to ask, if it is not the readiness on the operations listener of this configuration.
    #[arg(long)]
    url: Option<String>,
}

/// Prints the answer; fails unless it is a success.
pub(super) async fn run(settings: &Settings, arguments: HealthArguments) -> anyhow::Result<()> {
    let url = match (arguments.url, settings.operations.listen) {
        (Some(url), _) => url,
        (None, Some(listen)) => format!("http://{}/health/ready", on_this_machine(listen)),
        (None, None) => bail!("operations.listen is empty, so nothing answers (BOXOFFICE_OPERATIONS__LISTEN)"),
    };
    let asked = reqwest::Client::new().get(&url).timeout(ANSWER_WITHIN).send().await;
    let answer = asked.with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    println!("{}", answer.text().await?);
    if !status.is_success() {
        bail!("{url} answers {status}");
    }
    Ok(())
}

fn on_this_machine(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, listen.port()).into()
}
