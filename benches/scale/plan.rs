use std::path::PathBuf;
use std::time::Duration;

use crate::edge::Kind;

/// What to measure, and how thoroughly.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many certificates; when it was not said, as many as the directory holds.
    pub(crate) count: Option<u32>,
    /// Where the certificates are kept, if they are.
    pub(crate) directory: Option<PathBuf>,
    /// The Lockgate program.
    pub(crate) lockgate: PathBuf,
    pub(crate) proxies: Vec<Kind>,
    /// For one measurement.
    pub(crate) deadline: Duration,
    pub(crate) preset: Preset,
}

/// The numbers that come in three sizes.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    /// When nothing else says how many certificates.
    pub(crate) count: u32,
    pub(crate) starts: u64,
    pub(crate) rotations: u32,
    pub(crate) cpu_rotations: u32,
    /// CPU is measured over multiples of this.
    pub(crate) period: Duration,
    pub(crate) burst: u32,
    pub(crate) reloads: u32,
    pub(crate) rounds: u32,
    pub(crate) window: Duration,
    pub(crate) flood: u64,
}

impl Preset {
    pub(crate) const USUAL: Self = Self {
        count: 10_000,
        starts: 3,
        rotations: 100,
        cpu_rotations: 50,
        // The default of `certificates.scan_interval`: each time holds as many scans.
        period: Duration::from_secs(30),
        burst: 1_000,
        reloads: 1_000,
        rounds: 3,
        window: Duration::from_secs(20),
        flood: 100_000,
    };

    pub(crate) const FULL: Self = Self {
        count: 100_000,
        flood: 1_000_000,
        ..Self::USUAL
    };

    pub(crate) const QUICK: Self = Self {
        count: 200,
        starts: 1,
        rotations: 10,
        cpu_rotations: 3,
        period: Duration::from_secs(1),
        burst: 50,
        reloads: 20,
        rounds: 1,
        window: Duration::from_secs(1),
        flood: 2_000,
    };
}

/// What a proxy has for the comparison that gives the memory of one certificate.
pub(crate) const FEW: u32 = 10;

/// Enough to tell apart from [`FEW`].
pub(crate) const LEAST_COUNT: u32 = 50;
