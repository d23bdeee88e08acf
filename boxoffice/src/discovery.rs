//! How others find this process: where `CONSUL_HTTP_ADDR` is set, it registers at that agent with a check of its
//! readiness, and takes itself off when it stops. Nothing here ever stops the process.

mod registration;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use tokio_util::sync::CancellationToken;

pub use registration::{Place, Registration};

/// How often it is looked whether the agent still knows of the process: one that was restarted may have forgotten.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The pause after the agent could not be told.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long one request may take.
const REQUEST_WITHIN: Duration = Duration::from_secs(3);
/// The port of an agent whose address names none.
const AGENT_PORT: u16 = 8500;

/// Where the agent is, as its own tools are told.
#[derive(Clone)]
pub struct Agent {
    url: String,
    token: Option<String>,
}

/// A registration and the agent that is to know of it.
pub struct Discovery {
    agent: Agent,
    registration: Registration,
    http: reqwest::Client,
    look_every: Duration,
}

/// Why the agent does not know.
#[derive(Debug, thiserror::Error)]
enum DiscoveryError {
    #[error("the Consul agent cannot be reached")]
    Away(#[from] reqwest::Error),
    #[error("the Consul agent answers {status}: {text}")]
    Refused { status: StatusCode, text: String },
}

impl Agent {
    /// The agent that the environment names, if it names one: `CONSUL_HTTP_ADDR`, `CONSUL_HTTP_TOKEN`,
    /// `CONSUL_HTTP_SSL`.
    pub fn of_environment() -> Option<Self> {
        Self::named_by(|name| std::env::var(name).ok())
    }

    /// The same with an environment that is given.
    pub fn named_by(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let address = variable("CONSUL_HTTP_ADDR").filter(|address| !address.is_empty())?;
        let tls = variable("CONSUL_HTTP_SSL").is_some_and(|text| matches!(text.as_str(), "1" | "true" | "TRUE"));
        let url = match address.split_once("://") {
            Some(("http" | "https", _)) => address,
            // An agent behind a socket of the file system is not spoken to.
            Some(_) => return None,
            None => {
                let host = address.rsplit_once(':').map_or("", |(_, port)| port);
                let port = if host.parse::<u16>().is_ok() { String::new() } else { format!(":{AGENT_PORT}") };
                format!("{}://{address}{port}", if tls { "https" } else { "http" })
            }
        };
        let token = variable("CONSUL_HTTP_TOKEN").filter(|token| !token.is_empty());
        Some(Self { url: url.trim_end_matches('/').to_owned(), token })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Discovery {
    /// Will tell `agent` of `registration`.
    pub fn new(agent: Agent, registration: Registration) -> Self {
        Self { agent, registration, http: reqwest::Client::new(), look_every: LOOK_EVERY }
    }

    /// The same, looking more often.
    #[must_use]
    pub fn looking_every(self, look_every: Duration) -> Self {
        Self { look_every, ..self }
    }

    /// Keeps the agent informed until `stop` is cancelled, then takes the process off its list.
    pub async fn run(self, stop: CancellationToken) {
        let id = &self.registration.id;
        let mut trouble = false;
        loop {
            let told = tokio::select! {
                () = stop.cancelled() => break,
                told = self.keep_registered() => told,
            };
            let pause = match told {
                Ok(new) => {
                    if new {
                        tracing::info!(service.id = id, agent = self.agent.url, "registered at Consul");
                    }
                    trouble = false;
                    self.look_every
                }
                Err(error) => {
                    // Once, and not every few seconds: the process is well without it.
                    if !trouble {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(service.id = id, error, "not registered at Consul; it is tried again");
                    }
                    trouble = true;
                    TRY_AGAIN_AFTER.min(self.look_every)
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(error) = self.send(Method::PUT, &format!("deregister/{id}"), None).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(service.id = id, error, "not taken off Consul's list");
        }
    }

    /// Registers unless the agent knows; answers whether it had to.
    async fn keep_registered(&self) -> Result<bool, DiscoveryError> {
        match self.send(Method::GET, "", None).await {
            Ok(()) => Ok(false),
            Err(DiscoveryError::Refused { status: StatusCode::NOT_FOUND, .. }) => {
                let body = self.registration.payload();
                self.send(Method::PUT, "register?replace-existing-checks=true", Some(body)).await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    async fn send(&self, method: Method, what: &str, body: Option<serde_json::Value>) -> Result<(), DiscoveryError> {
        let path = if what.is_empty() { &self.registration.id } else { what };
        let url = format!("{}/v1/agent/service/{path}", self.agent.url);
        let mut request: RequestBuilder = self.http.request(method, url).timeout(REQUEST_WITHIN);
        if let Some(token) = &self.agent.token {
            request = request.header("X-Consul-Token", token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let text = response.text().await.unwrap_or_default();
        Err(DiscoveryError::Refused { status, text: text.chars().take(200).collect() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_agent_is_found_as_its_own_tools_find_it() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: [(Variables, Option<&str>); 9] = [
            (&[], None),
            (&[("CONSUL_HTTP_ADDR", "")], None),
            (&[("CONSUL_HTTP_ADDR", "127.0.0.1:8500")], Some("http://127.0.0.1:8500")),
            (&[("CONSUL_HTTP_ADDR", "consul")], Some("http://consul:8500")),
            (&[("CONSUL_HTTP_ADDR", "consul:1"), ("CONSUL_HTTP_SSL", "true")], Some("https://consul:1")),
            (&[("CONSUL_HTTP_ADDR", "consul:1"), ("CONSUL_HTTP_SSL", "false")], Some("http://consul:1")),
            (&[("CONSUL_HTTP_ADDR", "https://consul:8501/")], Some("https://consul:8501")),
            (&[("CONSUL_HTTP_ADDR", "http://consul/behind")], Some("http://consul/behind")),
            (&[("CONSUL_HTTP_ADDR", "unix:///run/consul.sock")], None),
        ];
        for (environment, expected) in cases {
            let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
            let agent = Agent::named_by(|name| environment.get(name).map(|text| (*text).to_owned()));
            assert_eq!(agent.as_ref().map(Agent::url), expected, "{environment:?}");
        }
    }
}
