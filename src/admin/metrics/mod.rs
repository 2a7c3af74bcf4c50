mod domains;
mod list;
mod origins;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::Admin;
use super::access::Access;
use super::facts::States;
use domains::Domains;
use list::List;
use origins::Origins;

use crate::proof::{self, Proofs};
use crate::reload::{Effect, Status};
use crate::snapshot::Snapshot;
use crate::telemetry::{Counters, HeaderFault, Limit, ListenerKind, ReloadResult};
use crate::webhook::{self, Alerts};

impl Admin {
    /// All metrics, read off what is in place now: nothing is registered, so what is gone leaves
    /// no series behind.
    pub(super) fn metrics(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Reading {
            snapshot: self.current.hold(),
            status: Arc::clone(&self.status.borrow()),
            counters: Arc::clone(&self.counters),
            proofs: Arc::clone(&self.proofs),
            alerts: self.alerts.clone(),
            access: self.access.clone(),
        }));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes all");
        text
    }
}

#[derive(Debug)]
struct Reading {
    snapshot: Arc<Snapshot>,
    status: Arc<Status>,
    counters: Arc<Counters>,
    proofs: Arc<Proofs>,
    alerts: Alerts,
    access: Access,
}

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut list = List(encoder);
        self.process(&mut list)?;
        self.states(&mut list)?;
        Domains::of(&self.snapshot, &self.counters.unknown).write(&mut list)?;
        Origins::of(&self.snapshot).write(&mut list)?;
        self.items(&mut list)?;
        self.proofs(&mut list)?;
        self.alerts(&mut list)?;
        self.access(&mut list)
    }
}

impl Reading {
    fn process(&self, list: &mut List<'_>) -> fmt::Result {
        list.gauge(
            "lockgate_generation",
            "Generation of the snapshot in place",
            self.snapshot.generation,
        )?;
        list.counters(
            "lockgate_reloads",
            "Reloads by result",
            ReloadResult::ALL.map(|it| ([("result", it.code())], self.counters.reloads(it))),
        )?;
        list.gauges(
            "lockgate_connections",
            "Connections open now",
            ListenerKind::ALL.map(|it| ([("listener", it.code())], self.counters.connections(it))),
        )?;
        list.counters(
            "lockgate_limits_reached",
            "What was ended, or not begun, by a limit",
            Limit::ALL.map(|it| ([("limit", it.code())], self.counters.limits(it))),
        )?;
        let refused = |it: HeaderFault| self.counters.headers_refused(it);
        list.counters(
            "lockgate_proxy_headers_refused",
            "Connections closed at the PROXY header that they have to begin with, by the reason",
            HeaderFault::ALL.map(|it| ([("reason", it.code())], refused(it))),
        )
    }

    fn states(&self, list: &mut List<'_>) -> fmt::Result {
        let counts = States::of(&self.snapshot).counts();
        list.gauges(
            "lockgate_domains",
            "Domains by their state",
            counts.map(|(state, count)| ([("state", state)], count)),
        )
    }

    fn items(&self, list: &mut List<'_>) -> fmt::Result {
        let mut certificates: Vec<_> = self.status.certificates.values().collect();
        certificates.sort_by(|one, other| one.name.cmp(&other.name));
        let pairs = certificates.iter().flat_map(|certificate| {
            let pairs = certificate.pairs.iter();
            pairs.map(move |pair| (certificate, pair, pair.fingerprint.to_string()))
        });
        let pairs: Vec<_> = pairs.collect();
        list.gauges(
            "lockgate_certificate_not_after_seconds",
            "When the certificate in use expires, in seconds since 1970",
            pairs.iter().map(|(certificate, pair, fingerprint)| {
                let labels = [
                    ("certificate", certificate.name.as_str()),
                    ("fingerprint", &**fingerprint),
                ];
                (labels, pair.validity.not_after.0)
            }),
        )?;
        list.gauges(
            "lockgate_quarantined",
            "Things whose newest files were refused, with the reason",
            self.problems(Effect::Quarantine),
        )?;
        list.gauges(
            "lockgate_warnings",
            "Things that are served though something is wrong with them, with the reason",
            self.problems(Effect::Warning),
        )
    }

    fn problems(&self, effect: Effect) -> impl Iterator<Item = ([(&str, &str); 3], u64)> {
        let problems = self.status.problems.iter();
        let problems = problems.filter(|problem| problem.effect == effect);
        let labels = problems.map(|problem| {
            [
                ("kind", problem.kind.code()),
                ("name", &*problem.name),
                ("reason", problem.reason),
            ]
        });
        let labels: BTreeSet<_> = labels.collect();
        labels.into_iter().map(|labels| (labels, 1))
    }
}

impl Reading {
    fn proofs(&self, list: &mut List<'_>) -> fmt::Result {
        list.counters(
            "lockgate_proofs",
            "Handshakes with ourselves after a publish, by what they showed",
            proof::Outcome::ALL.map(|it| ([("result", it.code())], self.proofs.count(it))),
        )?;
        let differing = self.proofs.differing();
        let differing: Vec<_> = differing
            .iter()
            .map(|(domain, proof)| {
                let texts = [domain.to_string(), proof.wanted.to_string()];
                (texts, proof.served_code(), proof.since.0)
            })
            .collect();
        list.gauges(
            "lockgate_served_differs",
            "Domains served otherwise than wanted: since when, in seconds since 1970",
            differing.iter().map(|([domain, wanted], served, since)| {
                let labels = [
                    ("domain", &**domain),
                    ("wanted", &**wanted),
                    ("served", &**served),
                ];
                (labels, *since)
            }),
        )
    }

    fn alerts(&self, list: &mut List<'_>) -> fmt::Result {
        list.counters(
            "lockgate_webhook_events",
            "Events for the webhook, by what became of them",
            webhook::Outcome::ALL.map(|it| ([("result", it.code())], self.alerts.count(it))),
        )
    }

    fn access(&self, list: &mut List<'_>) -> fmt::Result {
        let refused = self.access.refused();
        list.counters(
            "lockgate_admin_refused",
            "Requests to the admin listener that were refused before they were looked at",
            refused.map(|(reason, count)| ([("reason", reason)], count)),
        )
    }
}
