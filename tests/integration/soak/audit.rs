//! The program's counters against what its clients and its origin saw.

use super::truth::{CLIENT_FAULT, Tally};
use crate::support::{Edge, Metrics, PATIENCE, Source, Traffic, eventually};

/// What a process has that belongs to nobody in particular.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belongings {
    descriptors: usize,
    threads: usize,
}

impl Belongings {
    pub(super) fn of(edge: &Edge) -> Self {
        Self {
            descriptors: edge.program.descriptors(),
            threads: edge.program.threads(),
        }
    }

    /// Waits until there are no more of them than before.
    pub(super) async fn are_back(self, edge: &Edge) {
        eventually(PATIENCE * 2, "descriptors and threads", async || {
            let now = Self::of(edge);
            let is_back = now.descriptors <= self.descriptors && now.threads <= self.threads;
            is_back.then_some(())
        })
        .await;
    }
}

/// Waits until nothing is under way any more; what is counted then.
pub(super) async fn settled(edge: &Edge) -> Metrics {
    eventually(
        PATIENCE * 2,
        "the end of all that is under way",
        async || {
            let metrics = edge.metrics().await;
            let running = ["lockgate_viewers", "lockgate_connections"];
            let is_over = running.iter().all(|name| metrics.sum(name, &[]) == 0.0);
            is_over.then_some(metrics)
        },
    )
    .await
}

/// What is counted of a domain, in the light of what its clients and its origin saw.
pub(super) fn check(metrics: &Metrics, domain: &str, tally: &Tally, source: &Source) {
    let labels = [("domain", domain)];
    let traffic = source.traffic(domain);
    let claim = |what: &str, counted: f64, (least, most): (u64, u64)| {
        let range = least as f64..=most as f64;
        assert!(
            range.contains(&counted),
            "{domain}: {what} is {counted}, not {range:?}; {tally:?} {traffic:?}"
        );
    };
    let requests = metrics.by("lockgate_requests_total", &labels, "status");
    for (class, counted) in &requests {
        claim(class, *counted, tally.requests(class));
    }
    let all = requests.iter().map(|(_, counted)| counted).sum();
    claim("requests", all, tally.all_requests());
    let sum = |name| metrics.sum(name, &labels);
    claim(
        "sent",
        sum("lockgate_response_bytes_total"),
        sent(tally, traffic),
    );
    let received = (traffic.read, tally.given);
    claim("received", sum("lockgate_request_bytes_total"), received);
    claim("cut", sum("lockgate_streams_cut_total"), (0, tally.silent));
    let reason = [("domain", domain), ("reason", "viewer_stalled")];
    let cut = metrics.sum("lockgate_streams_cut_total", &reason);
    claim("viewer_stalled", cut, (0, tally.silent));
    let ok = [("domain", domain), ("result", "ok")];
    let proofs = metrics.sum("lockgate_proofs_total", &[]) as u64;
    let most = tally.handshakes + tally.refused + proofs;
    claim(
        "handshakes",
        metrics.sum("lockgate_handshakes_total", &ok),
        // A client of TLS 1.3 has its handshake before the edge has, and may be gone by then.
        (tally.handshakes.saturating_sub(tally.unknown), most),
    );
}

/// What counts for no domain belongs to one all the same.
pub(super) fn check_all(metrics: &Metrics, tallies: &[Tally]) {
    let counted = metrics.sum("lockgate_requests_total", &[]);
    let seen: u64 = tallies.iter().flat_map(|it| it.answered.values()).sum();
    let unknown: u64 = tallies.iter().map(|it| it.unknown).sum();
    let range = seen as f64..=(seen + unknown) as f64;
    assert!(
        range.contains(&counted),
        "{counted} requests, not {range:?}"
    );
    let labels = [("status", CLIENT_FAULT)];
    let counted = metrics.sum("lockgate_requests_total", &labels);
    let seen = tallies
        .iter()
        .filter_map(|it| it.answered.get(CLIENT_FAULT));
    let seen: u64 = seen.sum();
    let range = seen as f64..=(seen + unknown) as f64;
    assert!(range.contains(&counted), "{counted} refused, not {range:?}");
}

/// Clients took no more than was sent; the rest is from the origin, or an answer of the edge's own.
fn sent(tally: &Tally, traffic: Traffic) -> (u64, u64) {
    let failures = ["4xx", "5xx"].map(|class| tally.requests(class).0);
    let own = failures.iter().sum::<u64>() + tally.unknown;
    (tally.taken, traffic.written + own * LONGEST_TEXT)
}

/// Of the answers that the edge gives by itself.
const LONGEST_TEXT: u64 = 200;
