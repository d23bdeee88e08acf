//! How much one client and one account may ask for: whoever asks for more waits, and nobody else notices.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use domain::ids::CustomerId;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use crate::health;
use crate::problem::Problem;

/// For how many seconds' worth of requests somebody may ask at once who has not asked for a while.
const BURST_SECONDS: u32 = 5;
/// How many clients are watched before those are forgotten that have all their requests again.
const WATCHED: usize = 50_000;

/// How many requests are answered, and whom the client's address is believed from.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Requests a second of one client, by its address; none for no limit.
    pub per_client: Option<NonZeroU32>,
    /// Requests a second of one account; none for no limit.
    pub per_account: Option<NonZeroU32>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Counts what clients and accounts ask for, in this process.
pub(crate) struct Throttle {
    clients: Option<DefaultKeyedRateLimiter<IpAddr>>,
    accounts: Option<DefaultKeyedRateLimiter<CustomerId>>,
    trusted_proxies: Vec<IpNet>,
    clock: DefaultClock,
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Self {
        let Limits { per_client, per_account, trusted_proxies } = limits;
        Self {
            clients: per_client.map(|limit| RateLimiter::keyed(quota(limit))),
            accounts: per_account.map(|limit| RateLimiter::keyed(quota(limit))),
            trusted_proxies,
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of an account, or refuses it.
    pub(crate) fn check_account(&self, customer_id: CustomerId) -> Result<(), Problem> {
        self.check(self.accounts.as_ref(), &customer_id, "this account")
    }

    fn check_client(&self, request: &Request) -> Result<(), Problem> {
        let Some(client) = self.client(request) else { return Ok(()) };
        self.check(self.clients.as_ref(), &client, "this client")
    }

    fn check<K: std::hash::Hash + Eq + Clone>(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<K>>,
        key: &K,
        who: &str,
    ) -> Result<(), Problem> {
        let Some(limiter) = limiter else { return Ok(()) };
        if limiter.len() > WATCHED {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|not_until| {
            metrics::counter!("boxoffice_requests_throttled_total").increment(1);
            let after_seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::too_often(after_seconds, format!("too many requests of {who}; ask again in {after_seconds} s"))
        })
    }

    /// The address that a request comes from: the last one that is not of a proxy of ours. What stands before it anybody
    /// can have made up. A request that comes from nobody else is our own.
    fn client(&self, request: &Request) -> Option<IpAddr> {
        let is_ours = |address: &IpAddr| self.trusted_proxies.iter().any(|proxy| proxy.contains(address));
        let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
        if !is_ours(&peer) {
            return Some(group(peer));
        }
        let told = request.headers().get_all("X-Forwarded-For").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> =
            told.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
        hops.into_iter().rev().map(|hop| hop.to_canonical()).find(|hop| !is_ours(hop)).map(group)
    }
}

/// What counts as one client: an address of version 4, and the network of 64 bits that a customer of a provider has of
/// version 6, who could otherwise be as many clients as they like (RFC 6177).
fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        IpAddr::V4(_) => address,
    }
}

fn quota(per_second: NonZeroU32) -> Quota {
    let burst = per_second.saturating_mul(const { NonZeroU32::new(BURST_SECONDS).unwrap() });
    Quota::per_second(per_second).allow_burst(burst)
}

/// Counts every request of a client, before anything else is done about it. Those who watch over the process are not
/// counted.
pub(crate) async fn limit<E: Endpoint>(next: Arc<E>, request: Request) -> Result<Response> {
    if !request.uri().path().starts_with(health::PREFIX)
        && let Some(throttle) = request.data::<Arc<Throttle>>()
    {
        throttle.check_client(&request)?;
    }
    next.call(request).await.map(IntoResponse::into_response)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use poem::http::uri::Scheme;
    use poem::web::{LocalAddr, RemoteAddr};
    use poem::{Addr, Body};

    use super::*;

    fn request(peer: &str, forwarded: &[&str]) -> Request {
        let mut head = poem::http::Request::get("/api/v1/shows");
        for value in forwarded {
            head = head.header("X-Forwarded-For", *value);
        }
        let (head, ()) = head.body(()).unwrap().into_parts();
        let remote = RemoteAddr(Addr::SocketAddr(format!("{peer}:1000").parse().unwrap()));
        Request::from_parts((head, LocalAddr::default(), remote, Scheme::HTTP).into(), Body::empty())
    }

    fn throttle(per_client: u32) -> Throttle {
        let trusted_proxies = ["127.0.0.0/8", "10.0.0.0/8"].map(|net| net.parse().unwrap()).to_vec();
        Throttle::new(Limits { per_client: NonZeroU32::new(per_client), per_account: None, trusted_proxies })
    }

    #[test]
    fn a_client_is_the_last_address_that_is_not_ours() {
        let client = |peer: &str, forwarded: &[&str]| {
            throttle(1).client(&request(peer, forwarded)).map(|address| address.to_string())
        };
        assert_eq!(client("203.0.113.9", &[]).as_deref(), Some("203.0.113.9"));
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]).as_deref(), Some("203.0.113.9"), "a stranger says so");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.9.9.9"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.1"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(client("127.0.0.1", &[]), None, "our own");
        assert_eq!(client("127.0.0.1", &["made up"]), None);
        assert_eq!(client("[2001:db8:1:2:3:4:5:6]", &[]).as_deref(), Some("2001:db8:1:2::"));
        assert_eq!(client("10.0.0.1", &["::ffff:198.51.100.1"]).as_deref(), Some("198.51.100.1"));
    }

    #[test]
    fn whoever_asks_too_often_waits_and_nobody_else() {
        let throttle = throttle(2);
        let (greedy, other) = (request("203.0.113.9", &[]), request("203.0.113.10", &[]));
        let answered = (0..100).filter(|_| throttle.check_client(&greedy).is_ok()).count();
        assert!((10..=12).contains(&answered), "{answered} of 100");
        throttle.check_client(&other).unwrap();
        for _ in 0..100 {
            throttle.check_client(&request("127.0.0.1", &[])).unwrap();
        }
    }

    #[test]
    fn accounts_are_counted_each_for_itself() {
        let limits = Limits { per_account: NonZeroU32::new(3), ..Limits::default() };
        let throttle = Throttle::new(limits);
        let [ada, eve] = [1, 2].map(|number| CustomerId::new(uuid::Uuid::from_u128(number)));
        let answered = (0..100).filter(|_| throttle.check_account(ada).is_ok()).count();
        assert!((15..=17).contains(&answered), "{answered} of 100");
        throttle.check_account(eve).unwrap();
    }
}
