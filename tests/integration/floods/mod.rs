//! What floods do to viewers who play meanwhile: how long they wait, what is kept of it, and what is
//! counted. `just floods` takes the figures; the ordinary tests have each flood for a second.
//!
//! LOCKGATE_FLOOD_SECONDS says how long each is, LOCKGATE_FLOOD chooses those whose names contain it.

mod audience;
mod connections;
mod frames;
mod memory;
mod report;
mod resets;
mod scene;
mod slow;
mod target;

use std::env;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::support::SECOND;
use report::Report;
use scene::Scene;
use target::Target;

/// One kind of attack.
#[derive(Clone, Copy)]
struct Flood {
    name: &'static str,
    /// Attackers on each thread.
    hands: usize,
    run: fn(Arc<Target>) -> Run,
    /// Part of a counter's name and labels that has to grow.
    counted: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// The timeouts that are to be over within the flood.
    deadlines: &'static [&'static str],
    /// The edge's limit on open files.
    files: Option<usize>,
    /// By how much its memory may grow meanwhile, in bytes.
    memory: usize,
}

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Flood {
    const fn new(name: &'static str, run: fn(Arc<Target>) -> Run, counted: &'static str) -> Self {
        Self {
            name,
            hands: 4,
            run,
            counted,
            settings: &[],
            deadlines: &[],
            files: None,
            memory: 64 << 20,
        }
    }

    const fn with(mut self, settings: &'static [(&'static str, &'static str)]) -> Self {
        self.settings = settings;
        self
    }

    const fn within(mut self, deadlines: &'static [&'static str]) -> Self {
        self.deadlines = deadlines;
        self
    }

    const fn with_files(mut self, files: usize) -> Self {
        self.files = Some(files);
        self
    }

    /// A second of it, and what has to hold on any machine.
    async fn withstood(self) {
        let mut scene = Scene::of(&self, SECOND).await;
        let report = scene.endure(&self, SECOND).await;
        report.check(self.memory);
    }
}

/// What attackers do.
macro_rules! run {
    ($run:path) => {
        |target| Box::pin(async move { $run(&target).await })
    };
}

/// Each flood as a test of its own, and all of them as a list.
macro_rules! floods {
    ($($test:ident: $flood:expr,)*) => {
        const ALL: &[Flood] = &[$($flood),*];

        $(
            #[tokio::test]
            async fn $test() {
                const { $flood }.withstood().await;
            }
        )*
    };
}

floods! {
    rapid_resets: Flood::new("rapid reset", run!(resets::rapid), "{frames}"),
    late_resets: Flood::new("resets at the origin", run!(resets::late), "{resets}"),
    made_resets: Flood::new("made resets", run!(resets::made), "{frames}"),
    broken_rules: Flood::new("broken rules", run!(resets::broken), "none"),
    endless_fields: Flood::new("CONTINUATION", run!(frames::continuation), "{frames}"),
    changed_settings: Flood::new("SETTINGS", run!(frames::settings), ""),
    pings: Flood::new("PING", run!(frames::pings), ""),
    unread_pings: Flood::new("PING, answers unread", run!(frames::unread_pings), ""),
    answers_to_nothing: Flood::new("PING answers", run!(frames::ping_answers), ""),
    priorities: Flood::new("PRIORITY", run!(frames::priorities), ""),
    empty_data: Flood::new("empty DATA", run!(frames::empty_data), "{frames}"),
    zero_windows: Flood::new("zero window", run!(memory::zero_window), "viewer_stalled")
        .within(&["timeouts.viewer_stall"]),
    unread_responses: Flood::new("unread 10 MB", run!(memory::unread), "viewer_stalled")
        .within(&["timeouts.viewer_stall"]),
    fields_from_the_table: Flood::new("HPACK bomb", run!(memory::hpack_bomb), "{frames}"),
    long_heads: Flood::new("long heads", run!(memory::heads), "{head_size}"),
    slow_phases: Flood::new("slowloris", run!(slow::every_phase), "{headers}").within(PHASES),
    half_open: Flood::new("half-open handshakes", run!(slow::half_open), "{handshakes}")
        .with(&[("limits.handshakes", "100")]),
    churn: Flood::new("connect and close", run!(connections::churn), "client_gone"),
    no_descriptors: Flood::new("no descriptors", run!(connections::idle), "")
        .with(&[("limits.connections", "100000")])
        .with_files(512),
}

/// Those that end a slow connection.
const PHASES: &[&str] = &[
    "timeouts.handshake",
    "timeouts.headers",
    "timeouts.idle",
    "timeouts.first_byte",
];

/// The figures: a line for each flood.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn every_flood_leaves_viewers_alone() {
    let seconds = env::var("LOCKGATE_FLOOD_SECONDS").ok();
    let seconds = seconds.map_or(20, |text| text.parse().expect("a number of seconds"));
    let chosen = env::var("LOCKGATE_FLOOD").unwrap_or_default();
    let mut faults = Vec::new();
    println!("{}", Report::HEAD);
    for flood in ALL.iter().filter(|it| it.name.contains(&chosen)) {
        let span = Duration::from_secs(seconds);
        let mut scene = Scene::of(flood, span).await;
        let report = scene.measure(flood, span).await;
        println!("{report}");
        faults.extend(report.faults());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
