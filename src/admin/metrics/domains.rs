use std::fmt;

use super::list::List;
use crate::snapshot::Snapshot;
use crate::telemetry::{Cut, DomainCounters, Handshake, Relayed};

/// The series of domains. With 100,000 of them a scrape cannot hold two dozen zeros for each: a
/// series begins when there is something to count.
pub(super) struct Domains<'s>(Vec<Counted<'s>>);

struct Counted<'s> {
    name: String,
    counters: &'s DomainCounters,
    /// Whether zeros are written as well: for what named no domain of ours, so that each metric has
    /// a series from the start.
    zeros: bool,
}

impl<'s> Domains<'s> {
    /// The domains that have something counted, by name; at the end `unknown`, under no name.
    pub(super) fn of(snapshot: &'s Snapshot, unknown: &'s DomainCounters) -> Self {
        let domains = snapshot.domains.values();
        let counted = domains.filter(|domain| !domain.counters.is_idle());
        let counted = counted.map(|domain| Counted {
            name: domain.name().to_string(),
            counters: &domain.counters,
            zeros: false,
        });
        let mut domains: Vec<_> = counted.collect();
        domains.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        domains.push(Counted {
            name: String::new(),
            counters: unknown,
            zeros: true,
        });
        Self(domains)
    }

    pub(super) fn write(&self, list: &mut List<'_>) -> fmt::Result {
        let domains = || self.0.iter();
        list.counters(
            "lockgate_requests",
            "Requests answered, by the class of the status",
            domains().flat_map(Counted::requests),
        )?;
        list.counters(
            "lockgate_response_bytes",
            "Body bytes sent to clients",
            domains().filter_map(|it| it.bytes(it.counters.sent())),
        )?;
        list.counters(
            "lockgate_request_bytes",
            "Body bytes received from clients",
            domains().filter_map(|it| it.bytes(it.counters.received())),
        )?;
        list.gauges(
            "lockgate_viewers",
            "Responses, WebSockets and relays running now",
            domains().filter_map(Counted::viewers),
        )?;
        list.counters(
            "lockgate_streams_cut",
            "Responses, WebSockets and relays ended in the middle, by the reason",
            domains().flat_map(Counted::cuts),
        )?;
        list.counters(
            "lockgate_relays",
            "Connections on tcp listeners that are over, by what came of them",
            domains().flat_map(Counted::relays),
        )?;
        list.counters(
            "lockgate_handshakes",
            "TLS handshakes by result",
            domains().flat_map(Counted::handshakes),
        )
    }
}

/// One label, or two.
type Labels<'c, const N: usize> = [(&'static str, &'c str); N];

impl Counted<'_> {
    fn label(&self) -> (&'static str, &str) {
        ("domain", &self.name)
    }

    fn shows(&self, value: u64) -> bool {
        self.zeros || value > 0
    }

    fn requests(&self) -> impl Iterator<Item = (Labels<'_, 2>, u64)> {
        let classes = self.counters.requests();
        let classes = classes.filter(|(_, count)| self.shows(*count));
        classes.map(|(class, count)| ([self.label(), ("status", class)], count))
    }

    fn bytes(&self, count: u64) -> Option<(Labels<'_, 1>, u64)> {
        self.shows(count).then(|| ([self.label()], count))
    }

    /// From the first viewer on: a gauge that vanished at zero would leave gaps.
    fn viewers(&self) -> Option<(Labels<'_, 1>, i64)> {
        let viewers = self.counters.viewers();
        let requests: u64 = self.counters.requests().map(|(_, count)| count).sum();
        let relays: u64 = Relayed::ALL.map(|it| self.counters.relays(it)).iter().sum();
        (viewers != 0 || self.shows(requests + relays)).then(|| ([self.label()], viewers))
    }

    fn cuts(&self) -> impl Iterator<Item = (Labels<'_, 2>, u64)> {
        let counts = Cut::ALL
            .into_iter()
            .map(|cut| (cut, self.counters.cuts(cut)));
        let counts = counts.filter(|(_, count)| self.shows(*count));
        counts.map(|(cut, count)| ([self.label(), ("reason", cut.code())], count))
    }

    fn relays(&self) -> impl Iterator<Item = (Labels<'_, 2>, u64)> {
        let counts = Relayed::ALL
            .into_iter()
            .map(|relayed| (relayed, self.counters.relays(relayed)));
        let counts = counts.filter(|(_, count)| self.shows(*count));
        counts.map(|(relayed, count)| ([self.label(), ("result", relayed.code())], count))
    }

    fn handshakes(&self) -> impl Iterator<Item = (Labels<'_, 2>, u64)> {
        let results = Handshake::ALL.into_iter();
        let counts = results.map(|result| (result, self.counters.handshakes(result)));
        let counts = counts.filter(|(_, count)| self.shows(*count));
        counts.map(|(result, count)| ([self.label(), ("result", result.code())], count))
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::DescriptorEncoder;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[derive(Debug)]
    struct One(DomainCounters);

    impl Collector for One {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            let counted = Counted {
                name: "a.example.com".to_owned(),
                counters: &self.0,
                zeros: false,
            };
            Domains(vec![counted]).write(&mut List(encoder))
        }
    }

    /// The series of one domain with these counters.
    fn series(counters: DomainCounters) -> Vec<String> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(One(counters)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn what_was_never_counted_has_no_series() {
        assert!(DomainCounters::default().is_idle());
        let counters = DomainCounters::default();
        counters.handshake(Handshake::Off);
        assert!(!counters.is_idle());
        let off = r#"lockgate_handshakes_total{domain="a.example.com",result="off"} 1"#;
        assert_eq!(series(counters), [off]);
    }

    #[test]
    fn a_domain_has_viewers_from_the_first_one_on() {
        let viewers = |count| format!("lockgate_viewers{{domain=\"a.example.com\"}} {count}");
        let counters = DomainCounters::default();
        counters.viewer_came();
        assert!(!counters.is_idle());
        assert_eq!(series(counters), [viewers(1)]);
        let counters = DomainCounters::default();
        counters.answered(200);
        let requests = r#"lockgate_requests_total{domain="a.example.com",status="2xx"} 1"#;
        assert_eq!(series(counters), [requests.to_owned(), viewers(0)]);
    }
}
