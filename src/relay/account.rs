use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Arrived;
use super::direction::Direction;
use crate::config::{ExchangeTimeouts, ListenerName};
use crate::http::{Activity, HttpsGrace, Served, Swept, Worker};
use crate::origin::{self, Dialed, Failed, Group};
use crate::proxy_protocol::Ends;
use crate::snapshot::{Domain, Snapshot};
use crate::telemetry::{Cut, Event, Limit, RelayRecord, Relayed};

/// What is counted and recorded of a relay.
pub(super) struct Relay {
    worker: Rc<Worker>,
    activity: Rc<Activity>,
    ends: Ends,
    listener: ListenerName,
    domain: Arc<Domain>,
    https: HttpsGrace,
    started: Instant,
    /// Which of the endpoints was asked.
    origin: Cell<Option<usize>>,
    relayed: Cell<Option<Relayed>>,
    outcome: Cell<&'static str>,
    down: Direction,
    up: Direction,
    /// Since when nothing has moved.
    still_since: Cell<Instant>,
    is_cut: Cell<bool>,
    recorded: Cell<Option<Instant>>,
}

/// Ends its relay when it is dropped, in whatever way that is.
pub(super) struct RelayGuard {
    relay: Rc<Relay>,
    key: usize,
}

impl RelayGuard {
    /// Begins a relay: the handshake is done.
    pub(super) fn begin(arrived: &Arrived<'_>, served: Served) -> Self {
        let now = Instant::now();
        let relay = Rc::new(Relay {
            worker: Rc::clone(arrived.worker),
            activity: Rc::clone(arrived.activity),
            ends: arrived.ends,
            listener: arrived.listener.clone(),
            https: HttpsGrace::new(Arc::clone(&served.domain), served.generation),
            domain: served.domain,
            started: now,
            origin: Cell::new(None),
            relayed: Cell::new(None),
            // Until something else is known.
            outcome: Cell::new("client_gone"),
            down: Direction::new(now),
            up: Direction::new(now),
            still_since: Cell::new(now),
            is_cut: Cell::new(false),
            recorded: Cell::new(None),
        });
        relay.activity.exchange_begins();
        relay.domain.counters.viewer_came();
        let key = relay.worker.enter(Rc::<Relay>::clone(&relay));
        Self { relay, key }
    }
}

impl std::ops::Deref for RelayGuard {
    type Target = Relay;

    fn deref(&self) -> &Relay {
        &self.relay
    }
}

impl Drop for RelayGuard {
    fn drop(&mut self) {
        let (relay, counters) = (&self.relay, &self.relay.domain.counters);
        relay.worker.leave(self.key);
        relay.activity.exchange_ends();
        relay.count();
        counters.viewer_left();
        if let Some(relayed) = relay.relayed.get() {
            counters.relayed(relayed);
        }
        relay.write(Event::StreamEnded);
    }
}

impl Relay {
    /// Towards the client.
    pub(super) fn down(&self) -> &Direction {
        &self.down
    }

    /// Towards the origin.
    pub(super) fn up(&self) -> &Direction {
        &self.up
    }

    /// Where it may go.
    pub(super) fn origins(&self) -> Option<&Group> {
        self.domain.origins.tcp(&self.listener)
    }

    /// What its connection to an origin begins with.
    pub(super) fn header(&self) -> Option<Vec<u8>> {
        let version = self.domain.config.proxy_protocol?;
        Some(version.relayed(self.ends))
    }

    fn client(&self) -> IpAddr {
        self.ends.source.ip().to_canonical()
    }

    /// Its deadlines.
    pub(super) fn timeouts(&self) -> ExchangeTimeouts {
        self.timeouts_of(&self.worker.current.load())
    }

    fn timeouts_of(&self, snapshot: &Snapshot) -> ExchangeTimeouts {
        let timeouts = &self.domain.config.timeouts;
        timeouts.over(snapshot.settings.timeouts.exchange)
    }

    /// Whether the domain has as many viewers as it may have without this one.
    pub(super) fn is_one_too_many(&self) -> bool {
        let most = self.domain.config.max_viewers;
        let most = most.and_then(|most| i64::try_from(most).ok());
        let is_full = most.is_some_and(|most| self.domain.counters.viewers() > most);
        if is_full {
            self.worker.counters.limited(Limit::Viewers);
            self.relayed.set(Some(Relayed::Full));
            self.set_outcome("full");
        }
        is_full
    }

