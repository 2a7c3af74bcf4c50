use aws_lc_rs::digest;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::StapleFault;
use crate::certificate::der::{
    ENUMERATED, Element, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader,
    SEQUENCE, constructed, primitive,
};
use crate::certificate::outline::Algorithm;
use crate::certificate::validity::Timestamp;

/// Whom a response has to be about: what its `CertID` is made of (section 4.1.1).
pub(super) struct Wanted<'c> {
    /// The leaf's serial number.
    pub(super) serial: &'c [u8],
    /// The DER of its issuer's name.
    pub(super) issuer_name: &'c [u8],
    /// The bits of its issuer's public key; when they are not known, they are not compared.
    pub(super) issuer_key: Option<&'c [u8]>,
}

impl Wanted<'_> {
    /// The first answer about it.
    pub(super) fn find_in<'r>(
        &self,
        response: &'r [u8],
    ) -> Result<SingleResponse<'r>, StapleFault> {
        let mut answers = answers(response)?;
        while !answers.is_empty() {
            let answer = SingleResponse::read(&mut answers).ok_or(StapleFault::Invalid)?;
            if self.is_meant_by(&answer) {
                return Ok(answer);
            }
        }
        Err(StapleFault::OtherCertificate)
    }

    fn is_meant_by(&self, answer: &SingleResponse<'_>) -> bool {
        if self.serial != answer.serial {
            return false;
        }
        let hash = match answer.algorithm.identifier {
            SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            SHA256 => &digest::SHA256,
            // CAs use no other, and a client compares again.
            _ => return true,
        };
        let is_hash = |of: &[u8], expected: &[u8]| digest::digest(hash, of).as_ref() == expected;
        let key = self.issuer_key;
        is_hash(self.issuer_name, answer.issuer_name_hash)
            && key.is_none_or(|key| is_hash(key, answer.issuer_key_hash))
    }
}

/// What a response says of one certificate (section 4.2.1).
pub(super) struct SingleResponse<'r> {
    algorithm: Algorithm<'r>,
    issuer_name_hash: &'r [u8],
    issuer_key_hash: &'r [u8],
    serial: &'r [u8],
    status: Element<'r>,
    /// When the CA knew this.
    pub(super) this_update: Timestamp,
    /// Until when it holds.
    pub(super) next_update: Option<Timestamp>,
}

impl<'r> SingleResponse<'r> {
    fn read(answers: &mut Reader<'r>) -> Option<Self> {
        let mut answer = answers.enter(SEQUENCE)?;
        let mut id = answer.enter(SEQUENCE)?;
        let answer = Self {
            algorithm: Algorithm::read(&mut id)?,
            issuer_name_hash: id.take(OCTET_STRING)?.content,
            issuer_key_hash: id.take(OCTET_STRING)?.content,
            serial: id.take(INTEGER)?.content,
            status: answer.any()?,
            this_update: time(&mut answer)?,
            next_update: match answer.enter(NEXT_UPDATE) {
                Some(mut next_update) => Some(time(&mut next_update)?),
                None => None,
            },
        };
        let ends_before = |end| end < answer.this_update;
        (!answer.next_update.is_some_and(ends_before)).then_some(answer)
    }

    /// Whether the certificate is good.
    pub(super) fn check_status(&self) -> Result<(), StapleFault> {
        match self.status.tag {
            GOOD => Ok(()),
            REVOKED => {
                let revocation = time(&mut Reader::new(self.status.content));
                Err(revocation.map_or(StapleFault::Invalid, StapleFault::Revoked))
            }
            UNKNOWN => Err(StapleFault::Unknown),
            _ => Err(StapleFault::Invalid),
        }
    }
}

/// The single responses in a response (section 4.2.1).
fn answers(response: &[u8]) -> Result<Reader<'_>, StapleFault> {
    let mut whole = Reader::new(response);
    let mut response = whole.enter(SEQUENCE).ok_or(StapleFault::Invalid)?;
    let status = response.take(ENUMERATED).ok_or(StapleFault::Invalid)?;
    if status.content != [SUCCESSFUL] {
        let status = status_for_humans(status.content);
        return Err(StapleFault::Unsuccessful(status));
    }
    let answers = basic_response(response).and_then(answers_of_basic);
    answers
        .filter(|_| whole.is_empty())
        .ok_or(StapleFault::Invalid)
}

/// The fields of the `BasicOCSPResponse` in what is left of a response.
fn basic_response(mut response: Reader<'_>) -> Option<Reader<'_>> {
    let mut typed = response.enter(constructed(0))?.enter(SEQUENCE)?;
    let kind = typed.take(OBJECT_IDENTIFIER)?.content;
    let mut basic = typed.enter(OCTET_STRING)?;
    if kind == BASIC {
        basic.enter(SEQUENCE)
    } else {
        None
    }
}

fn answers_of_basic(mut basic: Reader<'_>) -> Option<Reader<'_>> {
    let mut data = basic.enter(SEQUENCE)?;
    let _version = data.take(constructed(0));
    let _responder = data.any()?;
    let _produced_at = data.take(GENERALIZED_TIME)?;
    data.enter(SEQUENCE)
}

fn time(reader: &mut Reader<'_>) -> Option<Timestamp> {
    let time = reader.take(GENERALIZED_TIME)?;
    let (_, time) = ASN1Time::from_der(time.whole).ok()?;
    Some(Timestamp(time.timestamp()))
}

fn status_for_humans(status: &[u8]) -> &'static str {
    match status {
        [1] => "malformedRequest",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired",
        [6] => "unauthorized",
        _ => "unknown status",
    }
}

const SUCCESSFUL: u8 = 0;
const NEXT_UPDATE: u8 = constructed(0);
const GOOD: u8 = primitive(0);
const REVOKED: u8 = constructed(1);
const UNKNOWN: u8 = primitive(2);

/// 1.3.6.1.5.5.7.48.1.1
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// 1.3.14.3.2.26
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];
/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
