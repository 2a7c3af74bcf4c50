//! What a flood did, as a line of a table.

use std::fmt;
use std::time::Duration;

use super::audience::Gaps;

/// The longest gap of a viewer whom nothing disturbs.
const UNDISTURBED: Duration = Duration::from_millis(200);

pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) attempts: u64,
    pub(super) gaps: Gaps,
    /// Before, at its most, and after.
    pub(super) memory: [usize; 3],
    /// Requests that the origin worked on at once.
    pub(super) working: usize,
    /// Part of the counter that has to be among these.
    pub(super) counted: &'static str,
    pub(super) grown: Vec<(String, f64)>,
}

impl Report {
    /// What has to hold on any machine, however busy.
    pub(super) fn check(&self, most_memory: usize) {
        assert_eq!(self.gaps.cut, 0, "a viewer was cut: {self}");
        assert!(self.is_counted(), "{} is not counted: {self}", self.counted);
        let [before, peak, _] = self.memory;
        assert!(peak < before + most_memory, "{self}");
    }

    fn is_counted(&self) -> bool {
        let mut grown = self.grown.iter();
        grown.any(|(name, _)| name.contains(self.counted))
    }

    /// What is wrong by the figures that a quiet machine gives.
    pub(super) fn faults(&self) -> Vec<String> {
        let [before, _, after] = self.memory;
        // What the machine does to every viewer is not the edge's.
        let gap = self.gaps.through.saturating_sub(self.gaps.direct);
        let late = gap >= UNDISTURBED.saturating_sub(PACE);
        let kept = after > before + before / 10;
        let mut faults = Vec::new();
        if late {
            faults.push(format!("{}: a gap of {:?}", self.name, self.gaps.through));
        }
        if kept {
            faults.push(format!("{}: memory is kept", self.name));
        }
        if self.gaps.cut > 0 {
            faults.push(format!("{}: a viewer was cut", self.name));
        }
        if !self.is_counted() {
            faults.push(format!("{}: {} is not counted", self.name, self.counted));
        }
        faults
    }

    pub(super) const HEAD: &str = "flood | attempts | longest gap / direct | memory before / most / \
         after (MB) | at once at the origin | counted";
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |gap: Duration| gap.as_millis();
        let [before, most, after] = self.memory.map(|bytes| bytes as f64 / 1e6);
        let (through, direct) = (millis(self.gaps.through), millis(self.gaps.direct));
        let (name, attempts, working) = (self.name, self.attempts, self.working);
        write!(
            f,
            "{name} | {attempts} | {through} ms / {direct} ms | {before:.1} / {most:.1} / \
             {after:.1} | {working} |"
        )?;
        let told = self.grown.iter().filter(|(name, _)| is_told(name));
        for (name, growth) in told {
            let name = name.trim_start_matches("lockgate_").replace("_total", "");
            write!(f, " {name} {growth}")?;
        }
        Ok(())
    }
}

/// Bytes, and what goes well, say nothing of a flood.
fn is_told(name: &str) -> bool {
    !["reloads", "_bytes_", "2xx", ",ok}", "{ok}"]
        .iter()
        .any(|it| name.contains(it))
}

/// Between two frames of a viewer's stream.
const PACE: Duration = Duration::from_millis(40);
