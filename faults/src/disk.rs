//! The disk below the database, small enough to be filled: a tmpfs that a tablespace of PostgreSQL lies on.

/// A small disk with a tablespace.
pub(crate) struct Disk;

impl Disk {
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        Ok(())
    }
    pub(crate) fn empty(&self) -> anyhow::Result<()> {
        Ok(())
    }
}
