use super::operation::{Bind, Keys, Switch, Target};
use super::outcome::{DomainResult, Done, Reason};
use super::plan::Plan;
use super::rejection::Rejection;
use super::tag::Condition;
use crate::certificate::{self, Pairs};
use crate::domain::Pattern;

/// Bindings of many domains in one go.
impl Plan<'_> {
    /// Edits the domains that can be, and says of each other one why not.
    pub(super) fn bind(&mut self, bind: Bind, condition: &Condition) -> Result<(), Rejection> {
        let (name, pairs) = match bind.certificate {
            Target::Keep => (None, None),
            Target::None => (Some(None), None),
            Target::Present(name) => {
                let certificate = self.view.certificate(&name);
                let certificate =
                    certificate.ok_or_else(|| self.view.unknown_certificate(&name))?;
                (Some(Some(name)), Some(certificate.pairs.clone()))
            }
            Target::New(name, upload) => {
                let pairs = self.put_certificate(name.clone(), &upload, condition)?;
                (Some(Some(name)), Some(pairs))
            }
        };
        for domain in bind.domains {
            let result = self.bind_one(&domain, name.as_ref(), pairs.as_ref(), bind.https);
            self.results.insert(domain, result?);
        }
        Ok(())
    }

    fn bind_one(
        &mut self,
        domain: &Pattern,
        name: Option<&Option<certificate::Name>>,
        pairs: Option<&Pairs>,
        https: Switch,
    ) -> Result<DomainResult, Rejection> {
        let Some(path) = self.view.file_of(domain) else {
            return Ok(DomainResult::Unknown);
        };
        let config = self.view.domain(domain).map(|it| &it.config);
        let takes_any = config.is_some_and(|config| config.allow_mismatch);
        let keys = keys(name, https, config.is_none_or(|config| config.https));
        if let Some(pairs) = pairs.filter(|pairs| !takes_any && !pairs.covers(domain)) {
            return Ok(DomainResult::Mismatched(pairs.names_for_humans()));
        }
        let file = match self.open(&path) {
            Ok(file) => file,
            Err(rejection) => return Ok(DomainResult::Refused(Reason::from(&rejection))),
        };
        if let Some(reason) = file.fault_of(domain) {
            return Ok(DomainResult::Refused(reason));
        }
        if let Err(fault) = file.editor.set(domain, &keys) {
            return Ok(DomainResult::Refused(Reason::from(&Rejection::from(fault))));
        }
        Ok(DomainResult::Done(match name {
            Some(Some(_)) => Done::Bound,
            Some(None) => Done::Unbound,
            None => Done::Changed,
        }))
    }
}

/// What a domain's table shall say. A switch that is on by default is not written.
fn keys(certificate: Option<&Option<certificate::Name>>, https: Switch, is_on: bool) -> Keys {
    let certificate = certificate.map(|name| {
        let name = name.as_ref().map(|name| name.as_str().into());
        ("certificate".into(), name)
    });
    let https = match https {
        Switch::On if !is_on => Some(true),
        Switch::Off if is_on => Some(false),
        _ => None,
    };
    let https = https.map(|https| ("https".into(), Some(https.into())));
    certificate.into_iter().chain(https).collect()
}

impl From<&Rejection> for Reason {
    fn from(rejection: &Rejection) -> Self {
        let problem = rejection.problems().first();
        match problem {
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
