use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::certificate::{Certificate, ExpiryIndex, ExpiryWatch, Name, Threshold, Timestamp};
use crate::domain::Pattern;
use crate::reload::Status;
use crate::snapshot::{Current, Snapshot};
use crate::webhook::{Alerts, Event, Expiry};

/// Tells of certificates that come near their end, for as long as there is a webhook to tell.
pub(super) async fn watch(status: watch::Receiver<Arc<Status>>, current: Current, alerts: Alerts) {
    let mut shelf = Shelf::default();
    let mut next = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let tick = ticks.tick().await;
        let snapshot = current.hold();
        if snapshot.settings.webhook.is_none() {
            // Whoever sets one later is told all that is true then.
            (shelf, next) = (Shelf::default(), tick);
        } else if next <= tick {
            next = tick + LOOK;
            let (status, now) = (Arc::clone(&status.borrow()), SystemTime::now().into());
            let near = shelf.look(&status.certificates, now);
            for event in events(&near, &snapshot, now) {
                alerts.send(event);
            }
        }
    }
}

/// The certificates in use as of the last look.
#[derive(Default)]
struct Shelf {
    in_use: HashMap<Name, Arc<Certificate>>,
    index: ExpiryIndex,
    watch: ExpiryWatch,
}

/// A certificate below a threshold.
type Near = (Arc<Certificate>, Threshold);

impl Shelf {
    /// Those that crossed a threshold since the last look, or came into use below one.
    fn look(&mut self, certificates: &[Arc<Certificate>], now: Timestamp) -> Vec<Near> {
        self.remove_all_but(certificates);
        let in_use = &self.in_use;
        let validity = |name: &Name| Some(in_use.get(name)?.pair.validity);
        let crossed = self.watch.look(&self.index, now, validity);
        let crossed = crossed.into_iter().filter_map(|crossing| {
            let certificate = in_use.get(&crossing.name)?;
            Some((Arc::clone(certificate), crossing.threshold))
        });
        let mut near: Vec<_> = crossed.collect();
        near.extend(certificates.iter().filter_map(|it| self.add(it, now)));
        near
    }

    fn remove_all_but(&mut self, certificates: &[Arc<Certificate>]) {
        let newest = certificates.iter();
        let newest = newest.map(|it| (&it.name, it.pair.fingerprint));
        let newest: HashMap<_, _> = newest.collect();
        let index = &mut self.index;
        self.in_use.retain(|name, certificate| {
            let stays = newest.get(name) == Some(&certificate.pair.fingerprint);
            if !stays {
                index.remove(&(certificate.pair.validity.not_after, name.clone()));
            }
            stays
        });
    }

    /// Adds a certificate that is not there yet.
    fn add(&mut self, certificate: &Arc<Certificate>, now: Timestamp) -> Option<Near> {
        let (name, validity) = (&certificate.name, certificate.pair.validity);
        if self.in_use.contains_key(name) {
            return None;
        }
        self.index.insert((validity.not_after, name.clone()));
        self.in_use.insert(name.clone(), Arc::clone(certificate));
        Some((Arc::clone(certificate), Threshold::below(validity, now)?))
    }
}

fn events(near: &[Near], snapshot: &Snapshot, now: Timestamp) -> Vec<Event> {
    let mut domains = domains(near, snapshot);
    let events = near.iter().map(|(certificate, threshold)| {
        let domains = domains.remove(&certificate.name).unwrap_or_default();
        let expiry = expiry(certificate, domains, now);
        match threshold.days() {
            0 => Event::CertificateExpired(expiry),
            _ => Event::CertificateExpiring(expiry),
        }
    });
    events.collect()
}

/// The domains that are served with these certificates: one walk over all, when there is something
/// to tell.
fn domains<'s>(near: &[Near], snapshot: &'s Snapshot) -> HashMap<Name, Vec<&'s Pattern>> {
    if near.is_empty() {
        return HashMap::new();
    }
    let names = near.iter().map(|(it, _)| (it.name.clone(), Vec::new()));
    let mut domains: HashMap<_, Vec<_>> = names.collect();
    for domain in snapshot.domains.values() {
        let certificate = domain.certificate();
        if let Some(list) = certificate.and_then(|it| domains.get_mut(&it.name)) {
            list.push(domain.name());
        }
    }
    domains
}

