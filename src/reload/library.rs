use super::candidate::Parser;
use super::named::{Contents, Named};
use crate::certificate::{Files, Name, Pairs};
use crate::config::{Parse, Source};
use crate::state::{History, Record, RecordPair, Version};

/// What the catalog may ask for besides what changed.
pub(super) trait Library {
    /// The content of the files that settings and domains name.
    fn contents(&self, named: &Named) -> Contents;

    /// The last good version of a certificate that is not in use, from before the process began.
    fn last_good(&self, name: &Name) -> Option<Pairs>;

    /// A version of a certificate, or why it cannot be had.
    fn version(&self, name: &Name, version: Version) -> Result<Pairs, String>;
}

/// A library that has nothing.
pub(super) struct Nothing;

impl Library for Nothing {
    fn contents(&self, _: &Named) -> Contents {
        Contents::default()
    }

    fn last_good(&self, _: &Name) -> Option<Pairs> {
        None
    }

    fn version(&self, _: &Name, _: Version) -> Result<Pairs, String> {
        Err("there is no history".to_owned())
    }
}

/// The configuration directory and the state directory.
pub(super) struct Disk<'d> {
    pub(super) source: &'d Source,
    pub(super) history: Option<&'d History>,
    pub(super) parser: &'d Parser,
}

impl Library for Disk<'_> {
    fn contents(&self, named: &Named) -> Contents {
        named.read(self.source)
    }

    fn last_good(&self, name: &Name) -> Option<Pairs> {
        let history = self.history?;
        // Deleted means deleted.
        if history.is_retired(name).unwrap_or(false) {
            return None;
        }
        let (version, record) = history.newest_sound(name, &mut |skipped| {
            let (certificate, error) = (&skipped.certificate, &skipped.error);
            tracing::warn!(%certificate, %error, "a version in history is passed over");
        })?;
        match self.parse(&record) {
            Ok(pairs) => {
                tracing::warn!(certificate = %name, %version, "served from history");
                Some(pairs)
            }
            Err(error) => {
                tracing::warn!(certificate = %name, %version, error, "history cannot be used");
                None
            }
        }
    }

    fn version(&self, name: &Name, version: Version) -> Result<Pairs, String> {
        let history = self.history.ok_or("history is switched off")?;
        let record = history.load(name, version);
        let record = record.map_err(|error| format!("{error}; {}", error.hint()))?;
        self.parse(&record)
    }
}

impl Disk<'_> {
    fn parse(&self, record: &Record) -> Result<Pairs, String> {
        let candidate = self
            .parser
            .certificate(&record.certificate, record_files(record));
        let parsed = candidate.parsed.map_err(|refusal| refusal.to_string())?;
        Ok(parsed.pairs)
    }
}

/// A version of history as the files of a directory.
pub fn record_files(record: &Record) -> Files {
    let mut files = Files::new(record.location.clone());
    let mut add = |label: &str, pair: &RecordPair| {
        let content = |bytes: &[u8]| Ok(bytes.to_vec());
        files.insert(format!("fullchain{label}.pem"), content(&pair.chain));
        files.insert(format!("privkey{label}.pem"), content(&pair.key));
    };
    add("", &record.pair);
    if let Some(second) = &record.second {
        add(".rsa", second);
    }
    if let Some(staple) = &record.staple {
        files.insert("ocsp.der".to_owned(), Ok(staple.clone()));
    }
    files
}
