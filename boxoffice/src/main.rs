//! The `boxoffice` command.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boxoffice::command::run(boxoffice::command::Command::parse()).await
}
