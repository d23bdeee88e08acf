//! What the API does by itself: refuse, explain, describe. What needs use cases behind it is tested as a whole system.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod describing;
mod explaining;
mod importing;
mod logging;
mod mapping;
mod parsing;
mod refusing;
mod tagging;
mod writing;
