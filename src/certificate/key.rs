use std::sync::Arc;

use rustls::Error as TlsError;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::sign::SigningKey;
use rustls_pki_types::PrivateKeyDer;

use super::der::{INTEGER, Reader, SEQUENCE};
use super::outline::Algorithm;

/// Makes a signing key of a private key, which is checked on the way.
///
/// The provider tries each kind in turn, and reads a key of PKCS#8 whole before it says that it is
/// none of RSA: what says that it is an EC key would be checked twice, at 9 µs each.
///
/// # Errors
///
/// When it is no key of a known kind, or its parts do not belong together.
pub(super) fn load(
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<dyn SigningKey>, TlsError> {
    match is_elliptic(&key).then(|| any_ecdsa_type(&key)) {
        Some(Ok(loaded)) => Ok(loaded),
        // Why it cannot be used, the provider says.
        _ => provider.key_provider.load_private_key(key),
    }
}

/// Whether a key says of itself that it is an EC key (RFC 5958 section 2, RFC 5915 section 3).
fn is_elliptic(key: &PrivateKeyDer<'_>) -> bool {
    match key {
        PrivateKeyDer::Sec1(_) => true,
        PrivateKeyDer::Pkcs8(key) => {
            let algorithm = algorithm(key.secret_pkcs8_der());
            algorithm.is_some_and(|it| it.identifier == EC_PUBLIC_KEY)
        }
        _ => false,
    }
}

fn algorithm(pkcs8: &[u8]) -> Option<Algorithm<'_>> {
    let mut info = Reader::new(pkcs8).enter(SEQUENCE)?;
    info.take(INTEGER)?;
    Algorithm::read(&mut info)
}

/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// Whether a PEM file holds a private key that is encrypted with a pass phrase: in PKCS#8 (RFC 5958
/// section 3) or in OpenSSL's older form, which says so in a header (RFC 1421 section 4.6.1.1).
///
/// The PEM reader passes over the former and takes the latter for bad Base64, so this is asked when
/// it found no key.
pub(super) fn is_encrypted(pem: &[u8]) -> bool {
    // A chain is read before its key, so this is asked of each: a search for a word takes a tenth of
    // the time that the lines take.
    if str::from_utf8(pem).is_ok_and(|text| !text.contains(ENCRYPTED)) {
        return false;
    }
    let mut lines = pem.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.any(|line| {
        let line = line.trim_ascii();
        line == ENCRYPTED_PKCS8
            || (line.starts_with(HEADER) && line.ends_with(ENCRYPTED.as_bytes()))
    })
}

