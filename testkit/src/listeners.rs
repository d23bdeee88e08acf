//! Kafka behind a proxy, a mail server that is not ours, and readers that are not ours either.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use messaging::kafka::KafkaConfig;
use messaging::topics::Topics;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::Value;

use crate::proxy::Proxy;

/// What messages go through and who reads them.
pub struct Listeners {
    /// What stands between the processes and Kafka.
    pub kafka: Proxy,
    /// Kafka and the topics of this test, around the proxy.
    pub config: KafkaConfig,
    mail: MailServer,
}

/// A message as software reads it that is not ours.
#[derive(Debug, Clone, Deserialize)]
pub struct Heard {
    /// Where it was published.
    pub topic: String,
    /// What it is about; everything with one key is in order.
    pub key: String,
    /// Its id, the same each time that it is published.
    pub id: String,
    /// What has happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its number within its booking.
    pub sequence: String,
}

/// A mail as its server has taken it.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// The id that its sender gave it, in angle brackets.
    pub message_id: String,
    /// To whom.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
}

struct MailServer {
    process: Child,
    address: String,
    folder: PathBuf,
}

impl Listeners {
    /// Makes topics named after `prefix`.
    pub async fn start(folder: &Path, prefix: &str) -> Self {
        let [brokers, proxied, behind] =
            ["BOXOFFICE_TEST_KAFKA", "BOXOFFICE_TEST_KAFKA_PROXIED", "BOXOFFICE_TEST_KAFKA_BEHIND_PROXY"]
                .map(|name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`")));
        let of = |name: &str| format!("{prefix}-{name}");
        let topics = Topics {
            booking_events: of("booking-events"),
            payment_events: of("payment-events"),
            payment_results: of("payment-results"),
            booking_commands: of("booking-commands"),
            dead_letters: of("dead-letters"),
        };
        let prefix = prefix.to_owned();
        let config = KafkaConfig { brokers, prefix, topics, partitions: 6, replication: 1, options: Vec::new() };
        config.make_topics().await.unwrap();
        let kafka = Proxy::start_at(&proxied, vec![behind]).await;
        Self { kafka, config, mail: MailServer::start(&folder.join("mail"), "0", &[]) }
    }

    /// What the processes are told.
    pub fn environment(&self) -> Vec<(String, String)> {
        let Topics { booking_events, payment_events, payment_results, booking_commands, dead_letters } =
            self.config.topics.clone();
        let settings = [
            ("KAFKA__BROKERS", self.kafka.address()),
            ("KAFKA__PREFIX", self.config.prefix.clone()),
            ("KAFKA__BOOKING_EVENTS", booking_events),
            ("KAFKA__PAYMENT_EVENTS", payment_events),
            ("KAFKA__PAYMENT_RESULTS", payment_results),
            ("KAFKA__BOOKING_COMMANDS", booking_commands),
            ("KAFKA__DEAD_LETTERS", dead_letters),
            ("MAIL__SMTP_URL", format!("smtp://{}", self.mail.address)),
            ("MAIL__BOOKING_URL", "https://tickets.example/bookings/{booking}".to_owned()),
        ];
        settings.into_iter().map(|(name, value)| (format!("BOXOFFICE_{name}"), value)).collect()
    }

    /// Everything that was published, as Python's clients of Kafka and CloudEvents read it.
    pub fn everything_published(&self) -> Vec<Heard> {
        let topics = &self.config.topics;
        let both = format!("{},{}", topics.booking_events, topics.payment_events);
        self.read(&both, &[]).iter().map(|line| serde_json::from_value(line.clone()).unwrap()).collect()
    }

    /// The dead letters, each as a JSON object.
    pub fn dead_letters(&self) -> Vec<Value> {
        self.read(&self.config.topics.dead_letters, &["--raw"])
    }

    fn read(&self, topics: &str, options: &[&str]) -> Vec<Value> {
        let arguments = [&self.config.brokers, topics, "--from-beginning", "--until-idle", "4"];
        let mut reader = outside("read_messages.py");
        let output = reader.args(arguments).args(options).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        lines.collect()
    }

    /// Sends something with Python's client of Kafka.
    pub fn send(&self, topic: &str, key: &str, body: &str) {
        use std::io::Write;
        let mut sender = outside("send_message.py");
        let header = "content-type=application/cloudevents+json; charset=UTF-8";
        let sender = sender.args([&self.config.brokers, topic, key, "--header", header]);
        let mut process = sender.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        assert!(process.wait().unwrap().success());
    }

    /// Stops the mail server.
    pub fn stop_mail(&mut self) {
        self.mail.stop();
    }

    /// Starts the mail server again, where it was, with what it has taken; it puts the first mail off.
    pub fn start_mail_again(&mut self) {
        let port = self.mail.address.rsplit_once(':').unwrap().1.to_owned();
        self.mail = MailServer::start(&self.mail.folder, &port, &["--refuse", "1"]);
    }

    /// The mail that was taken.
    pub fn mail(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(self.mail.folder.join("received.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl MailServer {
    fn start(folder: &Path, port: &str, options: &[&str]) -> Self {
        let mut server = outside("mail_server.py");
        let server = server.arg(port).arg(folder).args(options).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = server.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("the mail server says `{line}`"));
        Self { process, address: format!("127.0.0.1:{port}"), folder: folder.to_owned() }
    }

    fn stop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            let _gone = kill_process(Pid::from_child(&self.process), Signal::TERM);
            let _ended = self.process.wait();
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program in Python, with the packages that are not ours.
fn outside(program: &str) -> Command {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let found =
        Command::new("bash").arg(format!("{root}/scripts/outside-python")).stdin(Stdio::null()).output().unwrap();
    assert!(found.status.success(), "scripts/outside-python: {}", String::from_utf8_lossy(&found.stderr));
    let mut command = Command::new(String::from_utf8(found.stdout).unwrap().trim());
    command.arg(format!("{root}/boxoffice/tests/outside/{program}"));
    command
}
