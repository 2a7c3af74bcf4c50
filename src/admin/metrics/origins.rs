use std::collections::BTreeMap;
use std::fmt;

use super::list::List;
use crate::origin::{Endpoint, Fault, Kind};
use crate::snapshot::Snapshot;

/// The series of endpoints. Like those of domains they begin when there is something to count:
/// nothing for one that never failed and has no limits.
pub(super) struct Origins<'s>(Vec<Counted<'s>>);

struct Counted<'s> {
    url: String,
    endpoint: &'s Endpoint,
    /// Whether a domain bounds what it has to do at once.
    limited: bool,
}

impl<'s> Origins<'s> {
    /// The endpoints of all domains that have something counted, by URL.
    pub(super) fn of(snapshot: &'s Snapshot) -> Self {
        let mut endpoints = BTreeMap::new();
        for domain in snapshot.domains.values() {
            for (endpoint, limited) in domain.origins.endpoints() {
                if limited || has_failed(endpoint) {
                    let url = endpoint.url().to_string();
                    endpoints.entry(url).or_insert((&**endpoint, false)).1 |= limited;
                }
            }
        }
        let endpoints = endpoints.into_iter();
        let counted = endpoints.map(|(url, (endpoint, limited))| Counted {
            url,
            endpoint,
            limited,
        });
        Self(counted.collect())
    }

    pub(super) fn write(&self, list: &mut List<'_>) -> fmt::Result {
        let origins = || self.0.iter();
        list.counters(
            "lockgate_origin_failures",
            "Requests that an origin's endpoint gave no response to, by the reason",
            origins().flat_map(Counted::faults),
        )?;
        list.counters(
            "lockgate_origin_repeats",
            "Requests asked once more after the connection ended without a response",
            origins().filter_map(|it| it.count(it.endpoint.repeats())),
        )?;
        list.counters(
            "lockgate_origin_ejections",
            "How often an endpoint was left out after failures",
            origins().filter_map(|it| it.count(it.endpoint.ejections())),
        )?;
        let ejected = origins().filter(|it| it.endpoint.ejections() > 0);
        list.gauges(
            "lockgate_origin_ejected",
            "Whether an endpoint is left out now",
            ejected.map(|it| ([it.label()], u64::from(it.endpoint.is_ejected()))),
        )?;
        self.limits(list)
    }

    fn limits(&self, list: &mut List<'_>) -> fmt::Result {
        let origins = || self.0.iter().filter(|it| it.limited);
        list.gauges(
            "lockgate_origin_running",
            "Requests and streams under way at endpoints with limits",
            origins().flat_map(|it| it.kinds(|kind| it.endpoint.running(kind) as u64)),
        )?;
        list.counters(
            "lockgate_origin_refused",
            "Requests and streams beyond the limit of an endpoint",
            origins().flat_map(|it| it.kinds(|kind| it.endpoint.refused(kind))),
        )
    }
}

fn has_failed(endpoint: &Endpoint) -> bool {
    let faults = Fault::ALL.iter().any(|fault| endpoint.faults(*fault) > 0);
    faults || endpoint.repeats() > 0
}

/// One label, or two.
type Labels<'c, const N: usize> = [(&'static str, &'c str); N];

impl Counted<'_> {
    fn label(&self) -> (&'static str, &str) {
        ("origin", &self.url)
    }

    fn count(&self, count: u64) -> Option<(Labels<'_, 1>, u64)> {
        (count > 0).then(|| ([self.label()], count))
    }

    fn faults(&self) -> impl Iterator<Item = (Labels<'_, 2>, u64)> {
        let faults = Fault::ALL.into_iter();
        let counts = faults.map(|fault| (fault, self.endpoint.faults(fault)));
        let counts = counts.filter(|(_, count)| *count > 0);
        counts.map(|(fault, count)| ([self.label(), ("reason", fault.code())], count))
    }

    fn kinds(&self, count: impl Fn(Kind) -> u64) -> [(Labels<'_, 2>, u64); 2] {
        Kind::ALL.map(|kind| ([self.label(), ("kind", kind.code())], count(kind)))
    }
}
