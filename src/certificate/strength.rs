use rustls_pki_types::CertificateDer;

use super::der::{INTEGER, Reader, SEQUENCE, constructed};
use super::outline::{Algorithm, Outline};

/// Why clients would refuse a chain that is otherwise in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// An RSA key that has been within reach of attackers since 2013 (NIST SP 800-131A).
    #[error("the RSA key of the leaf has {bits} bits, and clients want {LEAST_BITS}")]
    Key {
        /// The length of its modulus.
        bits: usize,
    },
    /// A signature over a digest for which others can be made.
    #[error("certificate {position} of the chain is signed with {digest}, which clients refuse")]
    Signature {
        /// Counted from 1, the leaf.
        position: usize,
        /// The digest's name.
        digest: &'static str,
    },
}

impl Weakness {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "weak_key",
            Self::Signature { .. } => "weak_signature",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Key { .. } => {
                "have a certificate issued for a new key: ECDSA P-256, or RSA of 2048 bits"
            }
            Self::Signature { position: 1, .. } => {
                "have a new certificate issued, signed with SHA-256"
            }
            Self::Signature { .. } => "use the intermediates that the CA delivers today",
        }
    }
}

/// Checks the leaf's key, and how the leaf is signed.
///
/// # Errors
///
/// When one of them is too weak for today's clients.
pub(super) fn check(leaf: &Outline<'_>) -> Result<(), Weakness> {
    if let Some(bits) = rsa_bits(leaf).filter(|bits| *bits < LEAST_BITS) {
        return Err(Weakness::Key { bits });
    }
    check_signature(leaf.signature, 1)
}

/// Checks how the certificates above the leaf are signed, the second of a chain first.
///
/// The signature of a self-signed root does not count: who trusts it does so without asking for
/// the signature.
///
/// # Errors
///
/// When a signature is too weak for today's clients.
pub(super) fn check_issuers(issuers: &[CertificateDer<'_>]) -> Result<(), Weakness> {
    for (position, issuer) in (2..).zip(issuers) {
        match Outline::read(issuer) {
            Some(outline) if !outline.is_self_issued() => {
                check_signature(outline.signature, position)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_signature(signature: Algorithm<'_>, position: usize) -> Result<(), Weakness> {
    match weak_digest(signature) {
        Some(digest) => Err(Weakness::Signature { position, digest }),
        None => Ok(()),
    }
}

/// The length of the modulus, if it is an RSA key (RFC 8017 section A.1.1).
fn rsa_bits(leaf: &Outline<'_>) -> Option<usize> {
    if leaf.key_kind.identifier != RSA {
        return None;
    }
    let mut key = Reader::new(leaf.public_key).enter(SEQUENCE)?;
    let modulus = key.take(INTEGER)?.content;
    let first = modulus.iter().position(|byte| *byte != 0);
    let digits = first.map_or(&[][..], |first| &modulus[first..]);
    let unused = digits.first().map_or(0, |first| first.leading_zeros());
    Some(digits.len() * 8 - unused as usize)
}

/// The digest of a signature, if it is a weak one.
fn weak_digest(signature: Algorithm<'_>) -> Option<&'static str> {
    match signature.identifier {
        MD2_WITH_RSA => Some("MD2"),
        MD5_WITH_RSA => Some("MD5"),
        SHA1_WITH_RSA | OIW_SHA1_WITH_RSA | DSA_WITH_SHA1 | ECDSA_WITH_SHA1 => Some("SHA-1"),
        RSASSA_PSS if is_sha1_or_default(signature.parameters) => Some("SHA-1"),
        _ => None,
    }
}

/// Whether RSASSA-PSS parameters name SHA-1, or no digest: then it is the default (RFC 4055
/// section 3.1).
fn is_sha1_or_default(parameters: &[u8]) -> bool {
    let Some(mut digest) = Reader::new(parameters).enter(constructed(0)) else {
        return true;
    };
    Algorithm::read(&mut digest).is_none_or(|digest| digest.identifier == SHA1)
}

/// What the CA/Browser Forum asks for, and the least that rustls signs with.
const LEAST_BITS: usize = 2048;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.113549.1.1.2
const MD2_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2];
/// 1.2.840.113549.1.1.4
const MD5_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
/// 1.2.840.113549.1.1.5
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// 1.3.14.3.2.29, an older number for the same
const OIW_SHA1_WITH_RSA: &[u8] = &[0x2b, 0x0e, 3, 2, 29];
/// 1.2.840.10040.4.3
const DSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3];
/// 1.2.840.10045.4.1
const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
/// 1.3.14.3.2.26
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/strength/", $name, ".der")).as_slice()
        };
    }

    fn parsed(der: &[u8]) -> Outline<'_> {
        Outline::read(der).unwrap()
    }

    fn signed_with(digest: &'static str, position: usize) -> Result<(), Weakness> {
        Err(Weakness::Signature { position, digest })
    }

    #[test]
    fn weak_leaves_are_found() {
        let cases = [
            (fixture!("rsa-1024"), Err(Weakness::Key { bits: 1024 })),
            (fixture!("rsa-2047"), Err(Weakness::Key { bits: 2047 })),
            (fixture!("md5"), signed_with("MD5", 1)),
            (fixture!("root-sha1"), signed_with("SHA-1", 1)),
            (fixture!("issued-sha1"), signed_with("SHA-1", 1)),
            (fixture!("ecdsa-sha1"), signed_with("SHA-1", 1)),
            (fixture!("pss-sha1"), signed_with("SHA-1", 1)),
            (fixture!("pss-sha256"), Ok(())),
            (fixture!("issued-sha256"), Ok(())),
            (fixture!("ed25519"), Ok(())),
        ];
        for (der, expected) in cases {
            assert_eq!(check(&parsed(der)), expected);
        }
    }

    #[test]
    fn above_the_leaf_only_a_root_may_be_signed_with_sha_1() {
        let chain = |certificates: &[&'static [u8]]| {
            let certificates: Vec<_> = certificates.iter().map(|der| (*der).into()).collect();
            check_issuers(&certificates)
        };
        let (weak, good) = (fixture!("issued-sha1"), fixture!("issued-sha256"));
        let root = fixture!("root-sha1");
        assert_eq!(chain(&[good, root]), Ok(()));
        assert_eq!(chain(&[weak, root]), signed_with("SHA-1", 2));
        assert_eq!(chain(&[good, weak]), signed_with("SHA-1", 3));
        assert_eq!(chain(&[b"garbage"]), Ok(()));
    }

    #[test]
    fn texts_tell_what_to_do() {
        let leaf = check(&parsed(fixture!("rsa-1024"))).unwrap_err();
        assert_eq!(
            leaf.to_string(),
            "the RSA key of the leaf has 1024 bits, and clients want 2048"
        );
        assert_eq!(leaf.code(), "weak_key");
        let issuer = check_issuers(&[fixture!("issued-sha1").into()]).unwrap_err();
        assert_eq!(
            issuer.to_string(),
            "certificate 2 of the chain is signed with SHA-1, which clients refuse"
        );
        assert_eq!(issuer.code(), "weak_signature");
        assert_ne!(leaf.hint(), issuer.hint());
    }

    #[test]
    fn keys_of_today_are_strong() {
        for algorithm in [
            &rcgen::PKCS_RSA_SHA256,
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ED25519,
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let leaf = CertificateParams::default().self_signed(&key).unwrap();
            assert_eq!(check(&parsed(leaf.der())), Ok(()));
        }
    }
}
