use super::Facts;
use super::filter::Filter;
use super::order::Key;
use crate::admin::fault::Fault;
use crate::admin::range::{Only, Place, Range, Sort};
use crate::admin::select::Selection;
use crate::admin::view;
use crate::certificate::Validity;
use crate::config::{Binding, HttpMode, OnExpiry, TlsPolicy, TlsVersion};
use crate::domain::Pattern;
use crate::hsts::Hsts;
use crate::proof::{Answer, Proof};
use crate::reload::Kind;
use crate::snapshot::Domain;

impl Facts {
    pub(super) fn domains(
        &self,
        range: &Range<Pattern>,
        only: &Only,
    ) -> Result<view::Page<view::Domain>, Fault> {
        let filter = Filter::of(self, range.filter.as_ref(), only)?;
        let after = range.after.as_ref().map(|after| Place {
            rank: after.rank,
            name: Key::of(&after.name),
        });
        let mut page = Selection::new(after, range.limit);
        for (name, domain) in self.snapshot.domains.iter() {
            let name = Key::from(name);
            if filter.lets_through(name, domain) {
                let rank = self.rank(range.sort, domain);
                page.offer(Place { rank, name }, domain);
            }
        }
        let (total, more) = (page.total(), page.has_more());
        let page: Vec<_> = page.into_values().map(|it| &**it).collect();
        let last = page.last().map(|domain| Place {
            rank: self.rank(range.sort, domain),
            name: domain.name(),
        });
        let next = last.filter(|_| more).map(|last| last.cursor(range.sort));
        Ok(view::Page {
            items: self.describe_domains(&page),
            total,
            next,
        })
    }

    fn rank(&self, sort: Sort, domain: &Domain) -> i64 {
        sort.rank(|| self.validity_of(domain).map(|it| it.not_after))
    }

    /// When the certificate is valid that it has or names, if that is in use.
    fn validity_of(&self, domain: &Domain) -> Option<Validity> {
        let named = || self.status.certificates.get(domain.certificate_name()?);
        let certificate = domain.certificate().or_else(named);
        certificate.map(|it| it.pairs.validity())
    }

    /// The domain of this name, or the one that serves it: a wildcard.
    pub(super) fn domain(&self, name: &Pattern) -> Result<view::Domain, Fault> {
        let serving = match name {
            Pattern::Exact(name) => self.snapshot.find(name.as_str()),
            Pattern::Wildcard(_) => self.snapshot.domains.get(name),
        };
        let described = serving.and_then(|it| self.describe_domains(&[it]).pop());
        described.ok_or_else(|| {
            let name = name.to_string();
            let mut problems = self.problems_of(Kind::Domain, [&*name]);
            Fault::UnknownDomain(problems.remove(&*name).unwrap_or_default())
        })
    }

    fn describe_domains(&self, domains: &[&Domain]) -> Vec<view::Domain> {
        let names: Vec<_> = domains.iter().map(|it| it.name().to_string()).collect();
        let names = names.iter().map(String::as_str);
        let mut problems = self.problems_of(Kind::Domain, names.clone());
        let described = names.zip(domains).map(|(name, domain)| {
            let problems = problems.remove(name).unwrap_or_default();
            self.describe_domain(name, domain, problems)
        });
        described.collect()
    }

    fn describe_domain(
        &self,
        name: &str,
        domain: &Domain,
        problems: Vec<view::Problem>,
    ) -> view::Domain {
        let config = &domain.config;
        let certificate = domain.certificate();
        let validity = self.validity_of(domain);
        let hsts_until = self.snapshot.pledges.running(domain.name(), self.now);
        let wanted = certificate.map(|it| Answer::Leaf(it.pairs.fingerprint()));
        let (http, redirect_status) = match config.http {
            HttpMode::Serve => ("serve", None),
            HttpMode::Redirect(status) => ("redirect", Some(status.as_u16())),
        };
        view::Domain {
            name: name.to_owned(),
            place: config.place.to_string(),
            state: domain.https.code().to_owned(),
            binding: binding(&config.binding).to_owned(),
            certificate: domain.certificate_name().map(ToString::to_string),
            source: domain.certificate_name().map(|_| SELF_OWNED.to_owned()),
            not_after: validity.map(|it| it.not_after.to_string()),
            days_left: validity.map(|it| it.days_left(self.now)),
            wanted: wanted.unwrap_or(Answer::Refused).to_string(),
            proof: self.proofs.get(domain.name()).as_ref().map(proof),
            https: config.https,
            hsts: config.hsts.map(hsts),
            hsts_until: hsts_until.map(|it| it.to_string()),
            on_expiry: on_expiry(config.on_expiry).to_owned(),
            http: http.to_owned(),
            redirect_status,
            origins: config.origins.iter().map(ToString::to_string).collect(),
            balance: config.balance.word().to_owned(),
            policy: domain.policy.as_ref().map(|it| policy(it.options())),
            viewers: domain.counters.viewers(),
            remarks: config.remarks.clone(),
            problems,
        }
    }
}

/// Where certificates come from: all are handed in by their owner.
const SELF_OWNED: &str = "self-owned";

fn binding(binding: &Binding) -> &'static str {
    match binding {
        Binding::Unbound => "unbound",
        Binding::Auto => "auto",
        Binding::Named(_) => "named",
    }
}

fn hsts(hsts: Hsts) -> view::Hsts {
    view::Hsts {
        max_age: hsts.max_age,
        include_subdomains: hsts.include_subdomains,
    }
}

fn on_expiry(on_expiry: OnExpiry) -> &'static str {
    match on_expiry {
        OnExpiry::Serve => "serve",
        OnExpiry::Http => "http",
    }
}

fn proof(proof: &Proof) -> view::Proof {
    view::Proof {
        wanted: proof.wanted.to_string(),
        served: proof.served_code(),
        result: proof.outcome().code().to_owned(),
        since: proof.since.to_string(),
        checked: proof.checked.to_string(),
    }
}

fn policy(tls: &TlsPolicy) -> view::Policy {
    let (client_auth, client_ca) = match &tls.client_auth {
        None => ("none", None),
        Some(auth) if auth.required => ("required", Some(&auth.ca)),
        Some(auth) => ("optional", Some(&auth.ca)),
    };
    let min_version = match tls.min_version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    };
    view::Policy {
        min_version: min_version.to_owned(),
        alpn: tls.alpn.iter().map(|it| it.code().to_owned()).collect(),
        client_auth: client_auth.to_owned(),
        client_ca: client_ca.map(|path| path.display().to_string()),
    }
}
