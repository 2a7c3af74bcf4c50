use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Admin;
use crate::proof::{self, Proofs};
use crate::reload::{Effect, Status};
use crate::snapshot::Snapshot;
use crate::telemetry::{Counters, DomainCounters, Handshake, ListenerKind, ReloadResult};
use crate::webhook::{self, Alerts};

/// What `/metrics` is served as (OpenMetrics 1.0).
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Admin {
    /// All metrics, read off what is in place now: nothing is registered, so what is gone leaves
    /// no series behind.
    pub(super) fn metrics(&self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Reading {
            snapshot: self.current.hold(),
            status: Arc::clone(&self.status.borrow()),
            counters: Arc::clone(&self.counters),
            proofs: Arc::clone(&self.proofs),
            alerts: self.alerts.clone(),
        }));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

#[derive(Debug)]
struct Reading {
    snapshot: Arc<Snapshot>,
    status: Arc<Status>,
    counters: Arc<Counters>,
    proofs: Arc<Proofs>,
    alerts: Alerts,
}

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut list = List(encoder);
        self.process(&mut list)?;
        self.domains(&mut list)?;
        self.items(&mut list)?;
        self.proofs(&mut list)?;
        self.alerts(&mut list)
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
        )
    }

    fn domains(&self, list: &mut List<'_>) -> fmt::Result {
        let mut domains: Vec<(String, &DomainCounters)> = self
            .snapshot
            .domains
            .values()
            .map(|domain| (domain.name().to_string(), &*domain.counters))
            .collect();
        domains.sort_by(|(one, _), (other, _)| one.cmp(other));
        // What named no domain of ours.
        domains.push((String::new(), &self.counters.unknown));
        let each = |value: fn(&DomainCounters) -> u64| {
            let domains = domains.iter();
            domains.map(move |(name, counters)| ([("domain", &**name)], value(counters)))
        };
        list.counters(
            "lockgate_requests",
            "Requests answered, by the class of the status",
            domains.iter().flat_map(|(name, counters)| {
                let classes = counters.requests();
                classes.map(|(class, count)| ([("domain", &**name), ("status", class)], count))
            }),
        )?;
        list.counters(
            "lockgate_response_bytes",
            "Body bytes sent to clients",
            each(DomainCounters::sent),
        )?;
        list.counters(
            "lockgate_request_bytes",
            "Body bytes received from clients",
            each(DomainCounters::received),
        )?;
        list.gauges(
            "lockgate_viewers",
            "Responses and WebSockets running now",
            domains
                .iter()
                .map(|(name, it)| ([("domain", &**name)], it.viewers())),
        )?;
        list.counters(
            "lockgate_handshakes",
            "TLS handshakes by result",
            domains.iter().flat_map(|(name, counters)| {
                Handshake::ALL.map(|result| {
                    let labels = [("domain", &**name), ("result", result.code())];
                    (labels, counters.handshakes(result))
                })
            }),
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
}

/// The list of metrics being written.
struct List<'e>(DescriptorEncoder<'e>);

impl List<'_> {
    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            metric
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        metric.encode_gauge(&value)
    }

    fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }
}
