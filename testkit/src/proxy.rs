//! A TCP proxy that can be cut: between the application and a server that it needs, or in front of several of its own
//! processes as their load balancer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A proxy in front of one or several servers. New connections go to the servers in turn, passing over those that do
/// not take them. Dropping it ends every connection.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    accepting: JoinHandle<()>,
}

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// It goes through.
    Whole,
    /// Every connection is cut, and new ones are as soon as they are made.
    Cut,
    /// Nothing goes through, and nobody is told.
    Silent,
    /// What is asked goes through, what is answered does not.
    Unanswered,
}

/// Whose bytes are carried.
#[derive(Debug, Clone, Copy)]
enum Way {
    Questions,
    Answers,
}

impl Line {
    fn carries(self, way: Way) -> bool {
        match (self, way) {
            (Self::Whole, _) | (Self::Unanswered, Way::Questions) => true,
            (Self::Cut | Self::Silent, _) | (Self::Unanswered, Way::Answers) => false,
        }
    }
}

impl Proxy {
    /// A proxy on a port of its own in front of `servers`, each `host:port`.
    pub async fn start(servers: Vec<String>) -> Self {
        Self::start_at("127.0.0.1:0", servers).await
    }

    /// A proxy on a port that others have been told of already.
    pub async fn start_at(listen: &str, servers: Vec<String>) -> Self {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, _) = watch::channel(Line::Whole);
        let line = Arc::new(line);
        let accepting = tokio::spawn(accept(listener, servers, Arc::clone(&line)));
        Self { address, line, accepting }
    }

    /// `host:port` of the proxy.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// `url`, which names a server, with the proxy's address instead.
    pub fn in_place_of(&self, url: &str) -> String {
        let mut changed: reqwest::Url = url.parse().unwrap();
        changed.set_ip_host(self.address.ip()).unwrap();
        changed.set_port(Some(self.address.port())).unwrap();
        let changed = changed.to_string();
        if url.ends_with('/') { changed } else { changed.trim_end_matches('/').to_owned() }
    }

    /// Cuts every connection and refuses new ones, as a server that has died.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Lets nothing through and says nothing, as a network that has failed.
    pub fn silence(&self) {
        self.line.send_replace(Line::Silent);
    }

    /// Keeps the answers until the line is restored, as a network that loses what comes back.
    pub fn keep_answers(&self) {
        self.line.send_replace(Line::Unanswered);
    }

    /// Lets everything through again.
    pub fn restore(&self) {
        self.line.send_replace(Line::Whole);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.send_replace(Line::Cut);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, servers: Vec<String>, line: Arc<watch::Sender<Line>>) {
    let (servers, turn) = (Arc::new(servers), Arc::new(AtomicUsize::new(0)));
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let (servers, turn, line) = (Arc::clone(&servers), Arc::clone(&turn), line.subscribe());
        tokio::spawn(async move {
            if *line.borrow() == Line::Cut {
                return;
            }
            if let Some(server) = connect(&servers, turn.fetch_add(1, Ordering::Relaxed)).await {
                carry(client, server, line).await;
            }
        });
    }
}

/// The next server that takes the connection.
async fn connect(servers: &[String], turn: usize) -> Option<TcpStream> {
    for offset in 0..servers.len() {
        if let Ok(stream) = TcpStream::connect(&servers[(turn + offset) % servers.len()]).await {
            return Some(stream);
        }
    }
    None
}

/// Carries bytes both ways until one side ends or the line is cut.
async fn carry(client: TcpStream, server: TcpStream, line: watch::Receiver<Line>) {
    let (_unset, _unset_too) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = line.clone();
    let asked = copy(from_client, to_server, line.clone(), Way::Questions);
    let answered = copy(from_server, to_client, line, Way::Answers);
    let both_ways = async { tokio::try_join!(asked, answered) };
    tokio::select! {
        _ = both_ways => {}
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    way: Way,
) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            // The other direction may still have something to say.
            return to.shutdown().await;
        }
        if line.wait_for(|line| line.carries(way)).await.is_err() {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}
