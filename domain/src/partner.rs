//! Partners: the organisations that sell.

use serde::{Deserialize, Serialize};

use crate::ids::PartnerId;

/// An organisation that sells: a theatre chain, a promoter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Its name as customers know it.
    pub name: String,
}
