//! Everything that a connection needs to know, immutable and replaced as a whole.
//!
//! One [`Publisher`] writes, any number of [`Current`]s read, and reading takes no lock.

use std::cell::Cell;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::certificate::{self, Certificate};
use crate::config::{self, Binding, Settings};
use crate::domain::{self, Map};
use crate::hsts::{Hsts, Issuer, Pledges};
use crate::origin::Origins;
use crate::policy::Policy;
use crate::telemetry::DomainCounters;
use crate::ticket::Keys;

/// One generation of all that connections look up.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts the publications, from 1 on.
    pub generation: u64,
    /// The last generation in which a domain lost its HTTPS, or asked for other client certificates:
    /// connections older than that look whether it was theirs.
    pub https_withdrawn: u64,
    /// The domains, by name.
    pub domains: Map<Arc<Domain>>,
    /// What browsers were told of HTTPS, by domain.
    pub pledges: Pledges,
    /// The keys of session tickets.
    pub tickets: Arc<Keys>,
    /// The process's settings as far as they can change.
    pub settings: Arc<Settings>,
}

/// A domain as it is served.
#[derive(Debug)]
pub struct Domain {
    /// As it is configured.
    pub config: Arc<config::Domain>,
    /// Where its requests go.
    pub origins: Origins,
    /// What a TLS client gets.
    pub https: Https,
    /// What TLS clients are offered and asked for. None when the roots of client certificates were
    /// never usable: then nobody is served over TLS.
    pub policy: Option<Arc<Policy>>,
    /// Whether viewers without a client certificate are not served: none are over plain HTTP.
    pub client_certificate_required: bool,
    /// Tells browsers over TLS to ask over TLS alone, where that is configured.
    pub hsts: Option<Issuer>,
    /// Shared by all generations of the domain.
    pub counters: Arc<DomainCounters>,
}

/// What a TLS client of a domain gets.
#[derive(Clone, Debug)]
pub enum Https {
    /// A handshake with this certificate.
    On(Arc<Certificate>),
    /// Alert 112: the switch is off.
    Off,
    /// Alert 112: the certificate has expired, and the domain says `on_expiry = "http"`.
    Expired,
    /// Alert 112: the certificate, or the policy, was never usable.
    Unusable,
    /// Alert 112: no certificate is bound.
    Unbound,
}

impl Https {
    /// The stable word for it in metrics and in the status.
    pub fn code(&self) -> &'static str {
        match self {
            Self::On(_) => "serving",
            Self::Off => "off",
            Self::Expired => "expired",
            Self::Unusable => "unusable",
            Self::Unbound => "unbound",
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::On(ours), Self::On(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Off, Self::Off)
            | (Self::Expired, Self::Expired)
            | (Self::Unusable, Self::Unusable)
            | (Self::Unbound, Self::Unbound) => true,
            _ => false,
        }
    }

    /// The certificate that is served.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        match self {
            Self::On(certificate) => Some(certificate),
            Self::Off | Self::Expired | Self::Unusable | Self::Unbound => None,
        }
    }
}

impl Domain {
    /// What browsers are told while HTTPS is on.
    pub fn hsts_in_place(&self) -> Option<Hsts> {
        let issuer = self.hsts.as_ref().filter(|_| self.certificate().is_some());
        issuer.map(Issuer::hsts)
    }

    /// The certificate that is served, if HTTPS is on.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.https.certificate()
    }

    /// The name of the certificate that it has, or that its table names.
    pub fn certificate_name(&self) -> Option<&certificate::Name> {
        match (self.certificate(), &self.config.binding) {
            (Some(certificate), _) => Some(&certificate.name),
            (None, Binding::Named(name)) => Some(name),
            (None, Binding::Auto | Binding::Unbound) => None,
        }
    }

    /// Whether nobody could tell the two apart.
    pub fn is_served_as(&self, other: &Self) -> bool {
        let same_policy = match (&self.policy, &other.policy) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        let same_access = self.client_certificate_required == other.client_certificate_required;
        let same_tls = self.https.is_same(&other.https) && same_policy && same_access;
        same_tls && self.config.same_meaning(&other.config)
    }

    /// Whether viewers who were served by an earlier version of the domain over TLS may go on: it
    /// has HTTPS, and asks for no client certificates that they were not asked for.
    pub fn goes_on_for(&self, earlier: &Self) -> bool {
        let admitted = match (&self.policy, &earlier.policy) {
            (Some(policy), Some(earlier)) => policy.still_admits(earlier),
            _ => false,
        };
        admitted && self.certificate().is_some()
    }

    /// The domain's name.
    pub fn name(&self) -> &domain::Pattern {
        &self.config.name
    }
}

/// Watches whether a domain keeps its HTTPS, for somebody who was served with it.
#[derive(Debug)]
pub struct HttpsWatch {
    domain: Arc<Domain>,
    checked: Cell<u64>,
}

impl HttpsWatch {
    /// Begins with the domain as it was in a generation.
    pub fn new(domain: Arc<Domain>, generation: u64) -> Self {
        Self {
            domain,
            checked: Cell::new(generation),
        }
    }

    /// Whether the domain has lost its HTTPS for this somebody since the last look. Next to nothing
    /// while no domain has.
    pub fn is_over(&self, snapshot: &Snapshot) -> bool {
        if snapshot.https_withdrawn <= self.checked.get() {
            return false;
        }
        self.checked.set(snapshot.generation);
        let now = snapshot.domains.get(self.domain.name());
        now.is_none_or(|now| !now.goes_on_for(&self.domain))
    }
}

impl Snapshot {
    /// Before anything was loaded.
    pub fn empty() -> Self {
        Self {
            generation: 0,
            https_withdrawn: 0,
            domains: Map::new(),
            pledges: Pledges::default(),
            tickets: Arc::default(),
            settings: Arc::default(),
        }
    }

    /// The domain for a name as it came over the network: SNI or the host of a request.
    pub fn find(&self, name: &str) -> Option<&Arc<Domain>> {
        Some(self.domains.find(name)?.into_value())
    }
}

/// Makes the two ends: the only writer, and a reader to clone.
pub fn channel(first: Snapshot) -> (Publisher, Current) {
    let shared = Arc::new(ArcSwap::from_pointee(first));
    let current = Current(Arc::clone(&shared));
    (Publisher(shared), current)
}

/// The write end. Not `Clone`: one reload loop owns it.
#[derive(Debug)]
pub struct Publisher(Arc<ArcSwap<Snapshot>>);

impl Publisher {
    /// Puts a new snapshot in place: one pointer store.
    pub fn publish(&self, snapshot: Snapshot) {
        #[expect(clippy::disallowed_methods, reason = "this is the Publisher")]
        self.0.store(Arc::new(snapshot));
    }

    /// The snapshot in place.
    pub fn current(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }
}

/// The read end.
#[derive(Clone, Debug)]
pub struct Current(Arc<ArcSwap<Snapshot>>);

impl Current {
    /// The snapshot for a look-up that does not wait for anything.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.0.load()
    }

    /// The snapshot for what lives across an `.await`.
    pub fn hold(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }
}
