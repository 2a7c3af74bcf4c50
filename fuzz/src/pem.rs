use std::path::PathBuf;

use lockgate::certificate::{Files, is_essential, is_options, is_staple};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::certificate::{self, Given};
use crate::options;

/// The files of a certificate, as one text: a line `=== NAME` stands before each.
pub fn pem(bytes: &[u8]) {
    let mut files = Files::new(PathBuf::from("certificates/x"));
    let mut given = Given {
        certificates: Vec::new(),
        staple: None,
    };
    for (name, content) in split(bytes) {
        if is_essential(name) {
            given.certificates.extend(certificates(content));
        }
        files.insert(name.to_owned(), Ok(content.to_vec()));
    }
    let staple = files.beside(is_staple);
    given.staple = staple.and_then(|(_, content)| content.as_ref().ok().cloned());
    if let Some((_, Ok(content))) = files.beside(is_options) {
        options(content);
    }
    certificate::check(&files, &given);
}

/// Names and contents. What stands before the first name, or after one that no tool would write, is
/// left out.
fn split(mut bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let mut files = Vec::new();
    while let Some(start) = marker(bytes) {
        let rest = &bytes[start + MARKER.len()..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let rest = rest.get(1..).unwrap_or_default();
        let (content, next) = rest.split_at(marker(rest).unwrap_or(rest.len()));
        let name = str::from_utf8(name).ok();
        let name = name.filter(|name| !name.contains(char::is_control));
        files.extend(name.map(|name| (name, content)));
        bytes = next;
    }
    files
}

/// Where the next line begins that is a marker.
fn marker(bytes: &[u8]) -> Option<usize> {
    let mut places = 0..bytes.len();
    places.find(|place| {
        bytes[*place..].starts_with(MARKER) && (*place == 0 || bytes[place - 1] == b'\n')
    })
}

/// All that can be read, also before a broken one.
fn certificates(content: &[u8]) -> Vec<Vec<u8>> {
    let certificates = CertificateDer::pem_slice_iter(content);
    let certificates = certificates.map_while(Result::ok);
    certificates.map(|der| der.to_vec()).collect()
}

const MARKER: &[u8] = b"=== ";
