use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::der::{Element, Reader, SEQUENCE, primitive};
use super::outline::Outline;
use super::validity::{Timestamp, Validity};
use crate::domain::Pattern;

/// What the leaf of a chain is asked for.
impl Outline<'_> {
    /// From when until when it is valid.
    pub(super) fn validity(&self) -> Option<Validity> {
        let mut fields = self.validity;
        Some(Validity {
            not_before: time(fields.any()?)?,
            not_after: time(fields.any()?)?,
        })
    }

    /// The DNS names that it is valid for: all of its subject alternative names, or none if one of
    /// them cannot be read. The common name does not count (RFC 9525 section 2).
    pub(super) fn dns_names(&self) -> Box<[Pattern]> {
        let names = self.names.and_then(dns_names);
        names.unwrap_or_default().into()
    }
}

fn time(element: Element<'_>) -> Option<Timestamp> {
    let (_, time) = ASN1Time::from_der(element.whole).ok()?;
    Some(Timestamp(time.timestamp()))
}

fn dns_names(general_names: &[u8]) -> Option<Vec<Pattern>> {
    let mut general_names = Reader::new(general_names).enter(SEQUENCE)?;
    // Most leaves have one.
    let mut names = Vec::with_capacity(1);
    while !general_names.is_empty() {
        let name = general_names.any()?;
        if name.tag == DNS_NAME {
            let text = str::from_utf8(name.content).ok()?;
            names.extend(text.parse::<Pattern>());
        }
    }
    Some(names)
}

const DNS_NAME: u8 = primitive(2);

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};
    use x509_parser::extensions::GeneralName;
    use x509_parser::prelude::X509Certificate;

    use super::*;

    fn made(names: Vec<SanType>, from: i32, to: i32) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.not_before = date_time_ymd(from, 2, 28);
        params.not_after = date_time_ymd(to, 12, 31);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    /// What x509-parser says of the same fields.
    fn check(der: &[u8]) -> Box<[Pattern]> {
        let outline = Outline::read(der).unwrap();
        let (_, parsed) = X509Certificate::from_der(der).unwrap();
        let (validity, expected) = (outline.validity().unwrap(), parsed.validity());
        assert_eq!(validity.not_before.0, expected.not_before.timestamp());
        assert_eq!(validity.not_after.0, expected.not_after.timestamp());
        let general = parsed.subject_alternative_name().unwrap();
        let general = general.iter().flat_map(|it| &it.value.general_names);
        let names = general.filter_map(|name| match name {
            GeneralName::DNSName(name) => name.parse().ok(),
            _ => None,
        });
        let names: Box<[Pattern]> = names.collect();
        assert_eq!(outline.dns_names(), names);
        names
    }

    #[test]
    fn it_reads_what_x509_parser_reads() {
        let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let names = vec![
            dns("a.example.com"),
            SanType::IpAddress([192, 0, 2, 1].into()),
            dns("*.live.example.com"),
            SanType::Rfc822Name("a@example.com".try_into().unwrap()),
            dns("A.Example.Com"),
            dns("*.com"),
        ];
        for (from, to) in [(1950, 1969), (2024, 2049), (2049, 2050), (2050, 9999)] {
            assert_eq!(check(&made(Vec::new(), from, to)).len(), 0);
            assert_eq!(check(&made(names.clone(), from, to)).len(), 3);
        }
    }

    #[test]
    fn names_that_cannot_be_read_are_none() {
        let one = [0x30, 5, DNS_NAME, 3, b'a', b'.', b'b'];
        assert_eq!(dns_names(&one).unwrap().len(), 1);
        let cases: [&[u8]; 4] = [
            &[],
            &one[..6],
            &[0x30, 6, DNS_NAME, 3, b'a', b'.', b'b', DNS_NAME],
            &[0x30, 3, DNS_NAME, 1, 0xff],
        ];
        for der in cases {
            assert_eq!(dns_names(der), None, "{der:?}");
        }
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        let name = SanType::DnsName("a.example.com".try_into().unwrap());
        let leaf = made(vec![name], 2024, 2050);
        for place in 0..leaf.len() {
            for value in [0, 0x17, 0x18, 0x30, 0x82, 0xff] {
                let mut der = leaf.clone();
                der[place] = value;
                if let Some(outline) = Outline::read(&der) {
                    let _ = (outline.validity(), outline.dns_names());
                }
            }
        }
    }
}
