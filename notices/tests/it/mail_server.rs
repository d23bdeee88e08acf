//! A mail server of one test: it speaks SMTP over a real socket, keeps what it takes, and does what it is told to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the server does with whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It takes every mail.
    Taking,
    /// It answers the recipient with this.
    RefusingRecipients(&'static str),
    /// It lets nobody in who logs in, and answers them with this.
    RefusingLogins(&'static str),
    /// It greets with this, and hangs up.
    Greeting(&'static str),
    /// It takes the connection and never says a word.
    Silent,
    /// It takes the mail, keeps it, and does not say so.
    TakingInSilence,
    /// It takes every mail, one after the other, each when it is told to go on.
    Slow,
}

/// A server that listens.
#[derive(Clone)]
pub(crate) struct MailServer {
    port: u16,
    inner: Arc<Inner>,
}

struct Inner {
    manner: Mutex<Manner>,
    taken: Mutex<Vec<Taken>>,
    connections: Mutex<usize>,
    go_on: Notify,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// The recipient of the envelope.
    pub(crate) to: String,
    /// Headers and body as they came.
    pub(crate) text: String,
}

impl Taken {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        self.text
            .lines()
            .find_map(|line| line.strip_prefix(&start))
            .unwrap_or_else(|| panic!("{name} of {}", self.text))
    }
}

impl MailServer {
    /// Listens.
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            manner: Mutex::new(manner),
            taken: Mutex::default(),
            connections: Mutex::new(0),
            go_on: Notify::new(),
        };
        let server = Self { port: listener.local_addr().unwrap().port(), inner: Arc::new(inner) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *serving.inner.connections.lock().unwrap() += 1;
                let serving = serving.clone();
                tokio::spawn(async move { serving.converse(stream).await });
            }
        });
        server
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The same for somebody who logs in.
    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("smtp://{user}@127.0.0.1:{}", self.port)
    }

    /// Changes what it does.
    pub(crate) fn be(&self, manner: Manner) {
        *self.inner.manner.lock().unwrap() = manner;
    }

    /// What it has taken.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.inner.taken.lock().unwrap().clone()
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        *self.inner.connections.lock().unwrap()
    }

    /// Lets one who waits go on.
    pub(crate) fn go_on(&self) {
        self.inner.go_on.notify_one();
    }

    fn manner(&self) -> Manner {
        *self.inner.manner.lock().unwrap()
    }

    /// RFC 5321 as far as a sender goes; hangs up when the other end does.
    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut say = async |line: &str| writer.write_all(format!("{line}\r\n").as_bytes()).await.ok();
        match self.manner() {
            Manner::Silent => std::future::pending().await,
            Manner::Greeting(line) => return say(line).await,
            _ => say("220 mail.example").await?,
        }
        let mut to = String::new();
        loop {
            let line = lines.next_line().await.ok()??;
            let command = line.to_ascii_uppercase();
            let answer = match (command.split([' ', ':']).next()?, self.manner()) {
                (_, Manner::Silent) => std::future::pending().await,
                ("EHLO", _) => "250-mail.example\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 SMTPUTF8",
                ("AUTH", Manner::RefusingLogins(refusal)) => refusal,
                ("AUTH", _) => "235 welcome",
                ("RCPT", Manner::RefusingRecipients(refusal)) => refusal,
                ("RCPT", _) => {
                    to = line.split(['<', '>']).nth(1)?.to_owned();
                    "250 ok"
                }
                ("DATA", manner) => {
                    say("354 go ahead").await?;
                    let mut text = String::new();
                    loop {
                        let line = lines.next_line().await.ok()??;
                        if line == "." {
                            break;
                        }
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    if manner == Manner::Slow {
                        self.inner.go_on.notified().await;
                    }
                    self.inner.taken.lock().unwrap().push(Taken { to: to.clone(), text });
                    if manner == Manner::TakingInSilence { std::future::pending().await } else { "250 taken" }
                }
                ("QUIT", _) => return say("221 goodbye").await,
                _ => "250 ok",
            };
            say(answer).await?;
        }
    }
}
