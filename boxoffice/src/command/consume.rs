//! `boxoffice consume`: which groups a process acts for.

use clap::ValueEnum;

use crate::application::ConsumerGroup;

#[derive(Debug, clap::Args)]
pub(super) struct ConsumeArguments {
    /// The group to act for; may be given several times. All of them where none is named.
    #[arg(long = "group")]
    groups: Vec<GroupChoice>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GroupChoice {
    /// Do what other systems ask for by message.
    Commands,
    /// Tell customers, by mail.
    Notices,
    /// Keep the order service in step with bookings.
    Orders,
    /// Take what payment providers answer by message.
    Payments,
}

impl ConsumeArguments {
    /// The groups, each once.
    pub(super) fn groups(&self) -> Vec<ConsumerGroup> {
        if self.groups.is_empty() {
            return ConsumerGroup::ALL.to_vec();
        }
        let mut groups: Vec<ConsumerGroup> = self.groups.iter().map(|group| group.group()).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

impl GroupChoice {
    fn group(self) -> ConsumerGroup {
        match self {
            Self::Commands => ConsumerGroup::Commands,
            Self::Notices => ConsumerGroup::Notices,
            Self::Orders => ConsumerGroup::Orders,
            Self::Payments => ConsumerGroup::Payments,
        }
    }
}
