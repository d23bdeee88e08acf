//! `boxoffice api`, `worker` and `payments`: one role of the distributed mode, with everything from the configuration.

use std::net::SocketAddr;

use crate::application::{Application, ConsumerGroup, Roles};
use crate::discovery::{Agent, Discovery, Place, Registration};
use crate::operations::Operations;
use crate::provider::Provider;
use crate::relaying::RelayProcess;
use crate::settings::{ProcessRole, Settings};
use crate::stop;

/// Serves until it is told to stop.
pub(super) async fn run(settings: Settings, role: ProcessRole, groups: &[ConsumerGroup]) -> anyhow::Result<()> {
    // Before anything is waited for or bound: whatever is wrong is said at once.
    settings.validate(&[role])?;
    let stop = stop::on_signal()?;
    let operations = match settings.operations.listen {
        Some(listen) => Some(Operations::bind(listen).await?),
        None => None,
    };
    match role {
        ProcessRole::Payments => {
            let provider = Provider::build(settings).await?;
            let listen = provider.settings().payments.listen;
            let discovery = discovery(provider.settings(), role, Some(listen), operations.as_ref());
            tracing::info!(%listen, "the payment provider is up");
            let provider = operations.into_iter().fold(provider, Provider::operated_on);
            discovery.into_iter().fold(provider, Provider::found_by).run(stop).await
        }
        ProcessRole::Relay => {
            let building = RelayProcess::build(settings);
            let relay = tokio::select! {
                built = building => built?,
                () = stop.cancelled() => return Ok(()),
            };
            let discovery = discovery(relay.settings(), role, None, operations.as_ref());
            tracing::info!(role = role.name(), "the process is up");
            let relay = operations.into_iter().fold(relay, RelayProcess::operated_on);
            discovery.into_iter().fold(relay, RelayProcess::found_by).run(stop).await
        }
        ProcessRole::Api | ProcessRole::Worker | ProcessRole::Consume => {
            let roles = Roles {
                api: role == ProcessRole::Api,
                worker: role == ProcessRole::Worker,
                relay: false,
                consume: groups.to_vec(),
                mail: None,
                simulator: None,
            };
            let building = Application::build(settings, roles);
            let application = tokio::select! {
                built = building => built?,
                // It may be waiting for its database.
                () = stop.cancelled() => return Ok(()),
            };
            let listen = (role == ProcessRole::Api).then_some(application.settings().api.listen);
            let discovery = discovery(application.settings(), role, listen, operations.as_ref());
            tracing::info!(role = role.name(), "the process is up");
            let application = operations.into_iter().fold(application, Application::operated_on);
            discovery.into_iter().fold(application, Application::found_by).run(stop).await
        }
    }
}

/// How others are to find the process, where an agent is named that can be told.
fn discovery(
    settings: &Settings,
    role: ProcessRole,
    serves: Option<SocketAddr>,
    operations: Option<&Operations>,
) -> Option<Discovery> {
    let agent = Agent::of_environment()?;
    let Some(operations) = operations.map(Operations::address) else {
        tracing::warn!("not registered at Consul: without operations.listen there is nothing to check");
        return None;
    };
    let machine = rustix::system::uname();
    let place = Place {
        role,
        serves: serves.unwrap_or(operations),
        operations,
        advertise: &settings.discovery.advertise,
        machine: &machine.nodename().to_string_lossy(),
    };
    Some(Discovery::new(agent, Registration::of(&place)))
}
