use std::path::PathBuf;
use std::sync::LazyLock;

use lockgate::certificate::Files;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::base64;
use crate::certificate::{self, Given};

/// A chain in DER, one certificate after the other, beside a key that is sound: the fuzzer reaches
/// names, extensions and staples without the text of PEM around them. The bits of the first byte
/// say what stands beside it, the lowest one first:
///
/// 1. the key is that of the other fixture;
/// 2. the fixture's certificate comes first;
/// 3. the last element is the OCSP response;
/// 4. the issuer of the fixture's certificate comes last.
pub fn chain(bytes: &[u8]) {
    let Some((flags, der)) = bytes.split_first() else {
        return;
    };
    let is_set = |bit: u8| flags & (1 << bit) != 0;
    let fixture = &FIXTURES[usize::from(is_set(0))];
    let mut chain = elements(der);
    let staple = if is_set(2) { chain.pop() } else { None };
    if is_set(1) {
        chain.insert(0, &fixture.leaf);
    }
    if is_set(3) {
        chain.push(&fixture.issuer);
    }
    let mut files = Files::new(PathBuf::from("certificates/x"));
    files.insert("fullchain.pem".to_owned(), Ok(pem(&chain).into_bytes()));
    files.insert("privkey.pem".to_owned(), Ok(fixture.key.to_vec()));
    if let Some(staple) = staple {
        files.insert("ocsp.der".to_owned(), Ok(staple.to_vec()));
    }
    let given = Given {
        certificates: chain.into_iter().map(<[u8]>::to_vec).collect(),
        staple: staple.map(<[u8]>::to_vec),
    };
    certificate::check(&files, &given);
}

/// Cuts before each outermost element; what is no whole one is the last piece.
fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (element, rest) = der.split_at(length(der).unwrap_or(der.len()));
        elements.push(element);
        der = rest;
    }
    elements
}

/// Of the whole first element, as certificates have them: two digits of length.
fn length(der: &[u8]) -> Option<usize> {
    let [_, 0x82, high, low, ..] = *der else {
        return None;
    };
    let length = 4 + usize::from(u16::from_be_bytes([high, low]));
    Some(length).filter(|length| *length <= der.len())
}

fn pem(chain: &[&[u8]]) -> String {
    let blocks = chain.iter().map(|der| {
        let text = base64::encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    });
    blocks.collect()
}

/// A certificate, who issued it, and its key.
struct Fixture {
    leaf: CertificateDer<'static>,
    issuer: CertificateDer<'static>,
    key: &'static [u8],
}

impl Fixture {
    fn new(chain: &[u8], key: &'static [u8]) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain: Result<[_; 2], _> = chain.expect("the fixture is PEM").try_into();
        let [leaf, issuer] = chain.expect("the fixture holds two certificates");
        Self { leaf, issuer, key }
    }
}

static FIXTURES: LazyLock<[Fixture; 2]> = LazyLock::new(|| {
    [
        Fixture::new(
            include_bytes!("../../certs-example/play-2026/fullchain.pem"),
            include_bytes!("../../certs-example/play-2026/privkey.pem"),
        ),
        Fixture::new(
            include_bytes!("../../tests/fixtures/ocsp/leaf.pem"),
            include_bytes!("../../tests/fixtures/ocsp/leaf.key"),
        ),
    ]
});
