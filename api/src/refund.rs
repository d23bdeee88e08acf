//! Refund policies on the wire.

use domain::show::{RefundPolicy, RefundTier};
use poem_openapi::Object;

/// What is given back for a cancellation that comes early enough: by the first tier that fits, nothing if none does.
#[derive(Debug, Object)]
#[oai(rename = "RefundTier", rename_all = "camelCase")]
pub struct RefundTierOut {
    /// Up to how many minutes before the show starts.
    pub until_minutes_before: i64,
    /// Which share of the price is given back, in per cent.
    pub percent: u8,
}

/// The tiers of a policy, from the longest time before the show to the shortest.
pub fn tiers(policy: &RefundPolicy) -> Vec<RefundTierOut> {
    let tier = |tier: &RefundTier| {
        let RefundTier { until_minutes_before, share } = tier;
        RefundTierOut { until_minutes_before: *until_minutes_before, percent: share.value() }
    };
    policy.tiers().iter().map(tier).collect()
}
