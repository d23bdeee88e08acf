//! What is being done, while it is done.

use std::sync::OnceLock;
use std::time::Instant;

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Says it, with the time since the first word.
pub(crate) fn say(what: &str) {
    let began = BEGAN.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{:>2}:{:02}] {what}", began / 60, began % 60);
}
