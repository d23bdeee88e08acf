//! The disk below the database, small enough to be filled: a tmpfs that a tablespace of PostgreSQL lies on. Its log of
//! changes stays where it was, so that what fails is every write of a table that needs more room, and not the server.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::geteuid;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use testkit::mode::shared_postgres;

/// How large it is: more than the longest storm fills by itself.
const SIZE: &str = "256m";
/// How long PostgreSQL may be away when it is first asked for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// What is written at once to fill it, the smaller the less is left.
const CHUNKS: [usize; 2] = [1 << 20, 4 << 10];

/// A small disk that a tablespace lies on. Dropping it gives everything back, the databases on it included.
pub(crate) struct Disk {
    folder: PathBuf,
    tablespace: String,
}

impl Disk {
    /// Mounts a disk and makes a tablespace on it; the error says why that cannot be done here.
    pub(crate) async fn mount() -> anyhow::Result<Self> {
        if !geteuid().is_root() {
            bail!("a disk can only be mounted by root");
        }
        let deadline = Instant::now() + ANSWERS_WITHIN;
        let server = loop {
            match Database::connect(shared_postgres()).await {
                Ok(server) => break server,
                // It may be coming back from what was done to it before.
                Err(error) if Instant::now() >= deadline => return Err(error.into()),
                Err(_away) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        let made = Self::mount_for(&server).await;
        server.close().await?;
        made
    }

    async fn mount_for(server: &DatabaseConnection) -> anyhow::Result<Self> {
        let found = server.query_one_raw(Statement::from_string(server.get_database_backend(), "show data_directory"));
        let data: String = found.await?.context("PostgreSQL does not say where its data is")?.try_get_by_index(0)?;
        // In a container there is another folder of that name, or none.
        let owner =
            fs::metadata(&data).with_context(|| format!("PostgreSQL's data in {data} is not on this machine"))?;
        // The system's temporary folder, as PostgreSQL's user may not be allowed to enter the clone.
        let folder = std::env::temp_dir().join(format!("boxoffice-disk-{}", std::process::id()));
        unmount_left_over();
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let options = format!("size={SIZE},mode=0700,uid={},gid={}", owner.uid(), owner.gid());
        let mounted = run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "boxoffice"]).arg(&folder));
        if let Err(error) = mounted {
            let _removed = fs::remove_dir(&folder);
            return Err(error.context("a disk cannot be mounted"));
        }
        let disk = Self { tablespace: format!("small_disk_{}", std::process::id()), folder };
        let place = disk.folder.join("tables");
        fs::create_dir(&place)?;
        std::os::unix::fs::chown(&place, Some(owner.uid()), Some(owner.gid()))?;
        let text = format!("create tablespace {} location '{}'", disk.tablespace, place.display());
        server.execute_unprepared(&text).await.context("a tablespace cannot be made")?;
        Ok(disk)
    }

    /// The name of the tablespace.
    pub(crate) fn tablespace(&self) -> &str {
        &self.tablespace
    }

    /// Leaves no room on it, and makes sure that PostgreSQL finds none.
    pub(crate) async fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for size in CHUNKS {
            let chunk = vec![0; size];
            loop {
                match ballast.write_all(&chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("the disk cannot be filled"),
                }
            }
        }
        let server = Database::connect(shared_postgres()).await?;
        let text = format!(
            "create table too_much tablespace {} as select repeat('x', 1000) from generate_series(1, 1000)",
            self.tablespace
        );
        let refused = server.execute_unprepared(&text).await;
        server.close().await?;
        match refused {
            Err(error) if error.to_string().contains("No space left on device") => Ok(()),
            Err(error) => Err(error).context("the disk is full, and PostgreSQL says something else"),
            Ok(_) => bail!("the disk is full, and PostgreSQL could write"),
        }
    }

    /// Makes room on it again.
    pub(crate) fn empty(&self) -> anyhow::Result<()> {
        fs::remove_file(self.ballast()).context("the ballast cannot be removed")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Drops what lies on it, so that PostgreSQL looks for nothing there when it is gone.
    async fn give_back(&self) -> anyhow::Result<()> {
        let server = Database::connect(shared_postgres()).await?;
        let text = format!(
            "select datname from pg_database d join pg_tablespace t on t.oid = d.dattablespace where t.spcname = '{}'",
            self.tablespace
        );
        for row in server.query_all_raw(Statement::from_string(server.get_database_backend(), text)).await? {
            let name: String = row.try_get_by_index(0)?;
            server.execute_unprepared(&format!("drop database {name} with (force)")).await?;
        }
        server.execute_unprepared(&format!("drop tablespace {}", self.tablespace)).await?;
        Ok(server.close().await?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A disk that is full has no room for what is written when something is dropped.
        let _room = self.empty();
        let given_back = std::thread::scope(|scope| {
            let giving = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(self.give_back())
            });
            giving.join()
        });
        if let Ok(Err(error)) = given_back {
            eprintln!("the tablespace on {} stays: {error:#}", self.folder.display());
        }
        unmount(&self.folder);
    }
}

/// Unmounts the disks of storms that were killed.
fn unmount_left_over() {
    let Ok(mounts) = fs::read_to_string("/proc/self/mounts") else { return };
    let prefix = std::env::temp_dir().join("boxoffice-disk-");
    let folders = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    for folder in folders.filter(|folder| folder.starts_with(&*prefix.to_string_lossy())) {
        let owner = folder.rsplit('-').next().unwrap_or_default();
        if !Path::new("/proc").join(owner).exists() {
            unmount(Path::new(folder));
        }
    }
}

fn unmount(folder: &Path) {
    // Lazily, as a server that is stopping may still have it in use.
    if let Err(error) = run(Command::new("umount").arg("--lazy").arg(folder)) {
        eprintln!("{} stays mounted: {error:#}", folder.display());
    }
    let _removed = fs::remove_dir(folder);
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
