//! The measurements, in the order in which they are made.

mod burst;
mod flood;
mod growth;
mod handshakes;
mod memory;
mod metrics;
mod paced;
mod rotation;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::edge::{Edge, Kind, Running};
use crate::figures::{self, Figures};
use crate::files;
use crate::plan::{FEW, Plan};
use crate::progress::say;
use crate::set::Set;
use crate::table::{Column, Row};

/// Measures one proxy after the other.
pub(crate) struct Measurer<'a> {
    plan: &'a Plan,
    scratch: &'a Path,
    set: Set,
    few: Set,
}

impl<'a> Measurer<'a> {
    /// Makes or opens what the proxies will serve; what is not to be kept goes to `scratch`.
    pub(crate) async fn new(plan: &'a Plan, scratch: &'a Path) -> anyhow::Result<Self> {
        let directory = plan.directory.clone();
        let directory = directory.unwrap_or_else(|| scratch.join("set"));
        Ok(Self {
            plan,
            scratch,
            set: Set::open_or_make(&directory, plan.count, plan.preset.count).await?,
            few: Set::open_or_make(&scratch.join("few"), Some(FEW), FEW).await?,
        })
    }

    pub(crate) fn count(&self) -> u32 {
        self.set.count()
    }

    /// Fills a proxy's column, as far as it comes.
    pub(crate) async fn measure(&self, kind: Kind, column: &mut Column) -> anyhow::Result<()> {
        let few = self.memory_of_few(kind).await?;
        let Some(mut running) = self.start(kind, column).await? else {
            return Ok(());
        };
        say(&format!("{}: memory", kind.name()));
        memory::measure(&mut running, few, column).await?;
        let (plan, name) = (self.plan, kind.name());
        if plan.preset.rotations > 0 {
            say(&format!("{name}: rotations one by one"));
            rotation::delay(&mut running, plan, column).await?;
        }
        let mut peak = 0;
        if plan.preset.cpu_rotations > 0 {
            say(&format!("{name}: CPU of rotations"));
            peak = peak.max(rotation::cost(&mut running, plan, column).await?);
        }
        if plan.preset.burst > 0 {
            say(&format!("{name}: rotations at once"));
            peak = peak.max(burst::measure(&mut running, plan, column).await?);
        }
        if peak > 0 {
            column.set(Row::Peak, figures::mebibytes(peak));
        }
        match kind {
            Kind::Lockgate => self.measure_further(&mut running, column).await,
            Kind::Nginx | Kind::Haproxy => Ok(()),
        }
    }

    /// What Lockgate promises beyond what the others are measured by.
    async fn measure_further(
        &self,
        running: &mut Running,
        column: &mut Column,
    ) -> anyhow::Result<()> {
        if self.plan.preset.reloads > 0 {
            say("lockgate: growth by reloads");
            growth::measure(running, self.plan, column).await?;
        }
        if self.plan.preset.rounds > 0 {
            say("lockgate: handshakes while rotating");
            handshakes::measure(running, self.plan, column).await?;
        }
        if self.plan.preset.flood > 0 {
            say("lockgate: flood of unknown names");
            flood::measure(running, self.plan, column).await?;
        }
        Ok(())
    }

    async fn memory_of_few(&self, kind: Kind) -> anyhow::Result<u64> {
        say(&format!(
            "{}: starting with {FEW} certificates",
            kind.name()
        ));
        let (edge, log) = self.configure(kind, &self.few)?;
        let (mut running, took) = Running::start(edge, &self.few, &log, self.plan.deadline).await?;
        anyhow::ensure!(took.is_some(), "does not serve");
        memory::settled(&mut running).await
    }

    /// Starts it as often as planned; the last one goes on. None when it did not serve in time.
    async fn start(&self, kind: Kind, column: &mut Column) -> anyhow::Result<Option<Running>> {
        say(&format!("{}: starting", kind.name()));
        let (edge, log) = self.configure(kind, &self.set)?;
        files::read_all(log.parent().unwrap_or(&log))?;
        files::read_all(&self.set.config())?;
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..self.plan.preset.starts {
            // The one before has to end first: it has the port.
            drop(last.take());
            let (edge, deadline) = (Arc::clone(&edge), self.plan.deadline);
            let (running, took) = Running::start(edge, &self.set, &log, deadline).await?;
            let Some(took) = took else {
                column.set(Row::Start, later_than(deadline));
                return Ok(None);
            };
            times.push(took);
            last = Some(running);
        }
        column.set(Row::Start, figures::time(Figures::of(times).median()));
        Ok(last)
    }

    /// In a new directory, and with the place of its log there.
    fn configure(&self, kind: Kind, set: &Set) -> anyhow::Result<(Arc<dyn Edge>, PathBuf)> {
        let name = format!("{}-{}", kind.name(), set.count());
        let directory = self.scratch.join(name);
        fs::create_dir_all(&directory)?;
        let edge = kind.configure(self.plan, set, &directory)?;
        Ok((edge, directory.join("log")))
    }
}

/// Instead of a figure that did not come in time.
fn later_than(deadline: Duration) -> String {
    format!("> {} s", deadline.as_secs())
}
