/// Whether a PEM file holds a private key that is encrypted with a pass phrase: in PKCS#8 (RFC 5958
/// section 3) or in OpenSSL's older form, which says so in a header (RFC 1421 section 4.6.1.1).
///
/// The PEM reader passes over the former and takes the latter for bad Base64, so this is asked when
/// it found no key.
pub(super) fn is_encrypted(pem: &[u8]) -> bool {
    let mut lines = pem.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.any(|line| {
        let line = line.trim_ascii();
        line == ENCRYPTED_PKCS8 || (line.starts_with(HEADER) && line.ends_with(ENCRYPTED))
    })
}

const ENCRYPTED_PKCS8: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
const HEADER: &[u8] = b"Proc-Type:";
const ENCRYPTED: &[u8] = b"ENCRYPTED";

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
    use crate::certificate::der::{INTEGER, OCTET_STRING, Reader, SEQUENCE};
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
    fn encrypted_keys_are_told_from_others() {
        let encrypted = [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
        ];
        for form in encrypted {
            assert!(is_encrypted(form.as_bytes()), "{form}");
            assert!(parse(&made(&rcgen::PKCS_ED25519), form).is_err());
        }
        let key = made(&rcgen::PKCS_ED25519).serialize_pem();
        for form in [key.as_str(), "", "garbage", "Proc-Type: 4,MIC-CLEAR"] {
            assert!(!is_encrypted(form.as_bytes()), "{form}");
        }
    }
}
