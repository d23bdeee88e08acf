//! Which seats of a show are free, live: told by those who change seats, followed by those who show them.

mod announcer;
mod board;
mod boards;
mod picture;
mod recent;
mod watched;

use std::sync::Arc;

use domain::ids::ShowId;

pub use announcer::Announcer;
pub(crate) use boards::Boards;
pub use boards::{SUBSCRIBERS_MAX, Subscription};
pub use picture::{Change, Picture, Rendered, Rendering, SeatCounts, Told};
pub use watched::Heard;

use crate::{App, AppError};

/// Why somebody cannot follow a show.
#[derive(Debug, thiserror::Error)]
pub enum NotFollowed {
    /// The show cannot be read.
    #[error(transparent)]
    Refused(#[from] AppError),
    /// This process has as many subscribers as it takes.
    #[error("this process has {limit} subscribers already")]
    Full {
        /// How many it takes.
        limit: usize,
    },
    /// This process is about to end.
    #[error("this process is about to end")]
    Ending,
}

impl App {
    /// How all seats of a show stand, from memory where somebody has asked for the show lately.
    pub async fn availability(&self, show_id: ShowId) -> Result<Arc<Picture>, AppError> {
        let watched = self.shared.boards.watched(show_id).await?;
        metrics::counter!("boxoffice_availability_snapshots_total").increment(1);
        Ok(watched.picture())
    }

    /// Follows the seats of a show: first the whole picture, then what changes.
    ///
    /// `resume` is the position up to which the caller has been told already: then first what has changed since, or the
    /// whole picture if that cannot be said.
    pub async fn follow_availability(
        &self,
        show_id: ShowId,
        resume: Option<&str>,
    ) -> Result<Subscription, NotFollowed> {
        self.shared.boards.subscribe(show_id, resume).await
    }

    /// Ends every subscription, and refuses new ones from now on: the process is about to end.
    pub fn end_streams(&self) {
        self.shared.boards.end_streams();
    }
}
