use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::answer;
use super::range::Range;
use super::view;
use crate::certificate::Timestamp;
use crate::reload::{Actor, By, Problem, Report, Touched, Way};
use crate::state::AuditLog;

/// Keeps a record of all changes, whoever makes them.
#[derive(Clone, Debug)]
pub struct Audit {
    log: AuditLog,
    latest: Arc<AtomicU64>,
}

impl Audit {
    /// Begins with a state directory.
    ///
    /// # Errors
    ///
    /// When the system gives no thread to write on.
    pub fn start(state: &Path) -> std::io::Result<Self> {
        Ok(Self {
            log: AuditLog::start(state)?,
            latest: Arc::default(),
        })
    }

    /// Notes what a reload changed, if it did.
    pub fn note(&self, report: &Report) {
        if !report.is_any() {
            return;
        }
        let entry = self.entry(&report.by);
        // What nobody serves is not published.
        let generation = report.generation.filter(|_| !is_offline(&report.by));
        let replaced = report.replaced.iter().map(|it| view::Replaced {
            name: it.name.to_string(),
            before: it.old.map(|it| it.to_string()),
            after: it.new.map(|it| it.to_string()),
        });
        self.write(&view::Audit {
            result: match generation {
                Some(_) => "published".to_owned(),
                None => "noted".to_owned(),
            },
            generation,
            touched: touched(&report.touched),
            certificates: excerpt(report.replaced.len(), replaced),
            remarks: names(&report.remarks_changed),
            domains_added: names(&report.domains_added),
            domains_changed: names(&report.domains_changed),
            domains_removed: names(&report.domains_removed),
            problems: troubles(&report.problems),
            recovered: troubles(&report.recovered),
            ..entry
        });
    }

    /// Notes that somebody asked for a change that was refused.
    pub(super) fn refused(&self, actor: Actor, code: &str) {
        let entry = self.entry(&By::Somebody(actor));
        self.write(&view::Audit {
            result: "refused".to_owned(),
            code: Some(code.to_owned()),
            ..entry
        });
    }

    /// The changes that follow one, the newest first.
    pub(super) fn read(&self, range: &Range<u64>) -> view::Audits {
        let filter = range.filter.as_deref().unwrap_or_default();
        let lines = self.log.newest_first();
        let lines = lines.filter(|line| line.to_ascii_lowercase().contains(filter));
        // Half a line, or one of another version, is none.
        let entries = lines.filter_map(|line| serde_json::from_str::<view::Audit>(&line).ok());
        let mut entries = entries.filter(|it| range.after.is_none_or(|after| it.id < after.name));
        let items: Vec<_> = entries.by_ref().take(range.limit).collect();
        let last = items.last().map(|entry| entry.id.to_string());
        view::Audits {
            next: last.filter(|_| entries.next().is_some()),
            items,
        }
    }

    /// Waits until what was noted is written, for a moment.
    pub fn flush(&self) -> bool {
        self.log.flush()
    }

    fn write(&self, entry: &view::Audit) {
        self.log.write(answer::write(entry));
    }

    fn entry(&self, by: &By) -> view::Audit {
        let now = SystemTime::now();
        view::Audit {
            id: self.next_id(now),
            time: Timestamp::from(now).to_string(),
            by: told(by),
            result: String::new(),
            code: None,
            generation: None,
            touched: view::Excerpt::default(),
            certificates: view::Excerpt::default(),
            remarks: view::Excerpt::default(),
            domains_added: view::Excerpt::default(),
            domains_changed: view::Excerpt::default(),
            domains_removed: view::Excerpt::default(),
            problems: view::Excerpt::default(),
            recovered: view::Excerpt::default(),
        }
    }

    /// Microseconds since 1970, so that ids go on growing after a restart; or one more than the
    /// latest, where the clock does not.
    fn next_id(&self, now: SystemTime) -> u64 {
        let age = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(age.as_micros()).unwrap_or(0);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let next = |latest: u64| Some(now.max(latest + 1));
        let before = self.latest.fetch_update(set, get, next);
        now.max(before.unwrap_or_default() + 1)
    }
}

fn told(by: &By) -> view::By {
    let (way, actor) = match by {
        By::Start => ("start", None),
        By::Files => ("files", None),
        By::Signal => ("signal", None),
        By::Somebody(actor) => (way(actor), Some(actor)),
    };
    view::By {
        way: way.to_owned(),
        role: actor.map(|actor| actor.role.to_owned()),
        peer: actor.map(|actor| actor.peer.clone()),
        operation: actor.map(|actor| actor.operation.to_owned()),
        subject: actor.and_then(|actor| actor.subject.clone()),
    }
}

fn way(actor: &Actor) -> &'static str {
    match actor.way {
        Way::Api => "api",
        Way::Offline => "offline",
    }
}

fn is_offline(by: &By) -> bool {
    matches!(by, By::Somebody(actor) if actor.way == Way::Offline)
}

fn touched(touched: &Touched) -> view::Excerpt<view::Touched> {
    let first = touched.first.iter().map(|(kind, name)| view::Touched {
        kind: kind.code().to_owned(),
        name: name.clone(),
    });
    excerpt(touched.total, first)
}

fn names(names: &[impl Display]) -> view::Excerpt<String> {
    excerpt(names.len(), names.iter().map(ToString::to_string))
}

fn troubles(problems: &[Problem]) -> view::Excerpt<view::Trouble> {
    let troubles = problems.iter().map(|problem| view::Trouble {
        kind: problem.kind.code().to_owned(),
        name: problem.name.clone(),
        reason: problem.reason.to_owned(),
    });
    excerpt(problems.len(), troubles)
}

fn excerpt<T>(total: usize, all: impl Iterator<Item = T>) -> view::Excerpt<T> {
    view::Excerpt {
        total,
        first: all.take(FIRST).collect(),
    }
}

/// Of each list, so that a line is a few KiB at most.
const FIRST: usize = 20;
