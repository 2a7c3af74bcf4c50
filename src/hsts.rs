//! HTTP Strict Transport Security (RFC 6797): what a domain's viewers are told, and for how long
//! their browsers may hold to it.
//!
//! A browser that was told does not ask the domain over plain HTTP until the time is up, whatever
//! becomes of the domain meanwhile. So what was handed out is a [`Pledge`], and HTTPS does not end
//! before it unless somebody insists.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use http::HeaderValue;

use crate::certificate::Timestamp;
use crate::domain::{Map, Match, Name, Pattern};

/// What browsers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hsts {
    /// For how many seconds to ask over HTTPS alone (RFC 6797 section 6.1.1). 0 takes back what was
    /// told before, from the browsers that come.
    pub max_age: u32,
    /// Whether that holds for all names below the domain's as well (section 6.1.2).
    pub include_subdomains: bool,
}

/// Tells browsers, and notes what they were told.
#[derive(Clone, Debug)]
pub struct Issuer {
    hsts: Hsts,
    value: HeaderValue,
    pledge: Arc<Pledge>,
}

impl Issuer {
    /// Tells what is asked for.
    pub fn new(hsts: Hsts, pledge: Arc<Pledge>) -> Self {
        let subdomains = match hsts.include_subdomains {
            true => "; includeSubDomains",
            false => "",
        };
        let value = format!("max-age={}{subdomains}", hsts.max_age);
        Self {
            hsts,
            value: HeaderValue::try_from(value).expect("it has visible ASCII alone"),
            pledge,
        }
    }

    /// What browsers are told.
    pub fn hsts(&self) -> Hsts {
        self.hsts
    }

    /// The value for the header of a response that is about to be sent. From now on it counts as
    /// handed out.
    pub fn issue(&self) -> HeaderValue {
        self.pledge
            .extend(Told::at(SystemTime::now().into(), self.hsts));
        self.value.clone()
    }
}

/// Up to when browsers may ask over HTTPS alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// For the domain itself.
    pub host: Timestamp,
    /// For the names below it.
    pub subdomains: Timestamp,
}

impl Told {
    /// They were told nothing.
    pub const NOTHING: Self = Self {
        host: Timestamp(i64::MIN),
        subdomains: Timestamp(i64::MIN),
    };

    /// What they hold to who are told at this time.
    pub fn at(now: Timestamp, hsts: Hsts) -> Self {
        let until = Timestamp(now.0.saturating_add(hsts.max_age.into()));
        Self {
            host: until,
            subdomains: match hsts.include_subdomains {
                true => until,
                false => Self::NOTHING.subdomains,
            },
        }
    }

    /// What both of them tell.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            host: self.host.max(other.host),
            subdomains: self.subdomains.max(other.subdomains),
        }
    }

    /// Whether nobody holds to it any more.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.host.max(self.subdomains) <= now
    }
}

/// The most that a domain's viewers were told. All generations of the domain share it.
#[derive(Debug)]
pub struct Pledge {
    host: AtomicI64,
    subdomains: AtomicI64,
}

impl Pledge {
    fn new(told: Told) -> Self {
        Self {
            host: AtomicI64::new(told.host.0),
            subdomains: AtomicI64::new(told.subdomains.0),
        }
    }

    fn extend(&self, told: Told) {
        let pairs = [(&self.host, told.host), (&self.subdomains, told.subdomains)];
        for (until, told) in pairs {
            // It grows once a second: most of the time a look is enough, and no core takes the cache
            // line away from another.
            if until.load(Ordering::Relaxed) < told.0 {
                until.fetch_max(told.0, Ordering::Relaxed);
            }
        }
    }

    /// What they were told so far.
    pub fn told(&self) -> Told {
        Told {
            host: Timestamp(self.host.load(Ordering::Relaxed)),
            subdomains: Timestamp(self.subdomains.load(Ordering::Relaxed)),
        }
    }
}

/// The pledges of all domains that have or had HSTS, be they configured still or not.
#[derive(Clone, Debug, Default)]
pub struct Pledges(Map<Arc<Pledge>>);

impl Pledges {
    /// Notes what was told before the process began.
    pub fn remember(&mut self, domain: &Pattern, told: Told) {
        self.of(domain).extend(told);
    }

    /// The pledge of a domain, from now on if it had none.
    pub fn of(&mut self, domain: &Pattern) -> Arc<Pledge> {
        if let Some(pledge) = self.0.get(domain) {
            return Arc::clone(pledge);
        }
        let pledge = Arc::new(Pledge::new(Told::NOTHING));
        self.0.insert(domain, Arc::clone(&pledge));
        pledge
    }

    /// Up to when browsers were told by the domain itself to ask it over HTTPS alone, if that is
    /// not over.
    pub fn own(&self, domain: &Pattern, now: Timestamp) -> Option<Timestamp> {
        let until = self.0.get(domain)?.told().host;
        Some(until).filter(|until| *until > now)
    }

