use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;

use super::problem::Problem;
use crate::certificate::{
    Files, Issuers, Name, Pairs, Parsed, Refusal, Unreadable, is_options, is_staple,
};
use crate::config::{self, Content, DomainFile, Options, Parse};
use crate::state::{FilesDigest, Record, RecordPair};

/// What the bytes of the configuration mean.
#[derive(Clone, Debug)]
pub struct Parser {
    provider: Arc<CryptoProvider>,
    issuers: Arc<Issuers>,
    /// Bytes that candidates of this scan may still keep for history.
    room: Arc<AtomicUsize>,
    /// Certificates of which the digest of the files matters.
    pinned: Arc<BTreeSet<Name>>,
}

/// What a certificate's newest files hold.
#[derive(Debug)]
pub struct Candidate {
    pub(super) location: PathBuf,
    pub(super) parsed: Result<Parsed, Refusal>,
    /// What history would keep of it, if there was room.
    pub(super) record: Option<Box<Record>>,
    /// The files as a rollback knows them, where there is one.
    pub(super) digest: Option<FilesDigest>,
    options: Result<Options, OptionsFault>,
}

/// Why a `certificate.toml` is not taken over.
#[derive(Debug)]
enum OptionsFault {
    Unreadable(PathBuf, Unreadable),
    Problems(Vec<config::Problem>),
}

impl Parser {
    /// A parser that loads keys with this provider.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            issuers: Arc::default(),
            room: Arc::default(),
            pinned: Arc::default(),
        }
    }

    /// Gets ready for the next scan: candidates keep what history needs as far as `room` bytes
    /// allow, and those of `pinned` certificates know the digest of their files.
    pub(super) fn prepare(&mut self, room: usize, pinned: BTreeSet<Name>) {
        self.room.store(room, Ordering::Relaxed);
        self.pinned = Arc::new(pinned);
    }

    fn record(&self, name: &Name, files: &Files, parsed: &Parsed) -> Option<Record> {
        let size = files.readable().map(|(_, content)| content.len()).sum();
        let (load, order) = (Ordering::Relaxed, Ordering::Relaxed);
        let left = |room: usize| room.checked_sub(size);
        self.room.fetch_update(order, load, left).ok()?;
        let pairs = parsed.leaves.iter().zip(files.texts());
        let mut pairs = pairs.map(|(fingerprint, text)| RecordPair {
            fingerprint: *fingerprint,
            chain: text.chain,
            key: text.key,
        });
        let staple = files
            .beside(is_staple)
            .filter(|_| parsed.pairs.has_staple());
        Some(Record {
            certificate: name.clone(),
            adopted: SystemTime::now(),
            location: files.location().to_owned(),
            pair: pairs.next()?,
            second: pairs.next(),
            staple: staple.and_then(|(_, content)| content.as_ref().ok().cloned()),
        })
    }
}

impl Parse for Parser {
    type Domains = Result<DomainFile, Unreadable>;
    /// Boxed: 100,000 of them are handed from vector to vector.
    type Certificate = Box<Candidate>;

    fn domains(&self, path: &Path, content: Content) -> Self::Domains {
        Ok(config::parse_domains(path, &content?))
    }

    fn certificate(&self, name: &Name, files: Files) -> Box<Candidate> {
        let mut parsed = Pairs::parse(&files, &self.provider);
        if let Ok(parsed) = &mut parsed {
            self.issuers.share(&mut parsed.pairs);
        }
        let digest = self.pinned.contains(name);
        let record = parsed.as_ref().ok();
        let record = record.and_then(|parsed| self.record(name, &files, parsed));
        Box::new(Candidate {
            record: record.map(Box::new),
            digest: digest.then(|| FilesDigest::of(files.readable())),
            options: options(&files),
            parsed,
            location: files.into_location(),
        })
    }
}

fn options(files: &Files) -> Result<Options, OptionsFault> {
    let Some((path, content)) = files.beside(is_options) else {
        return Ok(Options::default());
    };
    match content {
        Ok(content) => config::parse_options(&path, content).map_err(OptionsFault::Problems),
        Err(unreadable) => Err(OptionsFault::Unreadable(path, unreadable.duplicate())),
    }
}

impl Candidate {
    /// Whether an operator wants it even where it is worse than what is in use. Not while that
    /// cannot be told.
    pub(super) fn force(&self) -> bool {
        self.options.as_ref().is_ok_and(|options| options.force)
    }

    /// The operator's own words about it: empty if there are none. Nothing while that cannot be told.
    pub(super) fn remarks(&self) -> Option<&str> {
        let options = self.options.as_ref().ok()?;
        Some(&options.remarks)
    }

    /// What is wrong with its options.
    pub(super) fn option_problems(&self, name: &Name) -> Vec<Problem> {
        match &self.options {
            Ok(_) => Vec::new(),
            Err(OptionsFault::Unreadable(path, unreadable)) => {
                vec![Problem::unreadable(path, unreadable)]
            }
            Err(OptionsFault::Problems(problems)) => {
                let problems = problems.iter();
                problems.map(|it| Problem::options(name, it)).collect()
            }
        }
    }
}
