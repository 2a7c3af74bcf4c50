use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::name::Name;
use super::refusal::{Refusal, Unreadable};

/// The files of one certificate: those of its directory, or those that share its name.
pub struct Files {
    location: PathBuf,
    unreadable: Option<Unreadable>,
    files: BTreeMap<String, Result<Vec<u8>, Unreadable>>,
}

impl Files {
    /// No files yet; `location` is the directory that holds them.
    pub fn new(location: PathBuf) -> Self {
        Self {
            location,
            unreadable: None,
            files: BTreeMap::new(),
        }
    }

    /// Files that are there but cannot be listed.
    pub fn unreadable(location: PathBuf, unreadable: Unreadable) -> Self {
        Self {
            unreadable: Some(unreadable),
            ..Self::new(location)
        }
    }

    /// Adds a file by its name in the directory.
    pub fn insert(&mut self, name: String, content: Result<Vec<u8>, Unreadable>) {
        self.files.insert(name, content);
    }

    /// The directory that holds the files: the certificate's own, or one that it shares.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// Takes chain and key out of the files of the layout that is there.
    pub(super) fn sections(&self) -> Result<Sections, Refusal> {
        if let Some(unreadable) = &self.unreadable {
            let location = self.location.clone();
            return Err(Refusal::Unreadable(location, unreadable.duplicate()));
        }
        let layout = self.layout().ok_or(Refusal::CertificateMissing)?;
        let mut sections = Sections::default();
        for name in layout.files() {
            let path = || self.location.join(name);
            let content = match &self.files[name] {
                Ok(content) if content.is_empty() => return Err(Refusal::EmptyFile(path())),
                Ok(content) => content,
                Err(unreadable) => {
                    return Err(Refusal::Unreadable(path(), unreadable.duplicate()));
                }
            };
            let found = sections.read(content);
            found.map_err(|error| Refusal::InvalidPem(path(), error))?;
        }
        Ok(sections)
    }

    /// The first layout that is whole, or else the first of which a part is there.
    fn layout(&self) -> Option<Layout<'_>> {
        let layouts = || LAYOUTS.iter().map(|layout| layout.find(&self.files));
        let whole = layouts().find(Layout::is_whole);
        whole.or_else(|| layouts().find(|layout| layout.files().next().is_some()))
    }
}

/// Names only: the content may hold a private key.
impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files")
            .field("location", &self.location)
            .field("files", &self.files.keys())
            .finish()
    }
}

/// The certificate that a file directly in a certificate directory belongs to.
pub fn name_of_file(file: &str) -> Option<Name> {
    let (stem, ending) = file.rsplit_once('.')?;
    // lego keeps the issuer's certificate in a file of its own; the chain has it already.
    if stem.ends_with(".issuer") || !matches!(ending, "crt" | "key" | "pem") {
        return None;
    }
    stem.parse().ok()
}

/// Whether a file in a certificate's directory may be part of a layout.
pub fn relevant(file: &str) -> bool {
    LAYOUTS.iter().any(|layout| {
        let patterns = [layout.chain, layout.key, layout.rest];
        patterns.iter().any(|pattern| matches(pattern, file))
    })
}

/// What was found between the PEM markers.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
}

impl Sections {
    fn read(&mut self, content: &[u8]) -> Result<(), pem::Error> {
        let mut nothing = true;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(content) {
            let (kind, der) = section?;
            nothing = false;
            match kind {
                SectionKind::Certificate => self.chain.push(der.into()),
                // The first key counts; EC PARAMETERS and the like are passed over.
                _ if self.key.is_none() => self.key = PrivateKeyDer::from_pem(kind, der),
                _ => {}
            }
        }
        if nothing || is_cut_off(content) {
            return Err(pem::Error::NoItemsFound);
        }
        Ok(())
    }
}

/// Whether the file ends within a BEGIN marker, which would read as no marker at all: it may still
/// be growing.
fn is_cut_off(content: &[u8]) -> bool {
    let content = content.trim_ascii_end();
    let start = content.iter().rposition(|byte| *byte == b'\n');
    let last_line = &content[start.map_or(0, |start| start + 1)..];
    last_line.starts_with(b"-") && !last_line.starts_with(b"-----END")
}

