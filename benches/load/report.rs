use std::time::Duration;

use serde::Serialize;

use crate::http::Failure;
use crate::latency::Latencies;

/// What came of one worker's units, or of all.
#[derive(Default)]
pub(crate) struct Tally {
    latencies: Latencies,
    bytes: u64,
    errors: u64,
    first_failure: Option<Failure>,
}

impl Tally {
    pub(crate) fn succeeded(&mut self, latency: Duration, length: u64) {
        self.latencies.record(latency);
        self.bytes += length;
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        self.errors += 1;
        self.first_failure.get_or_insert(failure);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.add(&other.latencies);
        self.bytes += other.bytes;
        self.errors += other.errors;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }
}

/// The result of a load.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    mode: &'static str,
    connections: usize,
    /// GETs that were answered rightly.
    units: u64,
    errors: u64,
    /// Of bodies.
    bytes: u64,
    seconds: f64,
    p50_us: f64,
    p99_us: f64,
    #[serde(skip)]
    pub(crate) first_failure: Option<Failure>,
}

impl Report {
    pub(crate) fn new(
        mode: &'static str,
        connections: usize,
        elapsed: Duration,
        tally: Tally,
    ) -> Self {
        let percentile = |share| tally.latencies.percentile(share).as_nanos() as f64 / 1000.0;
        Self {
            mode,
            connections,
            units: tally.latencies.len(),
            errors: tally.errors,
            bytes: tally.bytes,
            seconds: elapsed.as_secs_f64(),
            p50_us: percentile(0.50),
            p99_us: percentile(0.99),
            first_failure: tally.first_failure,
        }
    }

    /// Something was done and nothing went wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.units > 0 && self.errors == 0
    }

    pub(crate) fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
