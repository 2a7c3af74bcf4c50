use super::operation::{Bind, Keys, Switch, Target};
use super::outcome::{DomainResult, Done, Reason};
use super::plan::Plan;
use super::rejection::Rejection;
use super::tag::Condition;
use crate::certificate::{Name, Pairs};
use crate::domain::Pattern;
use crate::edit::{Key, Value};

/// What is done to each of many domains.
struct Entry {
    /// What their tables shall say of the certificate, if it is not to stay as it is.
    certificate: Option<(Key, Option<Value>)>,
    /// The certificate, for which they have to be names.
    pairs: Option<Pairs>,
    https: Switch,
    done: Done,
}

impl Entry {
    fn new(certificate: Option<(&Name, Pairs)>, https: Switch) -> Self {
        let (name, pairs) = certificate.unzip();
        Self {
            done: match name {
                Some(_) => Done::Bound,
                None => Done::Unbound,
            },
            certificate: Some(("certificate".into(), name.map(|it| it.as_str().into()))),
            pairs,
            https,
        }
    }

    /// The keys to set. A switch that is on by default is not written.
    fn keys(&self, is_on: bool) -> Keys {
        let https = match self.https {
            Switch::On if !is_on => Some(true),
            Switch::Off if is_on => Some(false),
            _ => None,
        };
        let https = https.map(|https| ("https".into(), Some(https.into())));
        self.certificate.clone().into_iter().chain(https).collect()
    }
}

/// Bindings of many domains in one go.
impl Plan<'_> {
    /// Edits the domains that can be, and says of each other one why not.
    pub(super) fn bind(&mut self, bind: Bind, condition: &Condition) -> Result<(), Rejection> {
        let https = bind.https;
        let entry = match bind.certificate {
            Target::Keep => Entry {
                certificate: None,
                pairs: None,
                https,
                done: Done::Changed,
            },
            Target::None => Entry::new(None, https),
            Target::Present(name) => {
                let certificate = self.view.certificate(&name);
                let certificate =
                    certificate.ok_or_else(|| self.view.unknown_certificate(&name))?;
                Entry::new(Some((&name, certificate.pairs.clone())), https)
            }
            Target::New(name, upload) => {
                let pairs = self.put_certificate(name.clone(), &upload, condition)?;
                Entry::new(Some((&name, pairs)), https)
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
        let keys = entry.keys(config.is_none_or(|config| config.https));
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
        match file.editor.set(domain, &keys) {
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
