//! What ends an exchange before its end.

use std::rc::Rc;

use http::StatusCode;
use tokio::time::Instant;

use super::{Awaited, CLIENT_GONE, Exchange};
use crate::http::cutter::Cutter;
use crate::snapshot::Snapshot;
use crate::telemetry::{Cut, Limit};

impl Exchange {
    /// Counts what a client of HTTP/2 gives up against what it takes: it costs such a client next
    /// to nothing to have an origin work.
    pub(super) fn judge(&self) {
        if self.cutter.is_none() || self.is_cut.get() {
            return;
        }
        let activity = &self.connection.activity;
        if self.outcome.get() != CLIENT_GONE {
            activity.taken();
        } else if activity.given_up() {
            let client = self.connection.client;
            self.connection.worker.counters.limited(Limit::Resets);
            tracing::info!(%client, "connection ended: too many streams given up");
        }
    }

    /// Why it shall end now, if it shall.
    pub(super) fn end(&self, now: Instant, snapshot: &Snapshot) -> Option<Cut> {
        if self.is_cut.get() {
            return None;
        }
        let guest = self.guest.as_ref();
        if guest.is_some_and(|guest| guest.is_over(now, snapshot)) {
            return Some(Cut::HttpsOff);
        }
        if self.connection.activity.is_leaving() && !self.is_tunnel() {
            return Some(Cut::Drained);
        }
        // Until there is an answer, the origin has a deadline of its own.
        let (domain, _) = self.domain.as_ref().zip(self.status.get())?;
        let timeouts = &domain.config.timeouts;
        let timeouts = timeouts.over(snapshot.settings.timeouts.exchange);
        let (limit, end) = match self.awaited.get() {
            Awaited::Origin => (timeouts.stall, Cut::OriginStalled),
            Awaited::Viewer => (timeouts.viewer_stall, Cut::ViewerStalled),
        };
        (now.saturating_duration_since(self.still_since.get()) > limit).then_some(end)
    }

    /// What ends it alone: over HTTP/2 its stream has one.
    pub(in crate::http) fn cutter(&self) -> Rc<Cutter> {
        self.cutter.clone().unwrap_or_default()
    }

    /// Has a WebSocket of HTTP/2 notice that it shall leave; over HTTP/1.1 its connection does.
    pub(super) fn remind(&self) {
        if let Some(cutter) = self.cutter.as_ref().filter(|_| self.is_tunnel()) {
            cutter.wake();
        }
    }

    /// A WebSocket has a way of its own to leave.
    fn is_tunnel(&self) -> bool {
        self.status.get() == Some(StatusCode::SWITCHING_PROTOCOLS)
    }

    /// Whether it shall end because the process drains.
    pub(in crate::http) fn is_leaving(&self) -> bool {
        self.connection.activity.is_leaving()
    }

    /// Ends it, and the connection too where that carries nothing else.
    pub(super) fn cut(&self, cut: Cut) {
        self.note_cut(cut);
        match &self.cutter {
            Some(cutter) => cutter.cut(),
            None => self.connection.activity.cut(),
        }
    }

    /// Notes that it ends in the middle, and why.
    pub(in crate::http) fn note_cut(&self, cut: Cut) {
        self.is_cut.set(true);
        self.set_outcome(cut.code());
        self.counters().cut(cut);
        let (reason, domain, client) = (cut.code(), self.domain(), self.client());
        tracing::info!(reason, domain, %client, sent = self.sent.get(), "stream cut");
    }
}
