use std::time::Duration;

/// Sorted measurements.
#[derive(Debug)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Zero when there are none.
    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The smallest measurement that so many percent do not exceed; zero when there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        let figure = self.0.get(rank.saturating_sub(1));
        figure.copied().unwrap_or_default()
    }
}

/// In the unit that leaves three digits or so.
pub(crate) fn time(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.2} ms"),
        ..100.0 => format!("{milliseconds:.1} ms"),
        ..10_000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1000.0),
    }
}

/// A number of bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

/// What came after as a percentage of what was before, less 100.
pub(crate) fn growth(before: u64, after: u64) -> String {
    let percent = (after as f64 / before as f64 - 1.0) * 100.0;
    format!("{percent:+.1} %")
}
