//! A client of live availability: reads server-sent events, keeps the picture of a show as a site would, and objects
//! to everything that the API's document does not allow.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::ShowId;
use reqwest::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any test: a stream has no end of its own.
const FOREVER: Duration = Duration::from_secs(3600);

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The position after it.
    pub id: String,
    /// What it is: `snapshot` or `changes`.
    pub name: String,
    /// What it says.
    pub data: Value,
}

/// Puts events together from pieces of a stream, however it is cut.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
    /// How many comments have come.
    pub comments: usize,
    /// After how many milliseconds to come back.
    pub retry: Option<u64>,
}

impl Parser {
    /// The events that a piece completes.
    pub fn feed(&mut self, piece: &[u8]) -> Vec<Event> {
        self.pending.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.pending.windows(2).position(|two| two == b"\n\n") {
            let block: Vec<u8> = self.pending.drain(..end + 2).collect();
            events.extend(self.block(std::str::from_utf8(&block).unwrap()));
        }
        events
    }

    fn block(&mut self, block: &str) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, None, None);
        for line in block.lines().filter(|line| !line.is_empty()) {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => self.comments += 1,
                "id" => id = Some(value.to_owned()),
                "event" => name = Some(value.to_owned()),
                "data" => data = Some(serde_json::from_str(value).unwrap_or_else(|_| panic!("no JSON: {value}"))),
                "retry" => self.retry = Some(value.parse().unwrap()),
                other => panic!("an event has no field `{other}`: {block}"),
            }
        }
        data.map(|data| Event { id: id.expect("an id"), name: name.expect("a name"), data })
    }
}

/// A stream of events over HTTP.
#[derive(Debug)]
pub struct EventStream {
    /// The headers that it was answered with.
    pub headers: reqwest::header::HeaderMap,
    response: reqwest::Response,
    parser: Parser,
    events: VecDeque<Event>,
}

impl EventStream {
    /// Opens a stream that a request asks for.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.timeout(FOREVER).send().await.expect("the service answers");
        assert_eq!(response.status(), StatusCode::OK, "{response:?}");
        let headers = response.headers().clone();
        Self { headers, response, parser: Parser::default(), events: VecDeque::new() }
    }

    /// The next event; none if the stream ends.
    pub async fn next(&mut self, within: Duration) -> Option<Event> {
        let came = tokio::time::timeout(within, async {
            while self.events.is_empty() {
                let piece = self.response.chunk().await.expect("the stream is not cut off")?;
                self.events.extend(self.parser.feed(&piece));
            }
            self.events.pop_front()
        });
        came.await.unwrap_or_else(|_late| panic!("nothing came within {within:?}"))
    }

    /// Waits for a sign of life, and objects to an event.
    pub async fn comment(&mut self, within: Duration) {
        let came = tokio::time::timeout(within, async {
            while self.parser.comments == 0 {
                let piece = self.response.chunk().await.expect("the stream is not cut off").expect("it goes on");
                assert_eq!(self.parser.feed(&piece), []);
            }
        });
        came.await.unwrap_or_else(|_late| panic!("no sign of life within {within:?}"));
    }

    /// After how many milliseconds the service wants its clients back.
    pub fn retry(&self) -> Option<u64> {
        self.parser.retry
    }
}

/// The seats of a show in the order that snapshots go by.
#[derive(Debug)]
pub struct SeatList {
    index: HashMap<String, usize>,
    tag: String,
}

impl SeatList {
    /// The list in an answer of `GET /shows/{id}/seats`.
    pub fn of(seats: &Value) -> Arc<Self> {
        let ids = seats["items"].as_array().unwrap().iter().map(|seat| seat["seatId"].as_str().unwrap());
        let mut digest = Sha256::new();
        let mut index = HashMap::new();
        for (number, id) in ids.enumerate() {
            digest.update(format!("{id}\n"));
            index.insert(id.to_owned(), number);
        }
        let digest = digest.finalize();
        let tag = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Arc::new(Self { index, tag })
    }

