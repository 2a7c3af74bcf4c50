use std::time::Duration;

/// How often which latency was seen.
///
/// Each power of two of nanoseconds is cut into 32 buckets: a percentile is at most 3 % too low, and
/// a load of hours needs no more memory than one of a second.
pub(crate) struct Latencies {
    buckets: Vec<u64>,
    len: u64,
}

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds)] += 1;
        self.len += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *ours += theirs;
        }
        self.len += other.len;
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The latency that `share` of all do not exceed; zero when there are none.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let rank = (self.len as f64 * share).ceil() as u64;
        let mut seen = 0;
        let reached = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        Duration::from_nanos(reached.map_or(0, lower_bound))
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            buckets: vec![0; bucket(u64::MAX) + 1],
            len: 0,
        }
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let shift = (nanoseconds | 1).ilog2().saturating_sub(STEP_BITS);
    shift as usize * STEPS + (nanoseconds >> shift) as usize
}

/// The other way round: the least that falls into a bucket.
fn lower_bound(bucket: usize) -> u64 {
    let shift = (bucket / STEPS).saturating_sub(1);
    ((bucket - shift * STEPS) as u64) << shift
}

const STEP_BITS: u32 = 5;
const STEPS: usize = 1 << STEP_BITS;
