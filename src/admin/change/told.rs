use crate::admin::facts::{pair, problem};
use crate::admin::view;
use crate::certificate::{Name, Note, Pairs, Parsed, Refusal, Timestamp};
use crate::manage::{
    CertificateChange, DomainChange, DomainResult, Kept, Outcome, Reason, Served, Shelved, Unusable,
};

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

/// What history has of a certificate.
pub(super) fn history(name: &Name, shelved: &Shelved) -> view::History {
    let versions = shelved.versions.iter();
    let versions = versions.map(|kept| view::Version {
        in_use: shelved.in_use == Some(kept.version),
        ..version(kept)
    });
    view::History {
        certificate: name.to_string(),
        deleted: shelved.is_deleted,
        versions: versions.collect(),
    }
}

fn version(kept: &Kept) -> view::Version {
    let pairs = kept.pairs.as_ref().ok();
    view::Version {
        version: kept.version.to_string(),
        adopted: kept.version.adopted().to_string(),
        fingerprint: pairs.map(|it| it.fingerprint().to_string()),
        not_after: pairs.map(|it| it.validity().not_after.to_string()),
        names: pairs.map_or_else(Vec::new, names),
        in_use: false,
        rolled_back_to: kept.is_pinned,
        reason: kept.pairs.as_ref().err().map(unusable),
    }
}

fn names(pairs: &Pairs) -> Vec<String> {
    pairs.names().map(ToString::to_string).collect()
}

/// What a certificate is that was handed in.
pub(super) fn inspection(parsed: &Parsed, now: Timestamp) -> view::Inspection {
    let pairs = &parsed.pairs;
    let notes = parsed.notes.iter().map(note);
    let untimely = pairs.check_time(now).err();
    view::Inspection {
        pairs: pairs.iter().map(|it| pair(it, now)).collect(),
        names: names(pairs),
        notes: notes.chain(untimely.as_ref().map(refusal)).collect(),
    }
}

fn note(note: &Note) -> view::Reason {
    view::Reason {
        code: note.code().to_owned(),
        text: note.to_string(),
        hint: note.hint().to_owned(),
    }
}

fn refusal(refusal: &Refusal) -> view::Reason {
    view::Reason {
        code: refusal.code().to_owned(),
        text: refusal.to_string(),
        hint: refusal.hint().to_owned(),
    }
}

fn unusable(unusable: &Unusable) -> view::Reason {
    view::Reason {
        code: unusable.code().to_owned(),
        text: unusable.to_string(),
        hint: unusable.hint().to_owned(),
    }
}