    /// Notes what came of the way to an origin.
    pub(super) fn dialed(&self, dialed: Result<Dialed, Failed>) -> Option<Dialed> {
        match dialed {
            Ok(dialed) => {
                self.origin.set(Some(dialed.index));
                self.relayed.set(Some(Relayed::Served));
                Some(dialed)
            }
            Err(Failed { index, error }) => {
                self.origin.set(Some(index));
                self.fail(&error);
                None
            }
        }
    }

    fn fail(&self, error: &origin::Error) {
        let (relayed, outcome) = match error {
            origin::Error::Full => (Relayed::Full, "origin_full"),
            error if error.is_timeout() => (Relayed::OriginFailed, "origin_timeout"),
            _ => (Relayed::OriginFailed, "origin_failed"),
        };
        self.relayed.set(Some(relayed));
        self.set_outcome(outcome);
        if relayed == Relayed::OriginFailed {
            let (domain, origin) = (self.domain.name(), self.origin());
            tracing::warn!(%domain, origin, cause = %error, "the origin gives no connection");
        }
    }

    /// Notes how it ends.
    pub(super) fn set_outcome(&self, outcome: &'static str) {
        self.outcome.set(outcome);
    }

    fn origin(&self) -> String {
        let origin = self.origins().zip(self.origin.get());
        let origin = origin.and_then(|(group, index)| group.url(index));
        origin.map(ToString::to_string).unwrap_or_default()
    }

    /// Why it shall end now, if it shall.
    fn end(&self, now: Instant, snapshot: &Snapshot) -> Option<Cut> {
        let timeouts = self.timeouts_of(snapshot);
        let still = now.saturating_duration_since(self.still_since.get());
        if self.https.is_over(now, snapshot) {
            Some(Cut::HttpsOff)
        } else if self.activity.is_leaving() {
            Some(Cut::Drained)
        } else if self.down.stalls(timeouts.viewer_stall, now) {
            Some(Cut::ViewerStalled)
        } else if self.up.stalls(timeouts.stall, now) {
            Some(Cut::OriginStalled)
        } else if still > timeouts.tcp_idle {
            Some(Cut::Idle)
        } else {
            None
        }
    }

    fn cut(&self, cut: Cut) {
        self.is_cut.set(true);
        self.set_outcome(cut.code());
        self.domain.counters.cut(cut);
        let (reason, domain, client) = (cut.code(), self.domain.name(), self.client());
        tracing::info!(reason, %domain, %client, sent = self.down.bytes(), "stream cut");
        self.activity.cut();
    }

    /// Brings the domain's counters up to date; returns what moved in both directions since the last
    /// time.
    fn count(&self) -> (u64, u64) {
        let (sent, received) = (self.down.count(), self.up.count());
        self.domain.counters.moved(sent, received);
        (sent, received)
    }

    fn write(&self, event: Event) {
        if !self.worker.current.load().settings.access_log {
            return;
        }
        let is_over = event == Event::StreamEnded;
        RelayRecord {
            domain: &self.domain.name().to_string(),
            client: self.client(),
            listener: self.listener.as_str(),
            origin: &self.origin(),
            sent: self.down.bytes(),
            received: self.up.bytes(),
            duration: self.started.elapsed(),
            outcome: if is_over {
                self.outcome.get()
            } else {
                "running"
            },
        }
        .write(event);
    }
}

impl Swept for Relay {
    fn sweep(&self, now: Instant, snapshot: &Snapshot) {
        let (sent, received) = self.count();
        self.down.look(sent, now);
        self.up.look(received, now);
        if sent + received > 0 {
            self.still_since.set(now);
        }
        if self.is_cut.get() {
            return;
        }
        if let Some(cut) = self.end(now, snapshot) {
            self.cut(cut);
            return;
        }
        let event = match self.recorded.get() {
            None if now - self.started >= SOON && self.relayed.get().is_some() => {
                Event::StreamStarted
            }
            Some(last) if now - last >= RECORD_INTERVAL => Event::StreamRunning,
            _ => return,
        };
        self.recorded.set(Some(now));
        self.write(event);
    }
}

/// One that is not over by then has a record of its start and one a minute, beside that of its end.
const SOON: Duration = Duration::from_secs(2);

const RECORD_INTERVAL: Duration = Duration::from_secs(60);
