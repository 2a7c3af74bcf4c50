//! The program's log, line by line as it is written.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;
use tokio::sync::Notify;

use super::wait::{PATIENCE, within};

/// One line: a flat JSON object; what is no JSON stands under `message`.
#[derive(Clone, Debug)]
pub(crate) struct Entry(Value);

impl Entry {
    pub(super) fn parse(line: &str) -> Self {
        let other = |_| serde_json::json!({ "message": line });
        Self(serde_json::from_str(line).unwrap_or_else(other))
    }

    /// A field as text; empty when it is not there.
    pub(crate) fn field(&self, name: &str) -> String {
        match &self.0[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The whole line.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Whether all of these fields have these values.
    pub(crate) fn has(&self, fields: &[(&str, &str)]) -> bool {
        fields
            .iter()
            .all(|(name, value)| self.field(name) == *value)
    }
}

/// All lines so far; a clone sees the same ones.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    grown: Notify,
}

impl Log {
    /// Reads lines on a thread of its own until their source ends.
    pub(crate) fn of(source: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let writer = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                writer.push(Entry::parse(&line));
            }
        });
        log
    }

    fn push(&self, entry: Entry) {
        let mut entries = self
            .0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
        self.0.grown.notify_waiters();
    }

    /// All lines so far with these fields.
    pub(crate) fn find(&self, fields: &[(&str, &str)]) -> Vec<Entry> {
        let entries = self
            .0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .filter(|entry| entry.has(fields))
            .cloned()
            .collect()
    }

    /// Waits for the first line with these fields.
    pub(crate) async fn wait(&self, fields: &[(&str, &str)]) -> Entry {
        self.wait_for(1, fields).await.remove(0)
    }

    /// Waits until there are `count` lines with these fields.
    pub(crate) async fn wait_for(&self, count: usize, fields: &[(&str, &str)]) -> Vec<Entry> {
        let found = async {
            loop {
                // Made before the look, so that a line in between wakes it.
                let grown = self.0.grown.notified();
                let found = self.find(fields);
                if found.len() >= count {
                    return found;
                }
                grown.await;
            }
        };
        within(PATIENCE, &format!("the log line {fields:?}"), found).await
    }

    /// The last lines, for a failure's report.
    pub(crate) fn tail(&self) -> Vec<String> {
        const SHOWN: usize = 40;
        let all = self.find(&[]);
        let skipped = all.len().saturating_sub(SHOWN);
        let shown = all.iter().skip(skipped);
        shown.map(|entry| entry.0.to_string()).collect()
    }
}
