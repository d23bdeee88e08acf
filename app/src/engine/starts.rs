//! How often sagas were started, as the engine remembers it: for the checker, not for any use case.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowListOptions};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflows::book_ticket::BookTicket;

use super::{Engine, EngineAway};

impl Engine {
    /// The ids of the `BookTicket` sagas on our task queue that were started more than once, each with how often. Those
    /// that run count as well as those that the engine has not forgotten yet.
    pub async fn started_again(&self) -> Result<BTreeMap<String, usize>, EngineAway> {
        let query = format!("WorkflowType = 'BookTicket' AND TaskQueue = '{}'", self.config().task_queue);
        let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut list = self.client().await?.list_workflows(query, WorkflowListOptions::default());
        while let Some(saga) = list.try_next().await.map_err(|error| EngineAway(error.to_string()))? {
            runs.entry(saga.id().to_owned()).or_default().push(saga.run_id().to_owned());
        }
        let mut again = BTreeMap::new();
        for (saga, runs) in runs.into_iter().filter(|(_, runs)| runs.len() > 1) {
            let mut starts = BTreeSet::new();
            for run in runs {
                starts.insert(self.start_of(&saga, run).await?);
            }
            if starts.len() > 1 {
                again.insert(saga, starts.len());
            }
        }
        Ok(again)
    }

    /// The run that began with the same start as this one: itself, or the one that it is a reset of.
    async fn start_of(&self, saga: &str, run: String) -> Result<String, EngineAway> {
        let client = self.client().await?;
        let mut this = client.get_workflow_handle::<BookTicket>(saga).info().clone();
        this.run_id = Some(run.clone());
        let handle = this.bind_untyped(client.clone());
        let mut history = handle.fetch_history(WorkflowFetchHistoryOptions::default());
        match history.try_next().await.map_err(|error| EngineAway(error.to_string()))?.and_then(|it| it.attributes) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => Ok(started.original_execution_run_id),
            Some(_) | None => Ok(run),
        }
    }
}
