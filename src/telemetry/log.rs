use std::env;
use std::io::{IsTerminal, stderr};
use std::panic;

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Keeps the thread that writes log lines; dropping it writes what is still queued.
#[derive(Debug)]
pub struct LogGuard(#[expect(dead_code, reason = "held for its Drop")] WorkerGuard);

/// Starts logging to standard error: for a human on a terminal, else one JSON object a line.
///
/// `RUST_LOG` sets the filter; `info` by default, and errors alone of h2, which warns of frames that
/// a client may send by the million. Lines go through a bounded queue to a thread of
/// their own; when a slow reader lets it run full, lines are dropped rather than viewers delayed.
pub fn init() -> LogGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUED_LINES)
        .finish(stderr());
    let directives = env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| FILTER.to_owned());
    let filter = EnvFilter::try_new(&directives);
    let invalid = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(FILTER));
    let format = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    // A second call, in a test, keeps the first one's subscriber.
    let _ = if stderr().is_terminal() {
        format.with_target(false).try_init()
    } else {
        let format = format.json().flatten_event(true);
        let format = format.with_current_span(false).with_span_list(false);
        format.try_init()
    };
    if let Some(error) = invalid {
        tracing::warn!(error, "RUST_LOG is not valid and counts as {FILTER:?}");
    }
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(place, %backtrace, "bug: {}", info.payload_as_str().unwrap_or("panic"));
    }));
    LogGuard(guard)
}

/// Has a command that does what a process does tell warnings to standard error, for a human.
pub fn init_for_command() {
    let format = tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false)
        .without_time();
    // A second call keeps the first one's.
    let _ = format.try_init();
}

const FILTER: &str = "info,h2=error";

/// Some tens of megabytes at the most.
const QUEUED_LINES: usize = 64 * 1024;
