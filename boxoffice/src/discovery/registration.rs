//! What is said of a process: under which name and where it is found, and how it is seen whether it is well.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use crate::settings::ProcessRole;

/// How often the agent looks at the readiness of the process, and how long it waits for the answer.
const CHECK_EVERY: &str = "5s";
const CHECK_WITHIN: &str = "3s";
/// After how long a process that does not answer is forgotten: it was killed and comes back elsewhere. Consul looks for
/// such processes every 30 s and takes no less than a minute.
const FORGET_AFTER: &str = "5m";

/// A process as others are to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its name among all processes; the same after a restart.
    pub id: String,
    role: ProcessRole,
    /// The host that others are told; none for that of the agent itself.
    host: Option<String>,
    port: u16,
    operations: SocketAddr,
    check_host: String,
}

/// Where a process listens, and what is said of it.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// What it does.
    pub role: ProcessRole,
    /// Where it serves; where it is operated, if it serves nothing.
    pub serves: SocketAddr,
    /// Where health and metrics are.
    pub operations: SocketAddr,
    /// The host that others reach it by; empty for the addresses it listens on.
    pub advertise: &'a str,
    /// The name of the machine.
    pub machine: &'a str,
}

impl Registration {
    /// What is to be said of the process at `place`.
    pub fn of(place: &Place<'_>) -> Self {
        let host = match place.advertise {
            "" => Some(place.serves.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()),
            advertised => Some(advertised.to_owned()),
        };
        // An agent that is not told a host is on this machine.
        let check_host = match (place.advertise, place.operations.ip()) {
            ("", ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            ("", IpAddr::V6(ip)) => format!("[{ip}]"),
            // What listens on the loopback interface alone is not reached by any other name.
            (_, IpAddr::V4(ip)) if ip.is_loopback() => ip.to_string(),
            ("", IpAddr::V4(ip)) => ip.to_string(),
            (advertised, _) => advertised.to_owned(),
        };
        let named = host.clone().unwrap_or_else(|| place.machine.to_owned());
        let port = place.serves.port();
        Self {
            id: format!("boxoffice-{}-{}-{port}", place.role.name(), plain(&named)),
            role: place.role,
            host,
            port,
            operations: place.operations,
            check_host,
        }
    }

    /// The body of a request to `/v1/agent/service/register`.
    pub fn payload(&self) -> Value {
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("boxoffice-{}", self.role.name());
        let mut payload = json!({
            "ID": self.id,
            "Name": name,
            "Port": self.port,
            "Tags": [self.role.name(), format!("v{version}")],
            "Meta": {
                "version": version,
                "role": self.role.name(),
                "operations_port": self.operations.port().to_string(),
                "metrics_path": "/metrics",
            },
            "Check": {
                "CheckID": format!("{}-ready", self.id),
                "Name": "readiness",
                "HTTP": format!("http://{}:{}/health/ready", self.check_host, self.operations.port()),
                "Method": "GET",
                "Interval": CHECK_EVERY,
                "Timeout": CHECK_WITHIN,
                "DeregisterCriticalServiceAfter": FORGET_AFTER,
            },
        });
        if let Some(host) = &self.host {
            payload["Address"] = host.as_str().into();
        }
        payload
    }
}

/// Text that may stand in an id and in a path.
fn plain(text: &str) -> String {
    text.chars().map(|it| if it.is_ascii_alphanumeric() || matches!(it, '.' | '-') { it } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(serves: &str, operations: &str, advertise: &str) -> Registration {
        let (serves, operations) = (serves.parse().unwrap(), operations.parse().unwrap());
        Registration::of(&Place { role: ProcessRole::Api, serves, operations, advertise, machine: "box 1" })
    }

    #[test]
    fn the_agent_is_told_what_it_can_reach() {
        let cases = [
            ("127.0.0.1:80", "127.0.0.1:81", "", Some("127.0.0.1"), "http://127.0.0.1:81/health/ready"),
            ("10.0.0.1:80", "10.0.0.1:81", "", Some("10.0.0.1"), "http://10.0.0.1:81/health/ready"),
            ("0.0.0.0:80", "0.0.0.0:81", "", None, "http://127.0.0.1:81/health/ready"),
            ("0.0.0.0:80", "0.0.0.0:81", "api-1", Some("api-1"), "http://api-1:81/health/ready"),
            ("0.0.0.0:80", "127.0.0.1:81", "api-1", Some("api-1"), "http://127.0.0.1:81/health/ready"),
            ("[::1]:80", "[::1]:81", "", Some("::1"), "http://[::1]:81/health/ready"),
        ];
        for (serves, operations, advertise, address, check) in cases {
            let payload = registration(serves, operations, advertise).payload();
            assert_eq!(payload["Address"].as_str(), address, "{serves} {advertise}");
            assert_eq!(payload["Check"]["HTTP"], check, "{serves} {advertise}");
        }
    }

    #[test]
    fn a_process_has_one_name_over_restarts_and_its_own() {
        let first = registration("0.0.0.0:80", "0.0.0.0:81", "");
        assert_eq!(first.id, "boxoffice-api-box-1-80");
        assert_eq!(first, registration("0.0.0.0:80", "0.0.0.0:81", ""));
        assert_ne!(first.id, registration("0.0.0.0:82", "0.0.0.0:83", "").id);
        assert_ne!(first.id, registration("0.0.0.0:80", "0.0.0.0:81", "other").id);
    }

    #[test]
    fn the_payload_is_what_the_agent_documents() {
        let payload = registration("10.0.0.1:7880", "10.0.0.1:7883", "").payload();
        assert_eq!(payload["Name"], "boxoffice-api");
        assert_eq!(payload["Port"], 7880);
        assert_eq!(payload["Tags"], json!(["api", concat!("v", env!("CARGO_PKG_VERSION"))]));
        assert_eq!(payload["Meta"]["operations_port"], "7883", "values of Meta are texts");
        assert_eq!(payload["Check"]["DeregisterCriticalServiceAfter"], "5m");
        assert!(payload["Meta"].as_object().unwrap().values().all(Value::is_string));
    }
}
