use super::der::{
    BIT_STRING, BOOLEAN, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
    constructed, primitive,
};

/// The fields of a certificate by which chains hang together, and what else is asked of a leaf (RFC
/// 5280 section 4.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline<'c> {
    /// Its number among those of its issuer: the content of an `INTEGER`.
    pub(super) serial: &'c [u8],
    /// The name of who signed it: the DER of a `Name`.
    pub(super) issuer: &'c [u8],
    /// The content of its `Validity`.
    pub(super) validity: Reader<'c>,
    /// Its own name: the DER of a `Name`.
    pub(super) subject: &'c [u8],
    /// The kind of its public key.
    pub(super) key_kind: Algorithm<'c>,
    /// The bits of its public key.
    pub(super) public_key: &'c [u8],
    /// How it is signed.
    pub(super) signature: Algorithm<'c>,
    /// The authority key identifier: which of the issuer's keys signed it.
    pub(super) authority_key: Option<&'c [u8]>,
    /// The subject key identifier.
    pub(super) subject_key: Option<&'c [u8]>,
    /// What the basic constraints say; roots of version 1 have none.
    pub(super) is_authority: Option<bool>,
    /// The subject alternative names: the DER of a `GeneralNames`.
    pub(super) names: Option<&'c [u8]>,
}

/// An `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm<'c> {
    /// The content of the object identifier.
    pub(super) identifier: &'c [u8],
    /// The content of the parameters; empty if there are none.
    pub(super) parameters: &'c [u8],
}

impl<'c> Outline<'c> {
    /// Reads a certificate; `None` if it is none, or if something follows it.
    pub(super) fn read(der: &'c [u8]) -> Option<Self> {
        let mut reader = Reader::new(der);
        let mut certificate = reader.enter(SEQUENCE)?;
        let mut fields = certificate.enter(SEQUENCE)?;
        let signature = Algorithm::read(&mut certificate)?;
        certificate.take(BIT_STRING)?;
        if !reader.is_empty() || !certificate.is_empty() {
            return None;
        }
        Self::read_fields(&mut fields, signature)
    }

    /// Reads the `TBSCertificate`.
    fn read_fields(fields: &mut Reader<'c>, signature: Algorithm<'c>) -> Option<Self> {
        fields.take(VERSION);
        let serial = fields.take(INTEGER)?.content;
        fields.take(SEQUENCE)?;
        let issuer = fields.take(SEQUENCE)?.whole;
        let validity = fields.enter(SEQUENCE)?;
        let subject = fields.take(SEQUENCE)?.whole;
        let (key_kind, public_key) = public_key(fields.enter(SEQUENCE)?)?;
        let mut outline = Self {
            serial,
            issuer,
            validity,
            subject,
            key_kind,
            public_key,
            signature,
            authority_key: None,
            subject_key: None,
            is_authority: None,
            names: None,
        };
        fields.take(ISSUER_UNIQUE_ID);
        fields.take(SUBJECT_UNIQUE_ID);
        if let Some(mut extensions) = fields.enter(EXTENSIONS) {
            outline.read_extensions(extensions.enter(SEQUENCE)?)?;
        }
        fields.is_empty().then_some(outline)
    }

    fn read_extensions(&mut self, mut extensions: Reader<'c>) -> Option<()> {
        while !extensions.is_empty() {
            let mut extension = extensions.enter(SEQUENCE)?;
            let identifier = extension.take(OBJECT_IDENTIFIER)?.content;
            extension.take(BOOLEAN);
            let der = extension.take(OCTET_STRING)?.content;
            let mut value = Reader::new(der);
            match identifier {
                AUTHORITY_KEY_IDENTIFIER => {
                    let mut fields = value.enter(SEQUENCE)?;
                    self.authority_key = content(fields.take(KEY_IDENTIFIER));
                }
                SUBJECT_KEY_IDENTIFIER => {
                    self.subject_key = Some(value.take(OCTET_STRING)?.content);
                }
                BASIC_CONSTRAINTS => {
                    let flag = content(value.enter(SEQUENCE)?.take(BOOLEAN));
                    self.is_authority = Some(flag.is_some_and(|flag| flag != [0]));
                }
                SUBJECT_ALTERNATIVE_NAME => self.names = Some(der),
                _ => {}
            }
        }
        Some(())
    }

    /// Whether names and key identifiers let this be the certificate of who issued `other`.
    ///
    /// Names are compared byte by byte: who signs copies its own name.
    pub(super) fn may_have_issued(&self, other: &Self) -> bool {
        self.subject == other.issuer && self.has_key_of_issuer(other) && self.may_issue()
    }

    /// Whether the basic constraints do not speak against it.
    pub(super) fn may_issue(&self) -> bool {
        self.is_authority != Some(false)
    }

    /// Whether its own name stands for its issuer, as in a root.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    fn has_key_of_issuer(&self, other: &Self) -> bool {
        match (self.subject_key, other.authority_key) {
            (Some(own), Some(wanted)) => own == wanted,
            _ => true,
        }
    }
}

