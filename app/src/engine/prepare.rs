//! Making an engine ready for the sagas: its namespace, and the search attributes without which none can start.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use temporalio_client::RegisterNamespaceOptions;
use temporalio_client::grpc::{OperatorService, WorkflowService};
use temporalio_client::tonic::{Code, Request, Status};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use workflows::search_attributes::NAMES;

use super::{Engine, EngineAway};

/// How long a namespace keeps closed workflows. Bookings live in the database; this is how long support can look at
/// the history of a saga.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long what was made may take to be known to all of a cluster: it looks for new namespaces every 10 s.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What was missing and has been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Whether it is the namespace.
    pub namespace: bool,
    /// The names of the search attributes.
    pub search_attributes: Vec<&'static str>,
}

/// Why an engine cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It is away.
    #[error(transparent)]
    Away(#[from] EngineAway),
    /// It refuses.
    #[error("the engine refuses to {what}")]
    Refused {
        /// What it was asked to do.
        what: &'static str,
        /// What it said.
        #[source]
        source: Box<Status>,
    },
    /// A search attribute exists and is of another type.
    #[error("the search attribute {name} exists and is not of the type Keyword; it has to be removed by hand")]
    OtherType {
        /// Its name.
        name: &'static str,
    },
    /// What was made does not show.
    #[error("the engine does not show within {KNOWN_WITHIN:?} what was made in it: {what}")]
    Unseen {
        /// What is missing.
        what: String,
    },
}

impl Engine {
    /// Makes the namespace and the search attributes where they are missing. May be repeated, by several at once.
    pub async fn prepare(&self) -> Result<Prepared, PrepareError> {
        let namespace = self.prepare_namespace().await?;
        let deadline = Instant::now() + KNOWN_WITHIN;
        let mut made = Vec::new();
        loop {
            let missing = match self.missing_search_attributes().await {
                Ok(missing) => missing,
                // The namespace has just been made, here or by another process.
                Err(status) if status.code() == Code::NotFound && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(status) => return Err(refused("list its search attributes", status)),
            };
            let missing = missing?;
            if missing.is_empty() {
                return Ok(Prepared { namespace, search_attributes: made });
            }
            if Instant::now() > deadline {
                return Err(PrepareError::Unseen { what: missing.join(", ") });
            }
            if made.is_empty() {
                self.add_search_attributes(&missing).await?;
                made = missing;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn prepare_namespace(&self) -> Result<bool, PrepareError> {
        let mut connection = self.client().await?.connection().clone();
        let namespace = self.config().namespace.clone();
        let question = DescribeNamespaceRequest { namespace: namespace.clone(), ..Default::default() };
        match WorkflowService::describe_namespace(&mut connection, Request::new(question)).await {
            Ok(_there) => return Ok(false),
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(refused("describe its namespace", status)),
        }
        let wish = RegisterNamespaceOptions::builder()
            .namespace(namespace)
            .description("The sagas of boxoffice")
            .workflow_execution_retention_period(RETENTION)
            .build();
        match WorkflowService::register_namespace(&mut connection, Request::new(wish.into())).await {
            Ok(_made) => Ok(true),
            // Another process was quicker.
            Err(status) if status.code() == Code::AlreadyExists => Ok(false),
            Err(status) => Err(refused("make the namespace", status)),
        }
    }

    async fn missing_search_attributes(&self) -> Result<Result<Vec<&'static str>, PrepareError>, Status> {
        let mut connection = match self.client().await {
            Ok(client) => client.connection().clone(),
            Err(away) => return Ok(Err(away.into())),
        };
        let question = ListSearchAttributesRequest { namespace: self.config().namespace.clone() };
        let listed = OperatorService::list_search_attributes(&mut connection, Request::new(question)).await?;
        let there: BTreeMap<String, i32> = listed.into_inner().custom_attributes.into_iter().collect();
        let other = NAMES.into_iter().find(|name| there.get(*name).is_some_and(|kind| *kind != keyword()));
        Ok(match other {
            Some(name) => Err(PrepareError::OtherType { name }),
            None => Ok(NAMES.into_iter().filter(|name| !there.contains_key(*name)).collect()),
        })
    }

    async fn add_search_attributes(&self, names: &[&'static str]) -> Result<(), PrepareError> {
        let mut connection = self.client().await?.connection().clone();
        let wish = AddSearchAttributesRequest {
            search_attributes: names.iter().map(|name| ((*name).to_owned(), keyword())).collect(),
            namespace: self.config().namespace.clone(),
        };
        match OperatorService::add_search_attributes(&mut connection, Request::new(wish)).await {
            Ok(_added) => Ok(()),
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => Err(refused("add search attributes", status)),
        }
    }
}

fn keyword() -> i32 {
    IndexedValueType::Keyword as i32
}

fn refused(what: &'static str, status: Status) -> PrepareError {
    PrepareError::Refused { what, source: Box::new(status) }
}
