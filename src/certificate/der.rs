/// Reads DER (X.690) element by element, without copying and without trusting a length.
///
/// It knows one-byte tags and definite lengths: all that certificates and OCSP responses use. What
/// it cannot read is `None`. x509-parser reads a certificate whole, which costs several
/// microseconds; some fields of each of 300,000 certificates have to be read at a start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'d> {
    rest: &'d [u8],
}

/// A tag, a length and as many bytes of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'d> {
    /// Class, form and number in one byte.
    pub(super) tag: u8,
    /// What comes after the length.
    pub(super) content: &'d [u8],
    /// Tag, length and content.
    pub(super) whole: &'d [u8],
}

impl<'d> Reader<'d> {
    /// Reads from the beginning of `der`.
    pub(super) fn new(der: &'d [u8]) -> Self {
        Self { rest: der }
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Option<Element<'d>> {
        let (&tag, after_tag) = self.rest.split_first()?;
        if tag & LONG_TAG == LONG_TAG {
            return None;
        }
        let (length, body) = length(after_tag)?;
        let (content, rest) = body.split_at_checked(length)?;
        let whole = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Some(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element if it has this tag; else nothing is read.
    pub(super) fn take(&mut self, tag: u8) -> Option<Element<'d>> {
        let mut ahead = *self;
        let element = ahead.any().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// A reader of the content of the next element if it has this tag; else nothing is read.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(|element| Self::new(element.content))
    }

    /// Whether all is read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The length that stands at the beginning, and what follows it.
fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = der.split_first()?;
    if first < LONG_LENGTH {
        return Some((usize::from(first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first - LONG_LENGTH))?;
    // No digits would be the indefinite length of BER.
    if !(1..=MOST_DIGITS).contains(&digits.len()) {
        return None;
    }
    let append = |length, digit: &u8| length << 8 | usize::from(*digit);
    Some((digits.iter().fold(0, append), rest))
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

/// The tag `[number]` of what holds a plain value.
pub(super) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// The tag `[number]` of what holds elements.
pub(super) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// All low bits: the tag goes on in the next byte.
const LONG_TAG: u8 = 0x1f;

/// From here on, the first byte of a length says how many digits follow.
const LONG_LENGTH: u8 = 0x80;

/// 4 GiB; a file has 1 MiB at the most.
const MOST_DIGITS: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_in_a_row_and_inside_each_other() {
        let mut reader = Reader::new(&[0x30, 5, 2, 1, 7, 4, 0, 1, 1, 0xff]);
        let mut inner = reader.enter(SEQUENCE).unwrap();
        assert_eq!(inner.take(OCTET_STRING), None);
        assert_eq!(inner.take(INTEGER).unwrap().content, [7]);
        assert_eq!(inner.take(OCTET_STRING).unwrap().whole, [4, 0]);
        assert!(inner.is_empty() && !reader.is_empty());
        assert_eq!(reader.any().unwrap().tag, BOOLEAN);
        assert_eq!(reader.any(), None);
    }

    #[test]
    fn lengths_of_several_bytes() {
        let content = vec![9; 300];
        let der = [&[4, 0x82, 1, 44], content.as_slice()].concat();
        assert_eq!(Reader::new(&der).any().unwrap().content, content);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_nothing() {
        let cases: [&[u8]; 8] = [
            &[],
            &[4],
            &[4, 2, 0],
            &[4, 0x80, 0, 0],
            &[4, 0x81],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff, 0],
            &[4, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x1f, 0x81, 1, 0],
        ];
        for der in cases {
            assert_eq!(Reader::new(der).any(), None, "{der:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_go_on_for_ever(der in any::<Vec<u8>>()) {
            let mut reader = Reader::new(&der);
            let mut read = 0;
            while let Some(element) = reader.any() {
                prop_assert!(element.whole.len() >= element.content.len() + 2);
                read += element.whole.len();
            }
            prop_assert!(read <= der.len());
        }
    }
}
