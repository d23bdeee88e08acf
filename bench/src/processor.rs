//! What processes use of the machine, as the operating system counts it (`proc(5)`).

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

/// The machine's processor and memory.
pub(crate) struct Processor;

/// What the kernel tells of a process in one line.
struct Stat {
    parent: u32,
    /// User and system time.
    own: Duration,
    /// The same of its children that have ended.
    ended_children: Duration,
}

impl Stat {
    fn of(process: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/stat");
        let text = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        // The name, in brackets, may have spaces in it.
        let (_, after_name) = text.rsplit_once(')').context("the state of a process is not understood")?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
        // utime, stime, cutime and cstime are the 14th to 17th of all, in ticks of which Linux counts 100 a second.
        let time = |index: usize| Duration::from_millis((number(index) + number(index + 1)) * 10);
        Ok(Self { parent: u32::try_from(number(1))?, own: time(11), ended_children: time(13) })
    }
}

impl Processor {
    /// User and system time of a process, all its threads, since it began; to the hundredth of a second.
    pub(crate) fn used_by(process: u32) -> anyhow::Result<Duration> {
        Ok(Stat::of(process)?.own)
    }

    /// The same of a process and those that it has started, one generation: of PostgreSQL, which has one per connection.
    pub(crate) fn used_by_family(process: u32) -> anyhow::Result<Duration> {
        let Stat { own, ended_children, .. } = Stat::of(process)?;
        let others = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let children = others.filter_map(|other| Stat::of(other).ok()).filter(|other| other.parent == process);
        Ok(own + ended_children + children.map(|child| child.own).sum::<Duration>())
    }

    /// What a process keeps in memory now, in MiB.
    pub(crate) fn memory_of(process: u32) -> anyhow::Result<f64> {
        let path = format!("/proc/{process}/status");
        let text = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory is told")?;
        let kibibytes: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// The process that listens on a port of this machine, if it may be seen.
    pub(crate) fn listening_on(address: &str) -> Option<u32> {
        let port: u16 = address.rsplit_once(':')?.1.parse().ok()?;
        let wanted = format!(":{port:04X}");
        let table = ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let socket = table.collect::<String>().lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // A listening socket is in state 0A; its inode is the tenth field.
            let listens = fields.get(3) == Some(&"0A") && fields.get(1)?.ends_with(&wanted);
            listens.then(|| format!("socket:[{}]", fields[9]))
        })?;
        let processes = std::fs::read_dir("/proc").ok()?.flatten();
        processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(|process| {
            let open = std::fs::read_dir(Path::new("/proc").join(format!("{process}")).join("fd"));
            open.is_ok_and(|files| {
                files
                    .flatten()
                    .any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target.to_string_lossy() == socket))
            })
        })
    }

    /// How long all processors of the machine were busy since it was started, waiting for disks not counted.
    pub(crate) fn busy() -> anyhow::Result<Duration> {
        let text = std::fs::read_to_string("/proc/stat")?;
        let line = text.lines().next().context("/proc/stat is empty")?;
        let ticks: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Duration::from_millis((ticks.iter().take(8).sum::<u64>() - idle) * 10))
    }
}