impl<'c> Algorithm<'c> {
    /// Reads the next element.
    pub(super) fn read(reader: &mut Reader<'c>) -> Option<Self> {
        let mut fields = reader.enter(SEQUENCE)?;
        Some(Self {
            identifier: fields.take(OBJECT_IDENTIFIER)?.content,
            parameters: content(fields.any()).unwrap_or_default(),
        })
    }
}

/// The kind and the bits in a `SubjectPublicKeyInfo`, without the count of unused ones.
fn public_key<'c>(mut info: Reader<'c>) -> Option<(Algorithm<'c>, &'c [u8])> {
    let kind = Algorithm::read(&mut info)?;
    let (_unused, bits) = info.take(BIT_STRING)?.content.split_first()?;
    Some((kind, bits))
}

fn content<'c>(element: Option<Element<'c>>) -> Option<&'c [u8]> {
    element.map(|element| element.content)
}

const VERSION: u8 = constructed(0);
const ISSUER_UNIQUE_ID: u8 = primitive(1);
const SUBJECT_UNIQUE_ID: u8 = primitive(2);
const EXTENSIONS: u8 = constructed(3);
const KEY_IDENTIFIER: u8 = primitive(0);

/// 2.5.29.35
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// 2.5.29.14
const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
/// 2.5.29.17
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SignatureAlgorithm};
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    /// A leaf, an intermediate and a root, signed with a kind of key.
    fn chain(kind: &'static SignatureAlgorithm) -> Vec<Vec<u8>> {
        let key = || KeyPair::generate_for(kind).unwrap();
        let authority = |name: &str| {
            let mut params = CertificateParams::default();
            let names = &mut params.distinguished_name;
            names.push(rcgen::DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
            params.use_authority_key_identifier_extension = true;
            params
        };
        let root = Issuer::new(authority("Root"), key());
        let between = Issuer::new(authority("Between"), key());
        let mut leaf = CertificateParams::new(["a.example.com".to_owned()]).unwrap();
        leaf.is_ca = IsCa::ExplicitNoCa;
        let made = [
            leaf.signed_by(&key(), &between),
            authority("Between").signed_by(between.key(), &root),
            authority("Root").self_signed(root.key()),
        ];
        made.map(|made| made.unwrap().der().to_vec()).into()
    }

    /// What x509-parser says of the same fields.
    fn check(der: &[u8]) {
        let outline = Outline::read(der).unwrap();
        let (_, parsed) = X509Certificate::from_der(der).unwrap();
        assert_eq!(outline.serial, parsed.raw_serial());
        assert_eq!(outline.issuer, parsed.issuer().as_raw());
        assert_eq!(outline.subject, parsed.subject().as_raw());
        let key = parsed.public_key();
        let kind = key.algorithm.algorithm.as_bytes();
        assert_eq!(outline.key_kind.identifier, kind);
        assert_eq!(outline.public_key, &*key.subject_public_key.data);
        let signature = &parsed.signature_algorithm;
        assert_eq!(outline.signature.identifier, signature.algorithm.as_bytes());
        let (mut authority_key, mut subject_key, mut is_authority) = (None, None, None);
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(value) => {
                    authority_key = value.key_identifier.as_ref().map(|key| key.0);
                }
                ParsedExtension::SubjectKeyIdentifier(value) => subject_key = Some(value.0),
                ParsedExtension::BasicConstraints(value) => is_authority = Some(value.ca),
                _ => {}
            }
        }
        assert_eq!(outline.authority_key, authority_key);
        assert_eq!(outline.subject_key, subject_key);
        assert_eq!(outline.is_authority, is_authority);
    }

    #[test]
    fn it_reads_what_x509_parser_reads() {
        let kinds = [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ED25519,
            &rcgen::PKCS_RSA_SHA256,
        ];
        for kind in kinds {
            chain(kind).iter().for_each(|der| check(der));
        }
    }

    #[test]
    fn each_certificate_is_issued_by_the_next_alone() {
        let chain = chain(&rcgen::PKCS_ECDSA_P256_SHA256);
        let outlines: Vec<_> = chain.iter().filter_map(|der| Outline::read(der)).collect();
        let issuers = |of: &Outline<'_>| -> Vec<_> {
            let places = 0..outlines.len();
            places
                .filter(|place| outlines[*place].may_have_issued(of))
                .collect()
        };
        assert_eq!(issuers(&outlines[0]), [1]);
        assert_eq!(issuers(&outlines[1]), [2]);
        assert_eq!(issuers(&outlines[2]), [2]);
        assert!(outlines[2].is_self_issued() && !outlines[1].is_self_issued());
    }

    #[test]
    fn nothing_may_be_missing_or_follow() {
        let leaf = &chain(&rcgen::PKCS_ED25519)[0];
        for length in 0..leaf.len() {
            assert!(Outline::read(&leaf[..length]).is_none(), "{length}");
        }
        assert!(Outline::read(&[leaf.as_slice(), &[0]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(der in any::<Vec<u8>>()) {
            let _ = Outline::read(&der);
        }
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        let leaf = &chain(&rcgen::PKCS_ED25519)[0];
        for place in 0..leaf.len() {
            for value in [0, 0x1f, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut der = leaf.clone();
                der[place] = value;
                let _ = Outline::read(&der);
            }
        }
    }
}
