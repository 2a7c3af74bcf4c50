use std::collections::HashMap;

use rustls::SignatureAlgorithm;

use super::Facts;
use super::order::{self, Key};
use crate::admin::fault::Fault;
use crate::admin::range::{Place, Range, Sort};
use crate::admin::select::Selection;
use crate::admin::view;
use crate::certificate::{Certificate, Name, Pair, Timestamp};
use crate::domain::Pattern;
use crate::reload::Kind;

/// The first domains of a certificate.
type Bound<'f> = Selection<Key<'f>, &'f Pattern>;

impl Facts {
    pub(super) fn certificates(&self, range: &Range<Name>) -> view::Page<view::Certificate> {
        let after = range.after.as_ref().map(|after| Place {
            rank: after.rank,
            name: after.name.as_str(),
        });
        let mut page = Selection::new(after, range.limit);
        for (name, certificate) in self.status.certificates.iter() {
            if range
                .filter
                .as_ref()
                .is_none_or(|it| matches(certificate, it))
            {
                let (rank, name) = (rank(range.sort, certificate), name.as_str());
                page.offer(Place { rank, name }, certificate);
            }
        }
        let (total, more) = (page.total(), page.has_more());
        let page: Vec<_> = page.into_values().map(|it| &**it).collect();
        let last = page.last().map(|certificate| Place {
            rank: rank(range.sort, certificate),
            name: &certificate.name,
        });
        let next = last.filter(|_| more).map(|last| last.cursor(range.sort));
        view::Page {
            items: self.describe(&page, FIRST_NAMES),
            total,
            next,
        }
    }

    pub(super) fn certificate(&self, name: &Name) -> Result<view::Certificate, Fault> {
        let certificate = self.certificate_in_use(name)?;
        let described = self.describe(&[certificate], usize::MAX).pop();
        described.ok_or(Fault::Bug)
    }

    pub(super) fn certificate_in_use(&self, name: &Name) -> Result<&Certificate, Fault> {
        let certificate = self.status.certificates.get(name);
        certificate.map(|it| &**it).ok_or_else(|| {
            let mut problems = self.problems_of(Kind::Certificate, [name.as_str()]);
            Fault::UnknownCertificate(problems.remove(name.as_str()).unwrap_or_default())
        })
    }

    /// The certificates, each with at most so many of its names.
    fn describe(&self, certificates: &[&Certificate], names: usize) -> Vec<view::Certificate> {
        let all: Vec<_> = certificates.iter().map(|it| &it.name).collect();
        let mut bound = self.bound_to(&all);
        let all = all.into_iter().map(Name::as_str);
        let mut problems = self.problems_of(Kind::Certificate, all);
        let described = certificates.iter().map(|certificate| view::Certificate {
            name: certificate.name.to_string(),
            pairs: certificate
                .pairs
                .iter()
                .map(|it| pair(it, self.now))
                .collect(),
            names: view::Excerpt {
                total: certificate.pairs.names().count(),
                first: texts(certificate.pairs.names().take(names)),
            },
            domains: excerpt(bound.remove(&certificate.name)),
            remarks: self.remarks_of(&certificate.name),
            problems: problems
                .remove(certificate.name.as_str())
                .unwrap_or_default(),
        });
        described.collect()
    }

    fn remarks_of(&self, certificate: &Name) -> String {
        let remarks = self.status.remarks.get(certificate);
        remarks.map(ToString::to_string).unwrap_or_default()
    }

    /// The domains that have these certificates or name them: one pass for all of them.
    fn bound_to<'f>(&'f self, names: &[&'f Name]) -> HashMap<&'f Name, Bound<'f>> {
        let selections = names.iter();
        let selections = selections.map(|name| (*name, Selection::new(None, FIRST_NAMES)));
        let mut bound: HashMap<_, _> = selections.collect();
        let (Some(first), Some(last)) = (names.iter().min(), names.iter().max()) else {
            return bound;
        };
        for domain in self.snapshot.domains.values() {
            // Comparing is cheaper than hashing, and nearly all are of other certificates.
            let name = domain
                .certificate_name()
                .filter(|name| (*first..=*last).contains(name));
            if let Some(selection) = name.and_then(|name| bound.get_mut(name)) {
                selection.offer(Key::of(domain.name()), domain.name());
            }
        }
        bound
    }
}

pub(in crate::admin) fn pair(pair: &Pair, now: Timestamp) -> view::Pair {
    view::Pair {
        key: key_kind(pair.algorithm()).to_owned(),
        fingerprint: pair.fingerprint.to_string(),
        not_before: pair.validity.not_before.to_string(),
        not_after: pair.validity.not_after.to_string(),
        days_left: pair.validity.days_left(now),
        chain_length: pair.chain_length(),
        ocsp_until: pair.staple_until().as_ref().map(ToString::to_string),
    }
}

fn rank(sort: Sort, certificate: &Certificate) -> i64 {
    sort.rank(|| Some(certificate.pairs.validity().not_after))
}

/// Whether its name contains the text, or one of the names that it is valid for.
fn matches(certificate: &Certificate, text: &str) -> bool {
    let mut names = certificate.pairs.names();
    order::contains(certificate.name.as_str(), text) || names.any(|it| Key::of(it).contains(text))
}

fn excerpt(bound: Option<Bound<'_>>) -> view::Excerpt<String> {
    let Some(bound) = bound else {
        return view::Excerpt::default();
    };
    view::Excerpt {
        total: bound.total(),
        first: texts(bound.into_values()),
    }
}

fn texts<'n>(names: impl Iterator<Item = &'n Pattern>) -> Vec<String> {
    names.map(ToString::to_string).collect()
}

fn key_kind(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RSA => "rsa",
        SignatureAlgorithm::ECDSA => "ecdsa",
        SignatureAlgorithm::ED25519 => "ed25519",
        _ => "other",
    }
}

/// Names and domains that are shown of each certificate.
const FIRST_NAMES: usize = 20;
