//! The engine's floor: a workflow that is started, answers its caller, gets one signal and completes, with no activity.
//! Nothing that keeps a promise can be cheaper on this engine.

#![allow(missing_docs, reason = "the macros make undocumented constants of the handlers")]

use std::time::{Duration, Instant};

use anyhow::Context;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, WorkflowGetResultOptions, WorkflowIdConflictPolicy,
    WorkflowSignalOptions, WorkflowStartOptions, WorkflowUpdateWithStartOptions,
};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};
use tokio::task::LocalSet;
use uuid::Uuid;

/// How long the floor's worker may take to begin.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// See the module.
#[workflow]
pub(crate) struct Floor {
    signalled: bool,
}

#[workflow_methods]
impl Floor {
    #[init]
    fn new(_ctx: &WorkflowContextView, _input: ()) -> Self {
        Self { signalled: false }
    }

    #[signal(name = "go_on")]
    pub(crate) fn go_on(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _nothing: ()) {
        self.signalled = true;
    }

    #[update(name = "answer")]
    pub(crate) async fn answer(_ctx: &mut WorkflowContext<Self>, _nothing: ()) -> bool {
        true
    }

    #[run(name = "Floor")]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let _cancelled = ctx.wait_condition(|floor| floor.signalled).await;
        Ok(())
    }
}

/// Whether the floor's caller is answered. The one that is not shows what the answer costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// By an update that starts it, in one round trip.
    ByUpdate,
    /// Not at all: it is only known to have started.
    Never,
}

/// How long each half of one run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Halves {
    /// From the call to the answer.
    pub(crate) opened: Duration,
    /// From the signal to the end.
    pub(crate) completed: Duration,
}

/// Whoever starts workflows of the floor.
#[derive(Clone)]
pub(crate) struct FloorCaller {
    client: Client,
    queue: String,
}

impl FloorCaller {
    /// Connects, and waits until the floor's worker answers.
    pub(crate) async fn connect(engine: &str, namespace: &str, queue: &str) -> anyhow::Result<Self> {
        let caller = Self { client: client(engine, namespace).await?, queue: queue.to_owned() };
        let first = tokio::time::timeout(READY_WITHIN, caller.run(Answered::ByUpdate)).await;
        first.context("the floor's worker does not begin")??;
        Ok(caller)
    }

    /// Runs one workflow from its start to its end.
    pub(crate) async fn run(&self, answered: Answered) -> anyhow::Result<Halves> {
        let id = format!("floor-{}", Uuid::new_v4().simple());
        let began = Instant::now();
        match answered {
            Answered::ByUpdate => {
                let (queue, conflict) = (self.queue.clone(), WorkflowIdConflictPolicy::UseExisting);
                let options = WorkflowUpdateWithStartOptions::new(queue, id.clone(), conflict).build();
                self.client
                    .execute_update_with_start_workflow(Floor::run, (), Floor::answer, (), options)
                    .await
                    .context("the floor is not answered")?;
            }
            Answered::Never => {
                let options = WorkflowStartOptions::new(self.queue.clone(), id.clone()).build();
                self.client.start_workflow(Floor::run, (), options).await.context("the floor does not start")?;
            }
        }
        let opened = began.elapsed();
        let signalled = Instant::now();
        let handle = self.client.get_workflow_handle::<Floor>(id);
        handle.signal(Floor::go_on, (), WorkflowSignalOptions::default()).await?;
        handle.get_result(WorkflowGetResultOptions::default()).await?;
        Ok(Halves { opened, completed: signalled.elapsed() })
    }
}

/// Runs the floor's worker in this process until it is killed.
pub(crate) async fn work(engine: &str, namespace: &str, queue: &str) -> anyhow::Result<()> {
    let client = client(engine, namespace).await?;
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let options = WorkerOptions::new(queue.to_owned());
    let options = options.register_workflow::<Floor>().map_err(|error| anyhow::anyhow!("{error}"))?.build();
    let mut worker = Worker::new(&runtime, client, options).map_err(|error| anyhow::anyhow!("{error}"))?;
    LocalSet::new().run_until(worker.run()).await.map_err(|error| anyhow::anyhow!("{error}"))
}

async fn client(engine: &str, namespace: &str) -> anyhow::Result<Client> {
    let address = url::Url::parse(&format!("http://{engine}")).with_context(|| format!("`{engine}` is no address"))?;
    let connection = Connection::connect(ConnectionOptions::new(address).identity("bench").build()).await?;
    Ok(Client::new(connection, ClientOptions::new(namespace.to_owned()).build())?)
}
