//! One version of a certificate as a text file.
//!
//! ```text
//! # Lockgate record, format 1
//! # certificate: play-2026
//! # adopted: 2026-11-24T10:15:02.123Z
//! # directory: /etc/lockgate/certificates/play-2026
//! # fingerprint: 1a2b3c4d5e6f…                      once more for a second pair
//! # chain of 3412 bytes
//! -----BEGIN CERTIFICATE-----…                      as it stood in the file
//! # key of 241 bytes
//! -----BEGIN PRIVATE KEY-----…
//! # staple of 1893 bytes                            where there is one
//! -----BEGIN OCSP RESPONSE-----…
//! # end sha256=9f86d081884c7d65…                    of all that stands before
//! ```
//!
//! Tools that read PEM pass over the lines between the blocks, so an operator can use the file as
//! it is. The last line is the seal: a record that was cut off or changed is told by it. It stays
//! the same in every format, so that a torn record is never taken for one of a newer format.

mod staple;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::millis::Millis;
use crate::certificate::{Fingerprint, Name};
use text::{Reader, Writer};

/// What is kept of one version of a certificate.
#[cfg_attr(test, derive(Clone, PartialEq, Eq))]
pub struct Record {
    /// The certificate's name.
    pub certificate: Name,
    /// When it was adopted; kept to the millisecond.
    pub adopted: SystemTime,
    /// The directory that its files came from.
    pub location: PathBuf,
    /// Its pair, or the first of two.
    pub pair: RecordPair,
    /// The pair with the other kind of key.
    pub second: Option<RecordPair>,
    /// The OCSP response in DER that was stapled.
    pub staple: Option<Vec<u8>>,
}

/// A chain and its key as they stood in the files. The key is wiped when it is dropped.
#[cfg_attr(test, derive(Clone, PartialEq, Eq))]
pub struct RecordPair {
    /// The leaf's.
    pub fingerprint: Fingerprint,
    /// The chain in PEM.
    pub chain: Vec<u8>,
    /// The private key in PEM.
    pub key: Zeroizing<Vec<u8>>,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// When it is not whole, or nothing that this program wrote.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut reader = Reader::unseal(bytes)?;
        reader.format(FORMAT)?;
        let certificate = reader.field(CERTIFICATE)?;
        let adopted: Millis = reader.field(ADOPTED)?;
        let location = reader.path(DIRECTORY)?;
        let fingerprint = reader.field(FINGERPRINT)?;
        let second = match reader.comes(FINGERPRINT) {
            true => Some(reader.field(FINGERPRINT)?),
            false => None,
        };
        let record = Self {
            certificate,
            adopted: adopted.into(),
            location,
            pair: RecordPair::parse(fingerprint, &mut reader)?,
            second: match second {
                Some(fingerprint) => Some(RecordPair::parse(fingerprint, &mut reader)?),
                None => None,
            },
            staple: parse_staple(&mut reader)?,
        };
        reader.end()?;
        Ok(record)
    }

    /// Writes the record. The bytes hold private keys, and are wiped when they are dropped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let staple = self.staple.as_deref().map(staple::encode);
        let staple = staple.as_deref().map(str::as_bytes);
        let mut writer = Writer::new(self.content_length(staple));
        writer.line(FORMAT);
        writer.field(CERTIFICATE, &self.certificate);
        writer.field(ADOPTED, &Millis::from(self.adopted));
        writer.path(DIRECTORY, &self.location);
        for pair in self.pairs() {
            writer.field(FINGERPRINT, &pair.fingerprint);
        }
        for pair in self.pairs() {
            writer.section(CHAIN, &pair.chain);
            writer.section(KEY, &pair.key);
        }
        if let Some(staple) = staple {
            writer.section(STAPLE, staple);
        }
        writer.seal()
    }

    /// Its pairs: one or two.
    pub fn pairs(&self) -> impl Iterator<Item = &RecordPair> {
        std::iter::once(&self.pair).chain(&self.second)
    }

    /// Whether the same would be served. The leaf tells the key; a staple only lives for days and
    /// makes no version of its own.
    pub(super) fn serves_the_same(&self, other: &Self) -> bool {
        let shown = self.pairs().map(RecordPair::shown);
        shown.eq(other.pairs().map(RecordPair::shown))
    }

    fn content_length(&self, staple: Option<&[u8]>) -> usize {
        let pairs = self.pairs().map(|pair| pair.chain.len() + pair.key.len());
        let path = 3 * self.location.as_os_str().len();
        pairs.sum::<usize>() + path + staple.map_or(0, <[u8]>::len)
    }
}

impl RecordPair {
    fn parse(fingerprint: Fingerprint, reader: &mut Reader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            fingerprint,
            chain: reader.section(CHAIN)?.to_vec(),
            key: Zeroizing::new(reader.section(KEY)?.to_vec()),
        })
    }

    fn shown(&self) -> (Fingerprint, &[u8]) {
        (self.fingerprint, &self.chain)
    }
}

fn parse_staple(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, RecordError> {
    if reader.is_at_end() {
        return Ok(None);
    }
    let staple = staple::decode(reader.section(STAPLE)?);
    staple.map(Some).ok_or(RecordError::Malformed(STAPLE))
}

/// Without keys.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("certificate", &self.certificate)
            .field("adopted", &format_args!("{}", Millis::from(self.adopted)))
            .field("location", &self.location)
            .field("pair", &self.pair)
            .field("second", &self.second)
            .finish_non_exhaustive()
    }
}

/// Without the key.
impl fmt::Debug for RecordPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordPair")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Its end is missing, or it was changed: the seal does not fit.
    #[error("the record is torn: its seal does not fit what stands before it")]
    Torn,
    /// A newer version of this program wrote it.
    #[error("the record has a format that this version of lockgate does not know")]
    UnknownFormat,
    /// It is sealed, but not as this program does it.
    #[error("the record has no {0} where one belongs")]
    Malformed(&'static str),
}

impl RecordError {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Torn => "record_torn",
            Self::UnknownFormat => "record_format",
            Self::Malformed(_) => "record_malformed",
        }
    }
}

const FORMAT: &str = "# Lockgate record, format 1";
const CERTIFICATE: &str = "certificate";
const ADOPTED: &str = "adopted";
const DIRECTORY: &str = "directory";
const FINGERPRINT: &str = "fingerprint";
const CHAIN: &str = "chain";
const KEY: &str = "key";
const STAPLE: &str = "staple";

#[cfg(test)]
pub(super) mod tests;
