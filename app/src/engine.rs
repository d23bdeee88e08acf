//! The engine as the use cases see it: start a saga and wait for its answer, tell it something, ask whether it lives.

mod prepare;
mod starts;

pub use prepare::{PrepareError, Prepared};

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::booking::BookingRequest;
use domain::ids::{PartnerId, ShowId};
use domain::show::HoldTime;
use futures::TryStreamExt;
use temporalio_client::errors::{ClientConnectError, WorkflowInteractionError, WorkflowStartError};
use temporalio_client::tonic::{Code, Status};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, WorkflowDescribeOptions, WorkflowExecutionStatus,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowListOptions, WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::MemoValues;
use temporalio_common::search_attributes::SearchAttributes;
use tokio::sync::OnceCell;
use url::Url;
use workflows::Patience;
use workflows::book_ticket::{BookTicket, BookTicketInput};
use workflows::cancel_show::{self, CancelShow, CancelShowInput, Pace, Progress};
use workflows::queues::ProviderCalls;
use workflows::search_attributes::{BOOKING_STATE, CUSTOMER_ID, PARTNER_ID, SHOW_ID};
use workflows::settle_booking::{self, SettleBooking, SettleBookingInput};
use workflows::signals::{CancelRequested, OperatorWord, PaymentNoticed};

/// Where the engine is and how boxoffice uses it.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Its address.
    pub address: Url,
    /// The namespace.
    pub namespace: String,
    /// The sagas' task queue.
    pub task_queue: String,
    /// How long sagas try.
    pub patience: Patience,
    /// How sagas call the payment provider.
    pub provider_calls: ProviderCalls,
    /// How fast the bookings of a show that was called off are taken back.
    pub pace: Pace,
}

/// How long establishing a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one question to the engine may take.
const QUESTION: Duration = Duration::from_secs(2);
/// How long a worker may take over one workflow task; a killed worker's tasks are handed to another after this.
const WORKFLOW_TASK: Duration = Duration::from_secs(5);

/// The engine. Cloning it gives another handle on the same connection.
///
/// It is connected to by the first who needs it and finds it there, so a process can start before its engine. A
/// connection that breaks later mends itself.
#[derive(Clone)]
pub struct Engine {
    link: Arc<Link>,
}

struct Link {
    config: EngineConfig,
    /// Under which name the engine knows this process.
    identity: String,
    client: OnceCell<Client>,
}

/// What is said to a saga, whichever one takes care of the booking now.
#[derive(Debug, Clone)]
pub enum Word {
    /// Something happened to a payment.
    Payment(PaymentNoticed),
    /// Take the booking back.
    Cancel(CancelRequested),
    /// An operator's word; it is in the audit log already.
    Operator(OperatorWord),
}

/// What asking for the saga of a booking came to.
#[derive(Debug, Clone)]
pub(crate) enum Begun {
    /// It runs, whoever has started it.
    Runs,
    /// A saga of this id has ended before.
    EndedBefore,
    /// A saga of this id was started for another request.
    OtherRequest,
    /// The engine has said that it does not start it, or has never been reached.
    NotAtAll(String),
    /// The engine was asked for it and does not say whether it has started it: it may still come.
    Unknown(String),
}

/// How a saga stands.
struct Looked {
    runs: bool,
    /// What the request comes down to that it was started for.
    fingerprint: Option<String>,
}

/// Under which name a saga remembers the fingerprint of its request.
const FINGERPRINT: &str = "fingerprint";

/// The engine did not do what it was asked, and may if asked again.
#[derive(Debug, thiserror::Error)]
#[error("the engine does not answer: {0}")]
pub struct EngineAway(String);

impl Engine {
    /// The engine, not yet connected to.
    pub fn new(config: EngineConfig, identity: &str) -> Self {
        Self { link: Arc::new(Link { config, identity: identity.to_owned(), client: OnceCell::new() }) }
    }

    /// Connects to the engine, which has to be there.
    pub async fn connect(config: EngineConfig, identity: &str) -> Result<Self, EngineAway> {
        let engine = Self::new(config, identity);
        engine.client().await?;
        Ok(engine)
    }

    /// The client, for workers and for the checker; connects where nobody has yet.
    pub async fn client(&self) -> Result<&Client, EngineAway> {
        let connected = self.link.client.get_or_try_init(|| self.link.connect()).await;
        connected.map_err(|error| EngineAway(error.to_string()))
    }

    /// How it is used.
    pub fn config(&self) -> &EngineConfig {
        &self.link.config
    }