    /// The same, told by the domain itself or by one above it.
    pub fn running(&self, domain: &Pattern, now: Timestamp) -> Option<Timestamp> {
        let inherited = Ancestors::of(domain).flat_map(|name| {
            let patterns = Pattern::Exact(name);
            let patterns: Vec<_> = patterns.covered_by().collect();
            patterns
        });
        let inherited = inherited.filter_map(|pattern| self.0.get(&pattern));
        let inherited = inherited.map(|pledge| pledge.told().subdomains);
        let inherited = inherited.max().filter(|until| *until > now);
        self.own(domain, now).max(inherited)
    }

    /// Forgets those that nobody holds to, but for the domains that have HSTS.
    pub fn sweep(&mut self, now: Timestamp, has_hsts: impl Fn(&Pattern) -> bool) {
        let over = self.iter().filter(|(_, told)| told.is_over(now));
        let over: Vec<_> = over.map(|(domain, _)| domain).collect();
        for domain in over.iter().filter(|domain| !has_hsts(domain)) {
            self.0.remove(domain);
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Pattern, Told)> {
        self.0.iter().map(|(name, pledge)| {
            let domain = match name {
                Match::Exact(name) => Pattern::Exact(name.clone()),
                Match::Wildcard(parent) => Pattern::Wildcard(parent.clone()),
            };
            (domain, pledge.told())
        })
    }
}

/// The names above a domain's, the nearest first.
struct Ancestors(Option<Name>);

impl Ancestors {
    fn of(domain: &Pattern) -> Self {
        Self(match domain {
            Pattern::Exact(name) => parent(name),
            Pattern::Wildcard(parent) => Some(parent.clone()),
        })
    }
}

impl Iterator for Ancestors {
    type Item = Name;

    fn next(&mut self) -> Option<Name> {
        let next = self.0.take()?;
        self.0 = parent(&next);
        Some(next)
    }
}

fn parent(name: &Name) -> Option<Name> {
    name.parent()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn hsts(max_age: u32, include_subdomains: bool) -> Hsts {
        Hsts {
            max_age,
            include_subdomains,
        }
    }

    fn running(told: &[(&str, Hsts)], domain: &str) -> Option<i64> {
        let mut pledges = Pledges::default();
        for (domain, hsts) in told {
            pledges.remember(&domain.parse().unwrap(), Told::at(NOW, *hsts));
        }
        let running = pledges.running(&domain.parse().unwrap(), NOW);
        running.map(|until| until.0 - NOW.0)
    }

    #[test]
    fn what_browsers_are_told_is_written_as_the_header_has_it() {
        let pledge = Arc::new(Pledge::new(Told::NOTHING));
        let value = |hsts| Issuer::new(hsts, Arc::clone(&pledge)).issue();
        assert_eq!(value(hsts(0, false)), "max-age=0");
        assert_eq!(value(hsts(60, true)), "max-age=60; includeSubDomains");
    }

    #[test]
    fn the_most_that_was_handed_out_counts() {
        let pledge = Arc::new(Pledge::new(Told::NOTHING));
        let began = Timestamp::from(SystemTime::now());
        for max_age in [60, 1_000, 0] {
            Issuer::new(hsts(max_age, false), Arc::clone(&pledge)).issue();
        }
        let told = pledge.told();
        assert!(told.host.0 >= began.0 + 1_000 && !told.is_over(began));
        assert_eq!(told.subdomains, Told::NOTHING.subdomains);
    }

    #[test]
    fn a_domain_is_held_by_itself_and_by_those_above_it() {
        let told = [
            ("a.example.com", hsts(60, false)),
            ("example.com", hsts(30, true)),
            ("*.live.example.com", hsts(90, true)),
            ("other.com", hsts(90, false)),
        ];
        let cases = [
            ("a.example.com", Some(60)),
            ("b.example.com", Some(30)),
            ("example.com", Some(30)),
            ("*.example.com", Some(30)),
            ("*.live.example.com", Some(90)),
            // What the wildcard told was not told by this name's own viewers.
            ("x.live.example.com", Some(30)),
            ("y.x.live.example.com", Some(90)),
            ("a.other.com", None),
            ("com", None),
        ];
        for (domain, until) in cases {
            assert_eq!(running(&told, domain), until, "{domain}");
        }
    }

    #[test]
    fn what_is_over_holds_nobody_and_is_forgotten() {
        let mut pledges = Pledges::default();
        let [over, runs, empty] =
            ["a.com", "b.com", "c.com"].map(|name| name.parse::<Pattern>().unwrap());
        pledges.remember(&over, Told::at(NOW, hsts(0, true)));
        pledges.remember(&runs, Told::at(NOW, hsts(1, false)));
        pledges.of(&empty);
        assert_eq!(pledges.running(&over, NOW), None);
        assert_eq!(pledges.own(&runs, NOW), Some(Timestamp(1_001)));
        pledges.sweep(NOW, |domain| *domain == empty);
        let mut left: Vec<_> = pledges.iter().map(|(domain, _)| domain).collect();
        left.sort();
        assert_eq!(left, [runs, empty]);
    }
}
