//! Which statements the store runs: it tells each to `tracing`, and this listens.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::future::Future;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::{Event, Metadata, Subscriber, span};

/// The texts of statements, each with the methods of the store that ran it.
#[derive(Clone, Default)]
pub(crate) struct StatementLog {
    seen: Arc<Mutex<BTreeMap<String, Vec<&'static str>>>>,
}

impl StatementLog {
    /// Runs a method of the store and listens meanwhile; panics if it runs no statement.
    pub(crate) async fn during<T>(&self, method: &'static str, work: impl Future<Output = T>) -> T {
        let listener = Listener { seen: Arc::default() };
        let answer = work.with_subscriber(listener.clone()).await;
        let statements = std::mem::take(&mut *listener.seen.lock().expect("the log"));
        assert!(!statements.is_empty(), "no statement of {method} was seen");
        let mut seen = self.seen.lock().expect("the log");
        for statement in statements {
            let methods = seen.entry(statement).or_default();
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        answer
    }

    /// Every distinct statement with the methods that ran it.
    pub(crate) fn statements(&self) -> BTreeMap<String, Vec<&'static str>> {
        self.seen.lock().expect("the log").clone()
    }
}

#[derive(Clone)]
struct Listener {
    seen: Arc<Mutex<Vec<String>>>,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "statement" {
            write!(self.0, "{value:?}").expect("writing to memory");
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "store::statement"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "store::statement" {
            let mut text = Text(String::new());
            event.record(&mut text);
            if !text.0.is_empty() {
                self.seen.lock().expect("the log").push(text.0);
            }
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
