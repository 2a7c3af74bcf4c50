//! OCSP staples: what a CA says of a leaf today, sent along with it.

mod response;

use self::response::Wanted;
use super::outline::Outline;
use super::validity::Timestamp;

/// An OCSP response (RFC 6960) that says that the leaf is good, to be sent with it in handshakes.
///
/// Its signature is not verified: a client does it, and it alone decides whom it trusts. Who can
/// put a forged response into the directory could put another key there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Staple {
    /// The response in DER.
    pub(super) bytes: Vec<u8>,
    /// When the CA knew this.
    pub(super) this_update: Timestamp,
    /// Until when it holds. Without it, clients take it for a day ([`Self::until`]).
    pub(super) next_update: Option<Timestamp>,
}

impl Staple {
    /// Reads a response, which must speak of `leaf`; `issuer` is the certificate of who issued it,
    /// if it is there.
    ///
    /// # Errors
    ///
    /// When it is no response, says nothing of the leaf, or says that the leaf is not good.
    pub(super) fn parse(
        bytes: Vec<u8>,
        leaf: &Outline<'_>,
        issuer: Option<&[u8]>,
    ) -> Result<Self, StapleFault> {
        let wanted = Wanted {
            serial: leaf.serial,
            issuer_name: leaf.issuer,
            issuer_key: issuer
                .and_then(Outline::read)
                .map(|issuer| issuer.public_key),
        };
        let answer = wanted.find_in(&bytes)?;
        answer.check_status()?;
        let (this_update, next_update) = (answer.this_update, answer.next_update);
        Ok(Self {
            bytes,
            this_update,
            next_update,
        })
    }

    /// The last second in which clients take it.
    pub(super) fn until(&self) -> Timestamp {
        let without_end = || Timestamp(self.this_update.0.saturating_add(SECONDS_WITHOUT_END));
        self.next_update.unwrap_or_else(without_end)
    }
}

/// Why an OCSP response is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StapleFault {
    /// It cannot be read.
    #[error("the OCSP response cannot be read")]
    Invalid,
    /// The responder answered that it cannot answer.
    #[error("the OCSP response is an error ({0})")]
    Unsuccessful(&'static str),
    /// It speaks of others only.
    #[error("the OCSP response is not about this certificate")]
    OtherCertificate,
    /// The CA took the certificate back.
    #[error("the CA revoked the certificate at {0}")]
    Revoked(Timestamp),
    /// The CA says that it did not issue the certificate, or not yet.
    #[error("the CA does not know the certificate")]
    Unknown,
    /// Its last second is over.
    #[error("the OCSP response expired at {0}")]
    Expired(Timestamp),
}

impl StapleFault {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid | Self::Unsuccessful(_) => "ocsp_invalid",
            Self::OtherCertificate => "ocsp_other_certificate",
            Self::Revoked(_) => "ocsp_revoked",
            Self::Unknown => "ocsp_unknown",
            Self::Expired(_) => "ocsp_expired",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Invalid | Self::Unsuccessful(_) => {
                "fetch it again; the file holds the response in DER, as `openssl ocsp -respout` writes it"
            }
            Self::OtherCertificate => "fetch a response for the certificate that is served",
            Self::Revoked(_) => {
                "have a new certificate issued for a new key, clients refuse this one"
            }
            Self::Unknown => "ask the CA; for a new certificate, fetch it again in an hour",
            Self::Expired(_) => "fetch a new response and put it in its place",
        }
    }
}

/// How long clients take a response that does not say until when it holds: a day, as NSS (Firefox)
/// does. CAs that browsers trust have to say it.
const SECONDS_WITHOUT_END: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/ocsp/", $name, ".der")).as_slice()
        };
    }

    const LEAF: &[u8] = fixture!("leaf");
    const CA: &[u8] = fixture!("ca");
    const GOOD: &[u8] = fixture!("good");

    fn parse(response: &[u8], issuer: Option<&[u8]>) -> Result<Staple, StapleFault> {
        let leaf = Outline::read(LEAF).unwrap();
        Staple::parse(response.to_vec(), &leaf, issuer)
    }

    #[test]
    fn a_response_about_the_leaf_is_taken() {
        let responses = [
            GOOD,
            fixture!("good-sha256"),
            fixture!("good-sha384"),
            fixture!("good-second"),
        ];
        for response in responses {
            for issuer in [None, Some(CA)] {
                let staple = parse(response, issuer).unwrap();
                assert_eq!(staple.bytes, response);
                let days = (staple.next_update.unwrap().0 - staple.this_update.0) / 86_400;
                assert_eq!(days, 36_500);
            }
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let cut_off = &GOOD[..GOOD.len() - 1];
        let too_long = [GOOD, &[0]].concat();
        let cases: [(&[u8], &str); 10] = [
            (fixture!("revoked"), "ocsp_revoked"),
            (fixture!("unknown"), "ocsp_unknown"),
            (fixture!("other-serial"), "ocsp_other_certificate"),
            (fixture!("other-name"), "ocsp_other_certificate"),
            (fixture!("other-key"), "ocsp_other_certificate"),
            (cut_off, "ocsp_invalid"),
            (&too_long, "ocsp_invalid"),
            (&[], "ocsp_invalid"),
            (LEAF, "ocsp_invalid"),
            (&TRY_LATER, "ocsp_invalid"),
        ];
        for (response, code) in cases {
            let fault = parse(response, Some(CA)).unwrap_err();
            assert_eq!(fault.code(), code, "{fault}");
            assert!(!fault.hint().is_empty());
        }
    }

    #[test]
    fn faults_say_what_the_responder_said() {
        let text = |response| parse(response, None).unwrap_err().to_string();
        assert_eq!(
            text(fixture!("revoked")),
            "the CA revoked the certificate at 2025-01-02T03:04:05Z"
        );
        assert_eq!(text(&TRY_LATER), "the OCSP response is an error (tryLater)");
    }

    #[test]
    fn without_the_issuer_its_key_is_not_compared() {
        assert!(parse(fixture!("other-key"), None).is_ok());
        let other_name = parse(fixture!("other-name"), None);
        assert_eq!(other_name, Err(StapleFault::OtherCertificate));
    }

    #[test]
    fn without_an_end_it_is_current_for_a_day() {
        let staple = parse(fixture!("good-without-end"), Some(CA)).unwrap();
        assert_eq!(staple.next_update, None);
        assert_eq!(staple.until().0 - staple.this_update.0, 86_400);
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        for place in 0..GOOD.len() {
            for value in [0, 0x18, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut response = GOOD.to_vec();
                response[place] = value;
                let _ = parse(&response, Some(CA));
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(response in any::<Vec<u8>>(), issuer in any::<Vec<u8>>()) {
            let _ = parse(&response, Some(&issuer));
            let _ = parse(GOOD, Some(&issuer));
        }
    }

    const TRY_LATER: [u8; 5] = [0x30, 3, 0x0a, 1, 3];
}