/// File names of a way to keep a pair; `*` stands for any beginning, an empty name for no file.
struct Names {
    chain: &'static str,
    key: &'static str,
    /// What follows the leaf where the chain file holds only that.
    rest: &'static str,
}

impl Names {
    fn find<'f, V>(&self, files: &'f BTreeMap<String, V>) -> Layout<'f> {
        let find = |pattern| {
            let mut names = files.keys().map(String::as_str);
            names.find(|name| matches(pattern, name))
        };
        Layout {
            chain: find(self.chain),
            key: find(self.key),
            rest: find(self.rest),
            combined: self.key.is_empty(),
        }
    }
}

/// The files of one layout that are there.
struct Layout<'f> {
    chain: Option<&'f str>,
    key: Option<&'f str>,
    rest: Option<&'f str>,
    combined: bool,
}

impl<'f> Layout<'f> {
    fn is_whole(&self) -> bool {
        self.chain.is_some() && (self.combined || self.key.is_some())
    }

    fn files(&self) -> impl Iterator<Item = &'f str> + use<'f> {
        [self.chain, self.rest, self.key].into_iter().flatten()
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(ending) => name.ends_with(ending),
        None => !pattern.is_empty() && pattern == name,
    }
}

/// In the order of preference. certbot keeps `cert.pem` beside `fullchain.pem`, so it comes first.
const LAYOUTS: [Names; 6] = [
    // certbot
    Names::pair("fullchain.pem", "privkey.pem"),
    // Kubernetes Secret
    Names::pair("tls.crt", "tls.key"),
    // acme.sh
    Names::pair("fullchain.cer", "*.key"),
    Names {
        chain: "cert.pem",
        key: "key.pem",
        rest: "chain.pem",
    },
    // lego
    Names::pair("*.crt", "*.key"),
    // HAProxy
    Names::pair("*.pem", ""),
];

impl Names {
    const fn pair(chain: &'static str, key: &'static str) -> Self {
        Self {
            chain,
            key,
            rest: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str]) -> Vec<String> {
        let mut entry = Files::new(PathBuf::new());
        for file in files {
            entry.insert((*file).to_owned(), Ok(Vec::new()));
        }
        let layout = entry.layout();
        layout
            .map(|layout| layout.files().map(str::to_owned).collect())
            .unwrap_or_default()
    }

    #[test]
    fn each_tool_has_its_layout() {
        let cases: [(&[&str], &[&str]); 8] = [
            (
                &["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"],
                &["fullchain.pem", "privkey.pem"],
            ),
            (&["ca.crt", "tls.crt", "tls.key"], &["tls.crt", "tls.key"]),
            (
                &[
                    "ca.cer",
                    "a.example.com.cer",
                    "a.example.com.key",
                    "fullchain.cer",
                ],
                &["fullchain.cer", "a.example.com.key"],
            ),
            (
                &["cert.pem", "chain.pem", "key.pem"],
                &["cert.pem", "chain.pem", "key.pem"],
            ),
            (&["cert.pem", "key.pem"], &["cert.pem", "key.pem"]),
            (&["play.crt", "play.key"], &["play.crt", "play.key"]),
            (&["play.pem"], &["play.pem"]),
            (
                &["fullchain.pem", "tls.crt", "tls.key"],
                &["tls.crt", "tls.key"],
            ),
        ];
        for (files, expected) in cases {
            assert_eq!(chosen(files), expected, "{files:?}");
        }
    }

    #[test]
    fn a_half_layout_is_found_when_there_is_no_whole_one() {
        assert_eq!(chosen(&["privkey.pem"]), ["privkey.pem"]);
        assert_eq!(chosen(&["tls.crt"]), ["tls.crt"]);
        assert!(chosen(&["README"]).is_empty());
    }

    #[test]
    fn flat_files_are_named_by_their_stem() {
        let name = |file| name_of_file(file).map(|name| name.to_string());
        assert_eq!(name("example.com.crt").as_deref(), Some("example.com"));
        assert_eq!(name("play-2026.pem").as_deref(), Some("play-2026"));
        for other in [
            "example.com.issuer.crt",
            "example.com.json",
            ".a.crt",
            "README",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
