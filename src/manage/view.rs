use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use super::rejection::Rejection;
use super::shelf::Shelf;
use crate::certificate::{self, Certificate, Files, Timestamp};
use crate::config::{self, Binding, Source};
use crate::domain::Pattern;
use crate::reload::{self, Kind, Problem, Status};
use crate::snapshot::{Domain, Snapshot};

/// What is in place at the moment at which an operation is planned.
pub(super) struct View {
    pub(super) root: PathBuf,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) status: Arc<Status>,
    pub(super) now: Timestamp,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) shelf: Option<Shelf>,
}

impl View {
    pub(super) fn domain(&self, name: &Pattern) -> Option<&Arc<Domain>> {
        self.snapshot.domains.get(name)
    }

    /// The file that a domain's table stands in, be it sound or not.
    pub(super) fn file_of(&self, name: &Pattern) -> Option<PathBuf> {
        if let Some(domain) = self.domain(name) {
            return Some(domain.config.place.file.to_path_buf());
        }
        let problems = self.problems_of(Kind::Domain, &name.to_string());
        let place = problems.into_iter().find_map(|problem| problem.place)?;
        Some(place.file.to_path_buf())
    }

    pub(super) fn problems_of(&self, kind: Kind, name: &str) -> Vec<Problem> {
        let problems = self.status.problems.iter();
        let problems = problems.filter(|problem| problem.kind == kind && problem.name == name);
        problems.cloned().collect()
    }

    pub(super) fn unknown_domain(&self, name: &Pattern) -> Rejection {
        let problems = self.problems_of(Kind::Domain, &name.to_string());
        Rejection::UnknownDomain(name.clone(), problems)
    }

    pub(super) fn unknown_certificate(&self, name: &certificate::Name) -> Rejection {
        let problems = self.problems_of(Kind::Certificate, name.as_str());
        Rejection::UnknownCertificate(name.clone(), problems)
    }

    pub(super) fn certificate(&self, name: &certificate::Name) -> Option<&Arc<Certificate>> {
        self.status.certificates.get(name)
    }

    /// The certificate that a domain gets that leaves the choice to us, as far as that is known.
    pub(super) fn best_for(&self, domain: &Pattern) -> Option<&Arc<Certificate>> {
        let certificates = self.status.certificates.iter().map(|(_, it)| it);
        let covering = certificates.filter(|it| it.pairs.covers(domain));
        covering.max_by_key(|it| it.pairs.rank_for(domain, self.now))
    }

    /// The domains whose tables name a certificate.
    pub(super) fn naming(&self, name: &certificate::Name) -> impl Iterator<Item = &Arc<Domain>> {
        let domains = self.snapshot.domains.values();
        domains.filter(move |domain| match &domain.config.binding {
            Binding::Named(named) => named == name,
            Binding::Auto | Binding::Unbound => false,
        })
    }

    /// Up to when a domain's HTTPS stays on, if it shall be configured so.
    pub(super) fn hold(&self, config: &config::Domain) -> Option<Timestamp> {
        let served = self.domain(&config.name).map(|it| &**it);
        reload::hold(config, served, &self.snapshot.pledges, self.now)
    }

    /// Up to when it stays on if it is switched off, or loses its certificate.
    pub(super) fn hold_without_https(&self, domain: &Pattern) -> Option<Timestamp> {
        self.hold(&config::Domain {
            https: false,
            ..(*self.domain(domain)?.config).clone()
        })
    }

    /// The files of a certificate as they are on the disk.
    pub(super) fn files_of(&self, name: &certificate::Name) -> Option<Files> {
        let directories = &self.snapshot.settings.certificates.directories;
        Source::new(self.root.clone()).files_of(directories, name)
    }

    /// Where new certificates are put.
    pub(super) fn certificates_directory(&self) -> PathBuf {
        let directories = &self.snapshot.settings.certificates.directories;
        let first = directories.first().map(|first| self.root.join(first));
        first.unwrap_or_else(|| self.root.join("certificates"))
    }
}
