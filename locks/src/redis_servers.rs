//! Who the servers behind a connection are. Knows nothing of what is kept there.

use std::collections::BTreeSet;

use ::redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use ::redis::{ErrorKind, RedisError, Value};

use crate::redis_connection::Link;

/// The ids that the servers gave themselves when they started: of a cluster, those of all nodes that have slots.
pub(crate) async fn run_ids(link: &mut Link) -> Result<BTreeSet<String>, RedisError> {
    let mut command = ::redis::cmd("INFO");
    command.arg("server");
    let mut ids = BTreeSet::new();
    match link {
        Link::One(connection) => collect_run_ids(&command.query_async(connection).await?, &mut ids),
        Link::Cluster(connection) => {
            let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            collect_run_ids(&connection.route_command(command, masters).await?, &mut ids);
            // A node without a connection is passed over, and shows are kept on it.
            let slots: Value = ::redis::cmd("CLUSTER").arg("SLOTS").query_async(connection).await?;
            if ids.len() < masters_of(&slots) {
                return Err((ErrorKind::ClusterConnectionNotFound, "a node of the cluster is away").into());
            }
        }
    }
    Ok(ids)
}

/// One server answers with a text, a cluster with one per node.
fn collect_run_ids(answer: &Value, ids: &mut BTreeSet<String>) {
    let mut of_text = |text: &str| {
        ids.extend(text.lines().filter_map(|line| line.strip_prefix("run_id:")).map(|id| id.trim().to_owned()));
    };
    match answer {
        Value::BulkString(bytes) => of_text(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => of_text(text),
        Value::Array(items) => items.iter().for_each(|item| collect_run_ids(item, ids)),
        Value::Map(items) => items.iter().for_each(|(_, item)| collect_run_ids(item, ids)),
        _ => {}
    }
}

/// How many nodes have slots. Each range is `[first, last, [host, port, id, ...], replicas...]`.
fn masters_of(slots: &Value) -> usize {
    let Value::Array(ranges) = slots else { return 0 };
    let ids: BTreeSet<&[u8]> = ranges
        .iter()
        .filter_map(|range| match range {
            Value::Array(range) => range.get(2),
            _ => None,
        })
        .filter_map(|master| match master {
            Value::Array(master) => master.get(2),
            _ => None,
        })
        .filter_map(|id| match id {
            Value::BulkString(id) => Some(id.as_slice()),
            _ => None,
        })
        .collect();
    ids.len()
}
