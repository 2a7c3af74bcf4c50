use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::key::is_encrypted;
use super::name::Name;
use super::pem_fault::PemFault;
use super::refusal::{Refusal, Unreadable};
use super::text::PairText;

/// A file's bytes, or why they were not read.
pub type Content = Result<Vec<u8>, Unreadable>;

/// The files of one certificate: those of its directory, or those that share its name.
pub struct Files {
    location: PathBuf,
    unreadable: Option<Unreadable>,
    files: BTreeMap<String, Content>,
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
    pub fn insert(&mut self, name: String, content: Content) {
        self.files.insert(name, content);
    }

    /// The directory that holds the files: the certificate's own, or one that it shares.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// The same directory; the files are dropped.
    pub fn into_location(self) -> PathBuf {
        self.location
    }

    /// Takes chains and keys out of the files: of each pair that is there.
    pub(super) fn pairs(&self) -> Result<Vec<Sections>, Refusal> {
        if let Some(unreadable) = &self.unreadable {
            let location = self.location.clone();
            return Err(Refusal::Unreadable(location, unreadable.duplicate()));
        }
        let layouts = LABELS.iter().filter_map(|label| self.layout(label));
        let pairs = layouts.map(|layout| self.sections(&layout));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        match pairs.is_empty() {
            true => Err(Refusal::CertificateMissing),
            false => Ok(pairs),
        }
    }

    /// The file beside the pairs that `is_it` knows by its name.
    pub fn beside(&self, is_it: impl Fn(&str) -> bool) -> Option<(PathBuf, &Content)> {
        let (name, content) = self.files.iter().find(|(name, _)| is_it(name))?;
        Some((self.location.join(name), content))
    }

    /// The names of all files, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The files that could be read, by name, sorted.
    pub fn readable(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.filter_map(|(name, content)| Some((&**name, content.as_deref().ok()?)))
    }

    /// Whether the system refused to read something, which may pass by itself.
    pub fn failed(&self) -> bool {
        let contents = self.files.values().map(|content| content.as_ref().err());
        let mut unreadable = contents.flatten().chain(&self.unreadable);
        unreadable.any(Unreadable::may_pass)
    }

    /// The texts of the pairs that are there, in the order in which they are parsed.
    pub fn texts(&self) -> Vec<PairText> {
        let layouts = LABELS.iter().filter_map(|label| self.layout(label));
        let texts = layouts.map(|layout| {
            let contents = layout
                .files()
                .filter_map(|name| self.files[name].as_deref().ok());
            PairText::of(contents)
        });
        texts.collect()
    }

    fn sections(&self, layout: &Layout<'_>) -> Result<Sections, Refusal> {
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
            if (found.is_err() || sections.key.is_none()) && is_encrypted(content) {
                return Err(Refusal::EncryptedKey(path()));
            }
            found.map_err(|fault| Refusal::InvalidPem(path(), fault))?;
        }
        sections.any_order = layout.combined;
        Ok(sections)
    }

    /// The first layout that is whole, or else the first of which a part is there, among the files
    /// with this label.
    fn layout(&self, label: &str) -> Option<Layout<'_>> {
        let files = self.files.keys().map(String::as_str);
        let files = files.filter_map(|file| Some((unlabelled(file, label)?, file)));
        let files: Vec<_> = files.collect();
        let layouts = || LAYOUTS.iter().map(|layout| layout.find(&files));
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

/// The certificate that a file directly in a certificate directory belongs to, and the file's
/// ending.
pub fn name_of_file(file: &str) -> Option<(Name, &'static str)> {
    let (stem, ending) = file.rsplit_once('.')?;
    let ending = FLAT_ENDINGS.into_iter().find(|known| *known == ending)?;
    // lego keeps the issuer's certificate in a file of its own; the chain has it already.
    if stem.ends_with(".issuer") {
        return None;
    }
    Some((stem.parse().ok()?, ending))
}

/// The endings of files directly in a certificate directory that belong to a certificate.
pub const FLAT_ENDINGS: [&str; 5] = ["crt", "key", "pem", "ocsp", "toml"];

/// Whether a file may be part of a certificate.
pub fn is_relevant(file: &str) -> bool {
    is_essential(file) || is_options(file) || is_staple(file)
}

/// Whether a file may hold a chain or a key: without such a file there is no certificate.
pub fn is_essential(file: &str) -> bool {
    let label = LABELS.iter().find_map(|label| unlabelled(file, label));
    let file = label.as_deref().unwrap_or(file);
    LAYOUTS.iter().any(|layout| {
        let patterns = [layout.chain, layout.key, layout.rest];
        patterns.iter().any(|pattern| matches(pattern, file))
    })
}

/// Whether a file holds a certificate's options.
pub fn is_options(file: &str) -> bool {
    file.ends_with(".toml")
}

/// Whether a file holds a certificate's OCSP staple.
pub fn is_staple(file: &str) -> bool {
    file == "ocsp.der" || file.ends_with(".ocsp")
}

/// The file's name without the label, if it has that label; an empty label means none of them.
fn unlabelled<'f>(file: &'f str, label: &str) -> Option<Cow<'f, str>> {
    let (stem, ending) = file.rsplit_once('.')?;
    let labelled = |label: &&&str| !label.is_empty() && stem.ends_with(**label);
    match LABELS.iter().find(labelled) {
        Some(found) if *found == label => {
            let stem = &stem[..stem.len() - label.len()];
            Some(format!("{stem}.{ending}").into())
        }
        None if label.is_empty() => Some(file.into()),
        _ => None,
    }
}

/// What tells the files of two pairs under one name apart: it stands before the ending.
const LABELS: [&str; 3] = ["", ".ecdsa", ".rsa"];

/// What was found between the PEM markers.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
    /// Whether the file is of a kind whose parts may stand in any order.
    pub(super) any_order: bool,
}

impl Sections {
    fn read(&mut self, content: &[u8]) -> Result<(), PemFault> {
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
            return Err(PemFault::NoBlock);
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
    /// Finds its files among pairs of a name without label and the real name.
    fn find<'f>(&self, files: &[(Cow<'f, str>, &'f str)]) -> Layout<'f> {
        let find = |pattern| {
            let mut files = files.iter();
            let found = files.find(|(name, _)| matches(pattern, name));
            found.map(|(_, file)| *file)
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
        let layouts = LABELS.iter().filter_map(|label| entry.layout(label));
        let files = layouts.flat_map(|layout| layout.files().map(str::to_owned));
        files.collect()
    }

    #[test]
    fn each_tool_has_its_layout() {
        let cases: [(&[&str], &[&str]); 9] = [
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
                &[
                    "fullchain.ecdsa.pem",
                    "privkey.ecdsa.pem",
                    "tls.rsa.crt",
                    "tls.rsa.key",
                ],
                &[
                    "fullchain.ecdsa.pem",
                    "privkey.ecdsa.pem",
                    "tls.rsa.crt",
                    "tls.rsa.key",
                ],
            ),
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
        let name = |file| name_of_file(file).map(|(name, _)| name.to_string());
        assert_eq!(name("example.com.crt").as_deref(), Some("example.com"));
        assert_eq!(name("play-2026.pem").as_deref(), Some("play-2026"));
        assert!(is_essential("play.rsa.pem") && !is_essential("certificate.toml"));
        assert!(
            is_relevant("certificate.toml") && is_relevant("ocsp.der") && !is_relevant("x.json")
        );
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
