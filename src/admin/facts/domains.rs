use super::Facts;
use super::order::Key;
use crate::admin::fault::Fault;
use crate::admin::question::Range;
use crate::admin::select::Selection;
use crate::admin::view;
use crate::config::{Binding, HttpMode, OnExpiry, TlsPolicy, TlsVersion};
use crate::domain::Pattern;
use crate::proof::{Answer, Proof};
use crate::reload::Kind;
use crate::snapshot::Domain;

impl Facts {
    pub(super) fn domains(&self, range: &Range<Pattern>) -> view::Page<view::Domain> {
        let after = range.after.as_ref().map(Key::of);
        let mut page = Selection::new(after, range.limit);
        for (name, domain) in self.snapshot.domains.iter() {
            let key = Key::from(name);
            if range.filter.as_ref().is_none_or(|it| key.contains(it)) {
                page.offer(key, domain);
            }
        }
        let (total, more) = (page.total(), page.has_more());
        let page: Vec<_> = page.into_values().map(|it| &**it).collect();
        let last = page.last().map(|domain| domain.name().to_string());
        view::Page {
            items: self.describe_domains(&page),
            total,
            next: last.filter(|_| more),
        }
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
            wanted: wanted.unwrap_or(Answer::Refused).to_string(),
            proof: self.proofs.get(domain.name()).as_ref().map(proof),
            https: config.https,
            on_expiry: on_expiry(config.on_expiry).to_owned(),
            http: http.to_owned(),
            redirect_status,
            origins: config.origins.iter().map(ToString::to_string).collect(),
            policy: domain.policy.as_ref().map(|it| policy(it.options())),
            viewers: domain.counters.viewers(),
            remarks: config.remarks.clone(),
            problems,
        }
    }
}

fn binding(binding: &Binding) -> &'static str {
    match binding {
        Binding::Unbound => "unbound",
        Binding::Auto => "auto",
        Binding::Named(_) => "named",
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
