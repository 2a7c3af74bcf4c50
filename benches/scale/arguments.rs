use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use clap::Parser;

use crate::edge::Kind;
use crate::plan::{LEAST_COUNT, Plan, Preset};

/// What many certificates cost: start, memory, rotation, handshakes; beside other proxies if asked.
///
/// Without options: 10,000 certificates, Lockgate alone, about six minutes. A 0 for any number of
/// rotations, reloads, rounds or handshakes leaves that measurement out.
#[derive(Debug, Parser)]
#[command(name = "scale", after_long_help = HOW)]
pub(crate) struct Arguments {
    /// How many certificates, each with its domain [default: what DIR holds, else 10,000; 200 with
    /// --quick; 100,000 with --full]
    #[arg(long, value_name = "N")]
    count: Option<u32>,

    /// Keep the certificates in this directory, and use those that are there; without it they are
    /// made anew and removed at the end
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// The Lockgate program [default: the one that cargo built with this tool]
    #[arg(long, value_name = "PATH")]
    lockgate: Option<PathBuf>,

    /// Which other proxies to measure in the same run; Debian's packages, installed if missing
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    peers: Vec<Kind>,

    /// How often the start is timed; the median counts [default: 3; 1 with --quick]
    #[arg(long, value_name = "N")]
    starts: Option<NonZeroU64>,

    /// Rotations whose delay is measured, one after the other [default: 100; 10 with --quick]
    #[arg(long, value_name = "N")]
    rotations: Option<u32>,

    /// Rotations whose CPU is measured, one a second [default: 50; 3 with --quick]
    #[arg(long, value_name = "N")]
    cpu_rotations: Option<u32>,

    /// Rotations at once [default: 1,000; 50 with --quick]
    #[arg(long, value_name = "N")]
    burst: Option<u32>,

    /// Reloads between two looks at the memory [default: 1,000; 20 with --quick]
    #[arg(long, value_name = "N")]
    reloads: Option<u32>,

    /// Rounds of handshakes at 200 a second without and with 20 rotations a second [default: 3; 1
    /// with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,

    /// How long each half of a round is [default: 20; 1 with --quick]
    #[arg(long, value_name = "SECONDS")]
    window: Option<u64>,

    /// Handshakes with unknown names [default: 100,000; 2,000 with --quick; 1,000,000 with --full]
    #[arg(long, value_name = "N")]
    flood: Option<u64>,

    /// How long a measurement may take; one that takes longer is cut, and shown as more than this
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    deadline: u64,

    /// Show in seconds that it works; measures nothing
    #[arg(long, conflicts_with = "full")]
    quick: bool,

    /// The size that Lockgate is made for: 100,000 certificates
    #[arg(long)]
    full: bool,

    /// Cargo passes it to every bench target.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// What is meant by what was typed.
    pub(crate) fn plan(self) -> anyhow::Result<Plan> {
        let preset = match (self.quick, self.full) {
            (true, _) => Preset::QUICK,
            (_, true) => Preset::FULL,
            _ => Preset::USUAL,
        };
        let enough = self.count.is_none_or(|count| count >= LEAST_COUNT);
        ensure!(enough, "--count must be at least {LEAST_COUNT}");
        let mut proxies = vec![Kind::Lockgate];
        proxies.extend(self.peers);
        let mut seen = Vec::new();
        proxies.retain(|kind| {
            !seen.contains(kind) && {
                seen.push(*kind);
                true
            }
        });
        Ok(Plan {
            count: self.count,
            lockgate: self.lockgate.unwrap_or_else(built),
            directory: self.directory,
            proxies,
            deadline: Duration::from_secs(self.deadline),
            preset: Preset {
                starts: self.starts.map_or(preset.starts, NonZeroU64::get),
                rotations: self.rotations.unwrap_or(preset.rotations),
                cpu_rotations: self.cpu_rotations.unwrap_or(preset.cpu_rotations),
                burst: self.burst.unwrap_or(preset.burst),
                reloads: self.reloads.unwrap_or(preset.reloads),
                rounds: self.rounds.unwrap_or(preset.rounds),
                window: self.window.map_or(preset.window, Duration::from_secs),
                flood: self.flood.unwrap_or(preset.flood),
                ..preset
            },
        })
    }
}

fn built() -> PathBuf {
    env!("CARGO_BIN_EXE_lockgate").into()
}

const HOW: &str = "\
How it is measured:
  Each proxy runs alone, with its default number of threads, all files in the page cache.

  start            From the start of the process until a handshake for the last domain succeeds.
                   Connections are tried every millisecond.
  memory           Proportional set size (Pss of smaps_rollup: pages that processes share count
                   once) of the proxy and its workers, once two readings a second apart differ by
                   less than 1 % and the proxy was idle between them (or after a minute). Per
                   certificate: against the same proxy with 10.
  one rotation     The new pair is written beside the old one; then both files are renamed over it
                   and, where the proxy needs it, it is told. From the first rename until a
                   handshake shows the new leaf, tried every millisecond; each rotation is of
                   another certificate.
  CPU of it        In a series of its own, in which nobody polls: a rotation a second, and one
                   handshake a second that looks whether it is served. The same time at rest, with
                   the same handshakes, is taken off. Both times are multiples of the 30 s of
                   Lockgate's periodic scan. User and system time of all processes, with that of
                   commands a rotation needs (nginx -s reload).
  rotations        All pairs are written beside, then renamed. Until the last one is served; its
  at once          CPU in a second pass, in which nobody looks until it must be over.
  growth           Memory after so many rotations, each dropped when the one before was served.
  handshakes       200 a second, each to a random domain and started on time whatever became of
                   those before, from connecting to the end of the handshake. Without and with 20
                   rotations a second, in turns; medians of the 99th percentiles.
  flood            64 clients, each sending a ClientHello with a random name, reading the alert and
                   closing, again and again, beside 200 handshakes a second for known names. One
                   that comes to less than 1,000 a second is cut.";