    /// Starts the saga of a booking, or finds the one that runs. Its progress is read from the booking's row.
    pub(crate) async fn begin(
        &self,
        request: &BookingRequest,
        partner_id: PartnerId,
        hold: HoldTime,
        within: Duration,
    ) -> Begun {
        let booking_id = request.booking_id;
        let EngineConfig { task_queue, patience, provider_calls, .. } = self.config();
        let input = BookTicketInput {
            request: request.clone(),
            hold,
            patience: *patience,
            provider_calls: *provider_calls,
            sells_at_once: true,
        };
        let attributes = SearchAttributes::new([
            BOOKING_STATE.value_set("pending".to_owned()),
            SHOW_ID.value_set(request.show_id.to_string()),
            CUSTOMER_ID.value_set(request.customer_id.to_string()),
            PARTNER_ID.value_set(partner_id.to_string()),
        ]);
        let mut memo = MemoValues::new();
        memo.insert(FINGERPRINT, request.fingerprint.as_str().to_owned());
        let options = WorkflowStartOptions::new(task_queue.clone(), booking_id.to_string())
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
            .task_timeout(WORKFLOW_TASK)
            // Where this process has a worker as well, it is handed the first task with the answer to the start. Where it has
            // none, or none that is free, the client's library does not ask for it.
            .enable_eager_workflow_start(true)
            .search_attributes(attributes)
            .memo(memo)
            .static_summary(format!("{} seats of {}", request.seat_ids.as_slice().len(), request.show_id))
            .build();
        let client = match tokio::time::timeout(QUESTION, self.client()).await {
            Ok(Ok(client)) => client,
            // Nothing can have started where there has never been a connection.
            Ok(Err(EngineAway(problem))) => return Begun::NotAtAll(problem),
            Err(late) => return Begun::NotAtAll(late.to_string()),
        };
        let call = client.start_workflow(BookTicket::run, input, options);
        match tokio::time::timeout(within, call).await {
            Ok(Ok(_saga)) => Begun::Runs,
            Ok(Err(WorkflowStartError::AlreadyStarted { .. })) => Begun::EndedBefore,
            Ok(Err(WorkflowStartError::PayloadConversion(error))) => Begun::NotAtAll(error.to_string()),
            Ok(Err(WorkflowStartError::Rpc(status))) if is_refusal(&status) => Begun::NotAtAll(status.to_string()),
            Ok(Err(error)) => self.begun_at_all(request, error.to_string()).await,
            Err(late) => self.begun_at_all(request, late.to_string()).await,
        }
    }

    /// How the saga of a request stands that has not come to an answer; `problem` tells why it is asked.
    pub(crate) async fn begun_at_all(&self, request: &BookingRequest, problem: String) -> Begun {
        match self.look(&request.booking_id.to_string()).await {
            Ok(Some(Looked { fingerprint: Some(other), .. })) if other != request.fingerprint.as_str() => {
                Begun::OtherRequest
            }
            Ok(Some(Looked { runs: true, .. })) => Begun::Runs,
            Ok(Some(Looked { runs: false, .. })) => Begun::EndedBefore,
            // One that is not there yet may be on its way: the question can overtake the start.
            Ok(None) | Err(EngineAway(_)) => Begun::Unknown(problem),
        }
    }

    /// Whether a saga of this id runs; none if there has never been one, or it is forgotten.
    pub async fn is_running(&self, workflow_id: &str) -> Result<Option<bool>, EngineAway> {
        Ok(self.look(workflow_id).await?.map(|looked| looked.runs))
    }

    async fn look(&self, workflow_id: &str) -> Result<Option<Looked>, EngineAway> {
        let question = async {
            let handle = self.client().await?.get_workflow_handle::<BookTicket>(workflow_id);
            match handle.describe(WorkflowDescribeOptions::default()).await {
                Ok(described) => Ok(Some(Looked {
                    runs: described.status() == WorkflowExecutionStatus::Running,
                    // Sagas of releases that were answered by their update have none.
                    fingerprint: described.memo().get(FINGERPRINT).ok().flatten(),
                })),
                Err(WorkflowInteractionError::NotFound(status)) => match names_no_namespace(&status) {
                    true => Err(self.no_namespace()),
                    false => Ok(None),
                },
                Err(error) => Err(EngineAway(error.to_string())),
            }
        };
        within(QUESTION, question).await
    }

    /// Tells the saga that takes care of a booking: its `BookTicket` while that runs, its `SettleBooking` afterwards.
    pub async fn tell(&self, request: &BookingRequest, word: Word) -> Result<(), EngineAway> {
        let options = WorkflowSignalOptions::default();
        let told = async {
            let handle = self.client().await?.get_workflow_handle::<BookTicket>(request.booking_id.to_string());
            let told = match word.clone() {
                Word::Payment(notice) => handle.signal(BookTicket::payment_noticed, notice, options).await,
                Word::Cancel(wish) => handle.signal(BookTicket::cancel_requested, wish, options).await,
                Word::Operator(word) => handle.signal(BookTicket::operator_spoke, word, options).await,
            };
            match told {
                Ok(()) => Ok(true),
                Err(WorkflowInteractionError::NotFound(_)) => Ok(false),
                Err(error) => Err(EngineAway(error.to_string())),
            }
        };
        match within(QUESTION, told).await? {
            true => Ok(()),
            false => self.tell_settling(request, Some(word)).await,
        }
    }