    /// How many seats there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

/// What a site knows of a show.
#[derive(Debug, Clone)]
pub struct Picture {
    list: Arc<SeatList>,
    /// One letter per seat.
    pub states: Vec<u8>,
    /// Where to come back to.
    pub position: String,
    /// How many snapshots have come.
    pub snapshots: usize,
    /// How many events with changes have come.
    pub changes: usize,
}

impl Picture {
    /// Nothing yet.
    pub fn new(list: &Arc<SeatList>) -> Self {
        let list = Arc::clone(list);
        Self { list, states: Vec::new(), position: String::new(), snapshots: 0, changes: 0 }
    }

    /// Takes in a snapshot, from a stream or not.
    pub fn take_snapshot(&mut self, snapshot: &Value) {
        assert_eq!(snapshot["seatsTag"], self.list.tag.as_str(), "the snapshot goes by another list of seats");
        let states = snapshot["states"].as_str().unwrap();
        assert_eq!(states.len(), self.list.len());
        self.states = states.as_bytes().to_vec();
        snapshot["position"].as_str().unwrap().clone_into(&mut self.position);
        self.snapshots += 1;
        self.check_counts(&snapshot["counts"]);
    }

    /// Takes in an event.
    pub fn take(&mut self, event: &Event) {
        match event.name.as_str() {
            "snapshot" => {
                self.take_snapshot(&event.data);
                assert_eq!(self.position, event.id);
            }
            "changes" => {
                for seat in event.data["seats"].as_array().unwrap() {
                    let at = self.list.index[seat["seatId"].as_str().unwrap()];
                    self.states[at] = seat["state"].as_str().unwrap().as_bytes()[0];
                }
                self.changes += 1;
                event.id.clone_into(&mut self.position);
                self.check_counts(&event.data["counts"]);
            }
            other => panic!("there is no event `{other}`"),
        }
    }

    /// How many seats are in the state with this letter.
    pub fn count(&self, letter: u8) -> usize {
        self.states.iter().filter(|state| **state == letter).count()
    }

    fn check_counts(&self, counts: &Value) {
        for state in ["available", "blocked", "held", "sold"] {
            assert_eq!(counts[state], self.count(state.as_bytes()[0]), "{state}: {counts}");
        }
    }
}

/// A stream with as little of a client around it as possible, for thousands of them in one test.
#[derive(Debug)]
pub struct BareStream {
    socket: TcpStream,
    chunks: Chunks,
    parser: Parser,
    piece: Vec<u8>,
}

impl BareStream {
    /// Follows a show at the service at `api`.
    pub async fn follow(api: &str, show_id: ShowId) -> Self {
        let address = api.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        let path = format!("/api/v1/shows/{show_id}/availability/stream");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        Self { socket, chunks: Chunks::default(), parser: Parser::default(), piece: vec![0; 2048] }
    }

    /// The events that come next; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let read = self.socket.read(&mut self.piece).await.unwrap();
            if read == 0 {
                return None;
            }
            let body = self.chunks.feed(&self.piece[..read]);
            let events = self.parser.feed(&body);
            if !events.is_empty() {
                return Some(events);
            }
        }
    }
}

/// Takes a body out of its chunks (RFC 9112 section 7.1), after a head that must say 200.
#[derive(Debug, Default)]
struct Chunks {
    pending: Vec<u8>,
    head_read: bool,
}

impl Chunks {
    fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(piece);
        let mut body = Vec::new();
        if !self.head_read {
            let Some(end) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") else { return body };
            let head: Vec<u8> = self.pending.drain(..end + 4).collect();
            assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
            self.head_read = true;
        }
        while let Some(line) = self.pending.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&self.pending[..line]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            let whole = line + 2 + size + 2;
            if self.pending.len() < whole {
                break;
            }
            body.extend_from_slice(&self.pending[line + 2..line + 2 + size]);
            self.pending.drain(..whole);
        }
        body
    }
}
