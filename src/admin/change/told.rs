use crate::admin::facts::problem;
use crate::admin::view;
use crate::manage::{CertificateChange, DomainChange, DomainResult, Outcome, Reason, Served};

/// What came of an operation, for those who asked for it.
pub(super) fn outcome(outcome: Outcome, dry_run: bool) -> view::Outcome {
    view::Outcome {
        generation: outcome.generation,
        dry_run,
        domains: outcome.domains.into_iter().map(domain).collect(),
        certificate: outcome.certificate.as_ref().map(certificate),
        problems: outcome.problems.iter().map(problem).collect(),
    }
}

fn domain(change: DomainChange) -> view::DomainChange {
    view::DomainChange {
        name: change.name.to_string(),
        result: change.result.code().to_owned(),
        reason: reason(change.result),
        before: change.before.map(served),
        after: change.after.map(served),
        leaving: change.leaving,
    }
}

fn reason(result: DomainResult) -> Option<view::Reason> {
    let reason = match result {
        DomainResult::Refused(reason) => reason,
        DomainResult::Mismatched(names) => Reason {
            code: "name_not_covered",
            text: format!("the certificate is valid for {names}"),
            hint: "choose a certificate that names the domain, or set allow_mismatch".to_owned(),
        },
        DomainResult::Unknown => Reason {
            code: "unknown_domain",
            text: "no domain has this name".to_owned(),
            hint: "add it first".to_owned(),
        },
        DomainResult::Done(_) | DomainResult::Unchanged => return None,
    };
    Some(view::Reason {
        code: reason.code.to_owned(),
        text: reason.text,
        hint: reason.hint,
    })
}

fn served(served: Served) -> view::Served {
    view::Served {
        state: served.state.to_owned(),
        certificate: served.certificate.map(|name| name.to_string()),
        https: served.https,
    }
}

fn certificate(change: &CertificateChange) -> view::CertificateChange {
    view::CertificateChange {
        name: change.name.to_string(),
        before: change.before.map(|it| it.to_string()),
        after: change.after.map(|it| it.to_string()),
        names: change.names.iter().map(ToString::to_string).collect(),
        not_after: change.not_after.map(|it| it.to_string()),
    }
}