fn expiry(certificate: &Certificate, mut domains: Vec<&Pattern>, now: Timestamp) -> Expiry {
    domains.sort_unstable();
    let validity = certificate.pair.validity;
    Expiry {
        certificate: certificate.name.clone(),
        fingerprint: certificate.pair.fingerprint,
        not_after: validity.not_after,
        days_left: validity.days_left(now),
        domain_count: domains.len(),
        domains: domains.into_iter().take(SHOWN).cloned().collect(),
    }
}

/// How soon a webhook that was set is noticed.
const TICK: Duration = Duration::from_secs(1);

/// Days are what thresholds are made of.
const LOOK: Duration = Duration::from_secs(60);

/// Domains in one event.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write;
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use rustls::crypto::aws_lc_rs;

    use super::*;
    use crate::certificate::Files;
    use crate::config::{Changes, Settings};
    use crate::reload::{Catalog, Now};

    /// A certificate from 2020 to 2090 under the name `play`, as it comes from its files.
    fn files() -> Files {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["*.example.com".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2090, 1, 1);
        let leaf = params.self_signed(&key).unwrap();
        let mut files = Files::new(PathBuf::from("certificates/play"));
        files.insert("fullchain.pem".to_owned(), Ok(leaf.pem().into()));
        files.insert("privkey.pem".to_owned(), Ok(key.serialize_pem().into()));
        files
    }

    /// A snapshot of so many domains with one certificate.
    fn snapshot(count: usize) -> Snapshot {
        let mut text = String::new();
        for number in 0..count {
            let table = format!("[[domain]]\nname = \"d{number:02}.example.com\"");
            let keys = "origins = [\"demo:\"]\ncertificate = \"play\"";
            writeln!(text, "{table}\n{keys}").unwrap();
        }
        let changes = Changes {
            domains: BTreeMap::from([(PathBuf::from("domains/a.toml"), Ok(text.into()))]),
            certificates: BTreeMap::from([("play".parse().unwrap(), files())]),
            ..Changes::default()
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut catalog = Catalog::new(Settings::default(), provider).unwrap();
        let (snapshot, _) = catalog.apply(changes, &Snapshot::empty(), Now::read(), false);
        snapshot.unwrap()
    }

    fn certificate(snapshot: &Snapshot) -> Arc<Certificate> {
        let domain = snapshot.find("d00.example.com").unwrap();
        Arc::clone(domain.certificate().unwrap())
    }

    fn days(near: &[Near]) -> Vec<i64> {
        near.iter().map(|(_, threshold)| threshold.days()).collect()
    }

    /// So many days before 2090.
    fn before_the_end(days: i64) -> Timestamp {
        Timestamp(3_786_912_000 - days * 86_400)
    }

    const NOTHING: [i64; 0] = [];

    #[test]
    fn each_version_of_a_certificate_is_told_by_itself() {
        let [old, new] = [(); 2].map(|()| [certificate(&snapshot(1))]);
        let mut shelf = Shelf::default();
        let mut look =
            |certificates: &[_], left| days(&shelf.look(certificates, before_the_end(left)));
        assert_eq!(look(&old, 40), NOTHING);
        assert_eq!(look(&old, 29), [30]);
        assert_eq!(look(&old, 28), NOTHING);
        assert_eq!(look(&new, 27), [30], "a new one that does not last");
        assert_eq!(look(&new, 2), [3]);
        assert_eq!(look(&[], -1), NOTHING, "gone before its end");
        assert_eq!(look(&old, -2), [0]);
    }

    #[test]
    fn an_event_names_the_first_domains_and_how_many_there_are() {
        let snapshot = snapshot(25);
        let now = before_the_end(2);
        let near = Shelf::default().look(&[certificate(&snapshot)], now);
        let events = events(&near, &snapshot, now);
        let [Event::CertificateExpiring(expiry)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!((expiry.days_left, expiry.domain_count), (2, 25));
        let expected: Vec<_> = (0..20)
            .map(|number| format!("d{number:02}.example.com"))
            .collect();
        let named: Vec<_> = expiry.domains.iter().map(ToString::to_string).collect();
        assert_eq!(named, expected);
    }
}