const ENCRYPTED_PKCS8: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
const HEADER: &[u8] = b"Proc-Type:";
const ENCRYPTED: &str = "ENCRYPTED";

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    };
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
    use rustls::crypto::aws_lc_rs::default_provider;

    use super::*;
    use crate::certificate::der::OCTET_STRING;
    use crate::certificate::{Files, Pairs, Parsed, Refusal};

    fn made(kind: &'static SignatureAlgorithm) -> KeyPair {
        KeyPair::generate_for(kind).unwrap()
    }

    /// Reads the key in the given form beside a certificate of its own.
    fn parse(key: &KeyPair, form: &str) -> Result<Parsed, Refusal> {
        let params = CertificateParams::new(["a.example.com".to_owned()]).unwrap();
        let chain = params.self_signed(key).unwrap().pem();
        let mut files = Files::new(PathBuf::from("x"));
        files.insert("fullchain.pem".to_owned(), Ok(chain.into_bytes()));
        files.insert("privkey.pem".to_owned(), Ok(form.as_bytes().to_vec()));
        Pairs::parse(&files, &default_provider())
    }

    /// What PKCS#8 wraps: a key in the form of its own kind (RFC 5208 section 5).
    fn unwrapped(key: &KeyPair) -> Vec<u8> {
        let mut info = Reader::new(key.serialized_der()).enter(SEQUENCE).unwrap();
        info.take(INTEGER).unwrap();
        info.take(SEQUENCE).unwrap();
        info.take(OCTET_STRING).unwrap().content.to_vec()
    }

    fn pem(label: &str, der: &[u8]) -> String {
        let lines: Vec<_> = der.chunks(48).map(base64).collect();
        let lines = lines.join("\n");
        format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
    }

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let mut word = [0; 4];
            word[1..=group.len()].copy_from_slice(group);
            let word = u32::from_be_bytes(word);
            let digit = |shift: u32| char::from(DIGITS[(word >> shift & 63) as usize]);
            text.extend([18, 12, 6, 0].map(digit).iter().take(group.len() + 1));
            text.push_str(&"=".repeat(3 - group.len()));
        }
        text
    }

    #[test]
    fn every_kind_of_key_is_read_from_pkcs_8() {
        let kinds = [
            &rcgen::PKCS_RSA_SHA256,
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
            &rcgen::PKCS_ED25519,
        ];
        for kind in kinds {
            let key = made(kind);
            let pair = parse(&key, &pem("PRIVATE KEY", key.serialized_der()));
            assert!(pair.is_ok(), "{kind:?}: {pair:?}");
        }
    }

    #[test]
    fn an_rsa_key_is_read_from_pkcs_1() {
        let key = made(&rcgen::PKCS_RSA_SHA256);
        parse(&key, &pem("RSA PRIVATE KEY", &unwrapped(&key))).unwrap();
    }

    #[test]
    fn an_ec_key_is_read_from_sec_1_with_and_without_its_parameters() {
        let kinds = [
            (
                &rcgen::PKCS_ECDSA_P256_SHA256,
                &ECDSA_P256_SHA256_ASN1_SIGNING,
                "BggqhkjOPQMBBw==",
            ),
            (
                &rcgen::PKCS_ECDSA_P384_SHA384,
                &ECDSA_P384_SHA384_ASN1_SIGNING,
                "BgUrgQQAIg==",
            ),
        ];
        for (kind, signing, curve) in kinds {
            let key = made(kind);
            let pair = EcdsaKeyPair::from_pkcs8(signing, key.serialized_der()).unwrap();
            let named: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
            let parameters =
                format!("-----BEGIN EC PARAMETERS-----\n{curve}\n-----END EC PARAMETERS-----\n");
            for der in [named.as_ref(), &unwrapped(&key)] {
                let form = pem("EC PRIVATE KEY", der);
                parse(&key, &form).unwrap();
                parse(&key, &[parameters.as_str(), &form].concat()).unwrap();
            }
        }
    }

    #[test]
    fn an_ec_key_whose_parts_do_not_belong_together_is_refused() {
        let key = made(&rcgen::PKCS_ECDSA_P256_SHA256);
        let other = made(&rcgen::PKCS_ECDSA_P256_SHA256);
        let (whole, public) = (key.serialized_der(), other.public_key_raw());
        let swapped = [&whole[..whole.len() - public.len()], public].concat();
        let cut_off = &whole[..whole.len() - 1];
        for (own, der) in [(&key, &swapped[..]), (&other, &swapped), (&key, cut_off)] {
            let refusal = parse(own, &pem("PRIVATE KEY", der)).unwrap_err();
            assert_eq!(refusal.code(), "invalid_key");
        }
    }

    #[test]
    fn encrypted_keys_are_told_from_others() {
        let encrypted = [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
        ];
        for form in encrypted {
            assert!(is_encrypted(form.as_bytes()), "{form}");
            assert!(
                is_encrypted(&[b"\xff\n", form.as_bytes()].concat()),
                "{form}"
            );
            assert!(parse(&made(&rcgen::PKCS_ED25519), form).is_err());
        }
        let key = made(&rcgen::PKCS_ED25519).serialize_pem();
        for form in [key.as_str(), "", "garbage", "Proc-Type: 4,MIC-CLEAR"] {
            assert!(!is_encrypted(form.as_bytes()), "{form}");
        }
    }
}
