//! The workers of one process: one for the sagas and their local steps, one for each endpoint of the provider.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::availability::Announcer;
use locks::SeatLocks;
use payments::PaymentProvider;
use store::Store;
use temporalio_client::Client;
use temporalio_sdk::interceptors::ActivityInboundInterceptor;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use workflows::book_ticket::BookTicket;
use workflows::cancel_show::CancelShow;
use workflows::queues::ProviderEndpoint;
use workflows::settle_booking::SettleBooking;

use crate::booking::BookingSteps;
use crate::payment::PaymentSteps;
use crate::seat::SeatSteps;
use crate::show::ShowSteps;

/// How long a saga's next task waits for the worker that has the saga in memory before any other may take it: as long
/// as a killed worker keeps its sagas waiting. A busy one loses little by it, histories being short; the default is 10 s.
const OWN_WORKER: Duration = Duration::from_secs(3);

/// What workers need.
pub struct WorkerParts {
    /// The engine's client.
    pub client: Client,
    /// The sagas' task queue; the provider's queues are named after it.
    pub task_queue: String,
    /// The use cases, of which some steps consist.
    pub app: App,
    /// The database.
    pub store: Store,
    /// The seat locks.
    pub locks: Arc<dyn SeatLocks>,
    /// Who hears of changed seats.
    pub announcer: Announcer,
    /// The payment provider.
    pub provider: Arc<dyn PaymentProvider>,
    /// How many calls a second each endpoint of the provider takes, over all workers; none for no limit.
    pub provider_calls_per_second: Option<f64>,
    /// How many sagas that wait the worker keeps in memory.
    pub sagas_in_memory: u32,
    /// How long a task may go on once the worker is told to stop.
    pub drain: Duration,
    /// What looks at every step of the sagas from outside, such as tracing; tests break steps with it.
    pub interceptor: Option<Arc<dyn ActivityInboundInterceptor>>,
}

/// A worker that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the worker for `{task_queue}` cannot be set up")]
pub struct WorkerSetupError {
    /// Its task queue.
    pub task_queue: String,
    /// What the engine's library said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Sets up every worker of this process. They have to run on one thread, each until it is told to stop.
pub fn workers(runtime: &Runtime, parts: &WorkerParts) -> Result<Vec<Worker>, WorkerSetupError> {
    let mut workers = vec![saga_worker(runtime, parts).map_err(|source| failed(&parts.task_queue, source))?];
    for endpoint in ProviderEndpoint::ALL {
        let queue = endpoint.queue(&parts.task_queue);
        workers.push(provider_worker(runtime, parts, &queue).map_err(|source| failed(&queue, source))?);
    }
    Ok(workers)
}

type SetupResult = Result<Worker, Box<dyn std::error::Error + Send + Sync>>;

fn saga_worker(runtime: &Runtime, parts: &WorkerParts) -> SetupResult {
    let mut options = WorkerOptions::new(parts.task_queue.clone())
        .register_workflow::<BookTicket>()?
        .register_workflow::<SettleBooking>()?
        .register_workflow::<CancelShow>()?
        .register_activities(SeatSteps { locks: Arc::clone(&parts.locks) })
        .register_activities(BookingSteps {
            store: parts.store.clone(),
            locks: Arc::clone(&parts.locks),
            announcer: parts.announcer.clone(),
        })
        .register_activities(ShowSteps { app: parts.app.clone() })
        // For sagas that call the provider from here.
        .register_activities(PaymentSteps { provider: Arc::clone(&parts.provider) })
        .max_cached_workflows(parts.sagas_in_memory as usize)
        .sticky_queue_schedule_to_start_timeout(OWN_WORKER)
        .graceful_shutdown_period(parts.drain)
        .build();
    if let Some(interceptor) = &parts.interceptor {
        options.activity_inbound_interceptor(Watched(Arc::clone(interceptor)));
    }
    Ok(Worker::new(runtime, parts.client.clone(), options)?)
}

fn provider_worker(runtime: &Runtime, parts: &WorkerParts, queue: &str) -> SetupResult {
    let steps = PaymentSteps { provider: Arc::clone(&parts.provider) };
    let mut options = WorkerOptions::new(queue.to_owned())
        .register_activities(steps)
        .maybe_max_task_queue_activities_per_second(parts.provider_calls_per_second)
        .graceful_shutdown_period(parts.drain)
        .build();
    if let Some(interceptor) = &parts.interceptor {
        options.activity_inbound_interceptor(Watched(Arc::clone(interceptor)));
    }
    Ok(Worker::new(runtime, parts.client.clone(), options)?)
}

fn failed(task_queue: &str, source: Box<dyn std::error::Error + Send + Sync>) -> WorkerSetupError {
    WorkerSetupError { task_queue: task_queue.to_owned(), source }
}

/// One interceptor for several workers.
struct Watched(Arc<dyn ActivityInboundInterceptor>);

impl ActivityInboundInterceptor for Watched {
    fn execute_activity<'a>(
        &'a self,
        input: temporalio_sdk::interceptors::ExecuteActivityInput,
        next: temporalio_sdk::interceptors::Next<
            'a,
            temporalio_sdk::interceptors::ExecuteActivityInput,
            temporalio_sdk::interceptors::ExecuteActivityOutput<'a>,
        >,
    ) -> temporalio_sdk::interceptors::ExecuteActivityOutput<'a> {
        self.0.execute_activity(input, next)
    }
}
