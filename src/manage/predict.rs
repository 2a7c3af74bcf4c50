use std::sync::Arc;

use super::outcome::{CertificateChange, DomainChange, DomainResult, Done, Outcome, Served};
use super::plan::Planned;
use super::view::View;
use crate::certificate::Certificate;
use crate::config::{self, Binding, OnExpiry};
use crate::domain::Pattern;
use crate::snapshot::{Domain, Https};

impl Planned {
    /// What came of it, by what is in place now; or what would, by what is in place still.
    pub(super) fn outcome(&self, before: &View, after: Option<&View>) -> Outcome {
        let concerned = self.concerned(before);
        let domains = concerned.map(|(name, result)| {
            let was = before.domain(&name);
            let is = match after {
                Some(after) => after.domain(&name).map(|it| Served::of(it)),
                None => self.prediction(&name, was.map(|it| &**it), before),
            };
            change(name, result, was.map(|it| &**it), is)
        });
        let certificate = self.certificate.as_ref().map(|(name, would)| {
            let is = match after {
                Some(after) => after.certificate(name),
                None => would.as_ref(),
            };
            CertificateChange {
                name: name.clone(),
                before: before.certificate(name).map(|it| it.pairs.fingerprint()),
                after: is.map(|it| it.pairs.fingerprint()),
                names: is.map_or_else(Vec::new, |it| it.pairs.names().cloned().collect()),
                not_after: is.map(|it| it.pairs.validity().not_after),
            }
        });
        Outcome {
            generation: after.unwrap_or(before).snapshot.generation,
            domains: domains.collect(),
            certificate,
            problems: Vec::new(),
        }
    }

    /// The domains that were asked for, and those that the certificate serves.
    fn concerned(&self, view: &View) -> impl Iterator<Item = (Pattern, DomainResult)> {
        let mut all = self.results.clone();
        if let Some((certificate, _)) = &self.certificate {
            for domain in view.naming(certificate) {
                let name = domain.name().clone();
                all.entry(name).or_insert(DomainResult::Done(Done::Changed));
            }
        }
        all.into_iter()
    }

    fn prediction(&self, name: &Pattern, was: Option<&Domain>, view: &View) -> Option<Served> {
        if self.results.get(name) == Some(&DomainResult::Done(Done::Removed)) {
            return None;
        }
        let config = self.configs.get(name).or(was.map(|was| &was.config))?;
        let state = self.state(config, was, view);
        Some(Served {
            state: state.code(),
            certificate: match &config.binding {
                Binding::Named(name) => Some(name.clone()),
                Binding::Auto => state.certificate().map(|it| it.name.clone()),
                Binding::Unbound => None,
            },
            https: config.https,
        })
    }

    fn state(&self, config: &config::Domain, was: Option<&Domain>, view: &View) -> Https {
        if let Some(was) = was.filter(|_| view.hold(config).is_some()) {
            return was.https.clone();
        }
        let holds = |it: &&Arc<Certificate>| config.allow_mismatch || it.pairs.covers(&config.name);
        let certificate = match &config.binding {
            Binding::Unbound => return Https::Unbound,
            Binding::Named(name) => match &self.certificate {
                Some((put, would)) if put == name => would.as_ref(),
                _ => view.certificate(name),
            },
            Binding::Auto => view.best_for(&config.name),
        };
        let Some(certificate) = certificate.filter(holds) else {
            return Https::Unusable;
        };
        let is_past = certificate.pairs.validity().is_past(view.now);
        match was {
            _ if !config.https => Https::Off,
            Some(was) if was.policy.is_none() && was.config.tls == config.tls => Https::Unusable,
            _ if is_past && config.on_expiry == OnExpiry::Http => Https::Expired,
            _ => Https::On(Arc::clone(certificate)),
        }
    }
}

fn change(
    name: Pattern,
    result: DomainResult,
    was: Option<&Domain>,
    is: Option<Served>,
) -> DomainChange {
    let serving = |served: &Served| served.state == "serving";
    let before = was.map(Served::of);
    let goes_off = before.as_ref().is_some_and(serving) && !is.as_ref().is_some_and(serving);
    DomainChange {
        name,
        result,
        leaving: match was {
            Some(was) if goes_off => was.counters.viewers(),
            _ => 0,
        },
        before,
        after: is,
    }
}