    /// Has the settling saga look at a booking whose own saga is gone.
    pub(crate) async fn settle_overdue(&self, request: &BookingRequest) -> Result<(), EngineAway> {
        self.tell_settling(request, None).await
    }

    async fn tell_settling(&self, request: &BookingRequest, word: Option<Word>) -> Result<(), EngineAway> {
        let input = SettleBookingInput { request: request.clone(), patience: self.config().patience };
        let attributes = SearchAttributes::new([
            BOOKING_STATE.value_set("settling".to_owned()),
            SHOW_ID.value_set(request.show_id.to_string()),
            CUSTOMER_ID.value_set(request.customer_id.to_string()),
        ]);
        let options = WorkflowStartOptions::new(
            self.config().task_queue.clone(),
            settle_booking::workflow_id(request.booking_id),
        )
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
        .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
        .task_timeout(WORKFLOW_TASK)
        .search_attributes(attributes)
        .build();
        let run = SettleBooking::run;
        let told = async {
            let client = self.client().await?;
            let told = match word {
                None => {
                    client.signal_with_start_workflow(run, input, SettleBooking::booking_overdue, (), options).await
                }
                Some(Word::Payment(notice)) => {
                    let signal = SettleBooking::payment_noticed;
                    client.signal_with_start_workflow(run, input, signal, notice, options).await
                }
                Some(Word::Cancel(wish)) => {
                    let signal = SettleBooking::cancel_requested;
                    client.signal_with_start_workflow(run, input, signal, wish, options).await
                }
                Some(Word::Operator(word)) => {
                    let signal = SettleBooking::operator_spoke;
                    client.signal_with_start_workflow(run, input, signal, word, options).await
                }
            };
            told.map(|_handle| ()).map_err(|error| EngineAway(error.to_string()))
        };
        within(QUESTION, told).await
    }

    /// Has the bookings of a show that was called off taken back; goes on with what an earlier workflow has left, unless
    /// it runs. Harmless however often.
    pub(crate) async fn cancel_show(&self, show_id: ShowId, partner_id: PartnerId) -> Result<(), EngineAway> {
        let EngineConfig { task_queue, patience, pace, .. } = self.config();
        let input = CancelShowInput { show_id, pace: *pace, patience: *patience, progress: Progress::default() };
        let attributes = SearchAttributes::new([
            SHOW_ID.value_set(show_id.to_string()),
            PARTNER_ID.value_set(partner_id.to_string()),
        ]);
        let options = WorkflowStartOptions::new(task_queue.clone(), cancel_show::workflow_id(show_id))
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .task_timeout(WORKFLOW_TASK)
            .search_attributes(attributes)
            .static_summary(format!("Take back the bookings of {show_id}"))
            .build();
        let started = async {
            let started = self.client().await?.start_workflow(CancelShow::run, input, options).await;
            started.map(|_workflow| ()).map_err(|error| EngineAway(error.to_string()))
        };
        within(QUESTION, started).await
    }

    /// Whether the engine answers, and has our namespace.
    pub async fn ping(&self) -> Result<(), EngineAway> {
        self.is_running("boxoffice-ping").await.map(|_answer| ())
    }

    fn no_namespace(&self) -> EngineAway {
        EngineAway(format!("it has no namespace `{}`", self.config().namespace))
    }

    /// The ids of all sagas on our task queue that run, those that cancel shows among them.
    pub async fn open_sagas(&self) -> Result<BTreeSet<String>, EngineAway> {
        let query = format!("ExecutionStatus = 'Running' AND TaskQueue = '{}'", self.config().task_queue);
        let list = self.client().await?.list_workflows(query, WorkflowListOptions::default());
        list.map_ok(|saga| saga.id().to_owned()).try_collect().await.map_err(|error| EngineAway(error.to_string()))
    }
}

impl Link {
    async fn connect(&self) -> Result<Client, ClientConnectError> {
        let options = ConnectionOptions::new(self.config.address.clone())
            .identity(self.identity.clone())
            .connect_timeout(CONNECT)
            .build();
        let connection = Connection::connect(options).await?;
        Ok(Client::new(connection, ClientOptions::new(self.config.namespace.clone()).build())?)
    }
}

async fn within<T>(limit: Duration, question: impl Future<Output = Result<T, EngineAway>>) -> Result<T, EngineAway> {
    tokio::time::timeout(limit, question).await.unwrap_or_else(|late| Err(EngineAway(late.to_string())))
}

/// Whether the engine has answered, and that it does not do what it was asked.
fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Unimplemented
    )
}

/// Whether it is the namespace that was not found, and not the workflow: the engine tells the two apart in the details.
fn names_no_namespace(status: &Status) -> bool {
    const FAILURE: &[u8] = b"NamespaceNotFoundFailure";
    status.details().windows(FAILURE.len()).any(|part| part == FAILURE)
}
