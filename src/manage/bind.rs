use super::operation::{Bind, Keys, Switch, Target};
use super::outcome::{DomainResult, Done, Reason};
use super::plan::{FORCE_HTTPS_OFF, HTTPS, Plan};
use super::rejection::Rejection;
use super::tag::Condition;
use crate::certificate::{Name, Pairs};
use crate::domain::Pattern;
use crate::edit::{Key, Value};

const CERTIFICATE: &str = "certificate";

/// What is done to each of many domains.
struct Entry {
    /// What their tables shall say of the certificate, if it is not to stay as it is.
    certificate: Option<(Key, Option<Value>)>,
    /// The certificate, for which they have to be names.
    pairs: Option<Pairs>,
    https: Switch,
    /// Whether HTTPS may end though browsers were told to use nothing else.
    force_https_off: bool,
    done: Done,
}

impl Entry {
    /// One that changes nothing about the certificate.
    fn new(https: Switch, force_https_off: bool) -> Self {
        Self {
            certificate: None,
            pairs: None,
            https,
            force_https_off,
            done: Done::Changed,
        }
    }

    fn with(self, certificate: Option<(&Name, Pairs)>) -> Self {
        let (name, pairs) = certificate.unzip();
        Self {
            done: match name {
                Some(_) => Done::Bound,
                None => Done::Unbound,
            },
            certificate: Some((CERTIFICATE.into(), name.map(|it| it.as_str().into()))),
            pairs,
            ..self
        }
    }

    fn ends_https(&self) -> bool {
        self.https == Switch::Off || self.done == Done::Unbound
    }

    /// The keys to set. A switch that is on by default is not written.
    fn keys(&self, is_on: bool, is_held: bool) -> Keys {
        let https = match self.https {
            Switch::On if !is_on => Some(true),
            Switch::Off if is_on => Some(false),
            _ => None,
        };
        let https = https.map(|https| (HTTPS.into(), Some(https.into())));
        let force = is_held.then(|| (FORCE_HTTPS_OFF.into(), Some(true.into())));
        let keys = self.certificate.clone().into_iter().chain(https);
        keys.chain(force).collect()
    }
}

/// Bindings of many domains in one go.
impl Plan<'_> {
    /// Edits the domains that can be, and says of each other one why not.
    pub(super) fn bind(&mut self, bind: Bind, condition: &Condition) -> Result<(), Rejection> {
        let entry = Entry::new(bind.https, bind.force_https_off);
        let entry = match bind.certificate {
            Target::Keep => entry,
            Target::None => entry.with(None),
            Target::Present(name) => {
                let certificate = self.view.certificate(&name);
                let certificate =
                    certificate.ok_or_else(|| self.view.unknown_certificate(&name))?;
                entry.with(Some((&name, certificate.pairs.clone())))
            }
            Target::New(name, upload) => {
                let pairs = self.put_certificate(name.clone(), &upload, condition)?;
                entry.with(Some((&name, pairs)))
            }
        };
        for domain in bind.domains {
            let result = self.bind_one(&domain, &entry);
            self.results.insert(domain, result);
        }
        Ok(())
    }

    fn bind_one(&mut self, domain: &Pattern, entry: &Entry) -> DomainResult {
        let Some(path) = self.view.file_of(domain) else {
            return DomainResult::Unknown;
        };
        let config = self.view.domain(domain).map(|it| &it.config);
        let takes_any = config.is_some_and(|config| config.allow_mismatch);
        let view = self.view;
        let held = match entry.ends_https() {
            true => view.hold_without_https(domain),
            false => None,
        };
        if let Some(until) = held.filter(|_| !entry.force_https_off) {
            let domains = vec![domain.clone()];
            return DomainResult::Refused(Reason::from(&Rejection::HstsRuns { domains, until }));
        }
        let keys = entry.keys(config.is_none_or(|config| config.https), held.is_some());
        let pairs = entry.pairs.as_ref().filter(|_| !takes_any);
        if let Some(pairs) = pairs.filter(|pairs| !pairs.covers(domain)) {
            return DomainResult::Mismatched(pairs.names_for_humans());
        }
        let file = match self.open(&path) {
            Ok(file) => file,
            Err(rejection) => return DomainResult::Refused(Reason::from(&rejection)),
        };
        if let Some(reason) = file.fault_of(domain) {
            return DomainResult::Refused(reason);
        }
        match file.set(domain, &keys) {
            Ok(()) => DomainResult::Done(entry.done),
            Err(fault) => DomainResult::Refused(Reason::from(&Rejection::from(fault))),
        }
    }
}

impl From<&Rejection> for Reason {
    fn from(rejection: &Rejection) -> Self {
        match rejection.problems().first() {
            Some(problem) => Self {
                code: problem.reason,
                text: problem.text.clone(),
                hint: problem.hint.clone(),
            },
            None => Self {
                code: rejection.code(),
                text: rejection.to_string(),
                hint: rejection.hint().to_owned(),
            },
        }
    }
}
