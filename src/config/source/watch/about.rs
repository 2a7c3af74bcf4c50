use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::certificate::{self, Name};
use crate::config::source::listing;
use crate::config::source::look::{Items, Scope};

/// What a change in a watched directory is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config::source) enum About {
    /// All there is.
    Everything,
    /// What is read at each reload.
    Named,
    /// The files of this directory of domains, each by its name.
    Domains(Arc<Path>),
    /// A file of domains.
    Domain(Arc<Path>),
    /// The certificates of a certificate directory, each by its name.
    Certificates,
    /// A certificate.
    Certificate(Name),
}

/// What happened to an entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is new there, or gone, or another one; or it is a directory.
    Entry,
    /// The content or the mode of a file changed.
    File,
}

impl About {
    /// Where to look after something happened to an entry of a directory that is watched as a whole.
    /// None if it concerns nothing.
    pub(super) fn scope(&self, entry: &OsStr, what: What) -> Option<Scope> {
        match self {
            Self::Everything | Self::Named | Self::Domain(_) => Some(self.whole()),
            Self::Domains(_) | Self::Certificates if is_swap(entry) => Some(Scope::Everything),
            Self::Domains(directory) => {
                let path = directory.join(entry);
                listing::is_toml(&path).then(|| domain(&path))
            }
            Self::Certificates => {
                let entry = entry.to_str()?;
                let flat = certificate::name_of_file(entry).map(|(name, _)| name);
                let own = (what == What::Entry).then(|| entry.parse().ok()).flatten();
                let mut names = flat.into_iter().chain(own).peekable();
                names.peek()?;
                Some(certificates(names))
            }
            // What is new there may be a link that another one leads through, whatever its name.
            Self::Certificate(_) if what == What::Entry => Some(self.whole()),
            Self::Certificate(_) => {
                let is_relevant = entry.to_str().is_some_and(certificate::is_relevant);
                is_relevant.then(|| self.whole())
            }
        }
    }

    /// Where to look when all of it may have changed.
    pub(super) fn whole(&self) -> Scope {
        match self {
            Self::Everything | Self::Domains(_) | Self::Certificates => Scope::Everything,
            Self::Named => Scope::default(),
            Self::Domain(path) => domain(path),
            Self::Certificate(name) => certificates([name.clone()]),
        }
    }
}

fn domain(path: &Path) -> Scope {
    Scope::Items(Items {
        domains: [path.to_owned()].into(),
        ..Items::default()
    })
}

fn certificates(names: impl IntoIterator<Item = Name>) -> Scope {
    Scope::Items(Items {
        certificates: names.into_iter().collect(),
        ..Items::default()
    })
}

/// Kubernetes keeps what it projects behind a link `..data`, which it swaps: then every file beside
/// it is another one.
fn is_swap(entry: &OsStr) -> bool {
    entry.as_bytes().starts_with(b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where to look, as text: "all", "" for what is read anyway, or the items.
    fn says(about: &About, entry: &str, what: What) -> Option<String> {
        let text = match about.scope(OsStr::new(entry), what)? {
            Scope::Items(items) => {
                let domains = items.domains.iter().map(|path| path.display().to_string());
                let names = items.certificates.iter().map(Name::to_string);
                domains.chain(names).collect::<Vec<_>>().join(" ")
            }
            Scope::Everything | Scope::Afresh => "all".to_owned(),
        };
        Some(text)
    }

    #[test]
    fn events_name_what_to_look_at() {
        let domains = About::Domains(Path::new("d").into());
        let certificate = About::Certificate("a".parse().unwrap());
        let cases = [
            (&domains, "a.toml", Some("d/a.toml")),
            (&domains, "..data", Some("all")),
            (&domains, ".a.toml.swp", None),
            (&domains, "README", None),
            (&About::Certificates, "..data", Some("all")),
            (&About::Certificates, ".a.crt.swp", None),
            (&certificate, "fullchain.pem", Some("a")),
            (&About::Named, "clients.pem", Some("")),
            (&About::Everything, "config", Some("all")),
        ];
        for (about, entry, expected) in cases {
            for what in [What::Entry, What::File] {
                let said = says(about, entry, what);
                assert_eq!(said.as_deref(), expected, "{about:?} {entry}");
            }
        }
        let cases = [
            (&About::Certificates, "a.crt", Some("a a.crt"), Some("a")),
            (&About::Certificates, "a", Some("a"), None),
            (&certificate, "current", Some("a"), None),
        ];
        for (about, entry, as_entry, as_file) in cases {
            assert_eq!(says(about, entry, What::Entry).as_deref(), as_entry);
            assert_eq!(says(about, entry, What::File).as_deref(), as_file);
        }
    }
}
