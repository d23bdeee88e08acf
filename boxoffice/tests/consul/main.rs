//! The registration of every role at a real Consul agent. Run by `make test-consul`, not by `make test`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

use std::time::Duration;

use serde_json::Value;
use testkit::{Cast, Stage, eventually};

const SOON: Duration = Duration::from_secs(30);

fn agent() -> String {
    let address = std::env::var("CONSUL_HTTP_ADDR").expect("CONSUL_HTTP_ADDR names an agent: run `make test-consul`");
    format!("http://{address}")
}

/// The processes of a role that pass their checks.
async fn passing(role: &str) -> Option<Vec<Value>> {
    let url = format!("{}/v1/health/service/boxoffice-{role}?passing=true", agent());
    reqwest::get(url).await.ok()?.json().await.ok()
}

async fn there_are(role: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} of {role} pass their checks"), SOON, || async {
        passing(role).await.filter(|found| found.len() == count)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_is_found_while_it_is_well() {
    let mut stage = Stage::set(Cast::new(env!("CARGO_BIN_EXE_boxoffice"), 2, 2)).await;
    there_are("worker", 2).await;
    there_are("payments", 1).await;
    let apis = there_are("api", 2).await;
    let addresses: Vec<String> = apis
        .iter()
        .map(|api| format!("http://{}:{}", api["Service"]["Address"].as_str().unwrap(), api["Service"]["Port"]))
        .collect();
    for address in &stage.apis {
        assert!(addresses.contains(address), "{address} is not among {addresses:?}");
        let shows = reqwest::get(format!("{address}/api/v1/shows")).await.unwrap();
        assert!(shows.status().is_success());
    }

    // Told to stop, a process takes itself off the list at once; killed, it stops passing its check.
    stage.fleet.stop("api-1").await;
    assert_eq!(passing("api").await.unwrap().len(), 1);
    stage.fleet.kill("worker-1");
    there_are("worker", 1).await;
    stage.fleet.start("worker-1");
    stage.fleet.start("api-1");
    there_are("worker", 2).await;
    there_are("api", 2).await;

    // An agent that has forgotten is told again.
    let id = there_are("api", 2).await[0]["Service"]["ID"].as_str().unwrap().to_owned();
    let forgotten = reqwest::Client::new().put(format!("{}/v1/agent/service/deregister/{id}", agent())).send().await;
    assert!(forgotten.unwrap().status().is_success());
    there_are("api", 1).await;
    eventually("the process is registered again", Duration::from_secs(60), || async {
        passing("api").await.filter(|found| found.len() == 2)
    })
    .await;
    stage.rests_with_every_promise_kept(SOON).await;
    for role in ["api", "worker", "payments"] {
        assert_eq!(passing(role).await.unwrap().len(), 0, "{role}");
    }
}
