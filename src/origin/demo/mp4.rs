//! The clip as fragmented MP4 (ISO/IEC 14496-12): found box by box, sent with new times.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The clip, cut into its fragments.
#[derive(Debug)]
pub(super) struct Clip {
    /// `ftyp` and `moov`: what a player needs before any fragment.
    pub(super) init: Bytes,
    /// One for each keyframe.
    pub(super) fragments: Vec<Fragment>,
}

impl Clip {
    /// `None` when `file` is no fragmented MP4 file with 64-bit decode times.
    pub(super) fn parse(file: &'static [u8]) -> Option<Self> {
        let boxes = boxes(file, 0..file.len())?;
        let moof = boxes.iter().position(|found| found.is(b"moof"))?;
        let fragments = boxes[moof..].chunks(2);
        Some(Self {
            init: Bytes::from_static(&file[..boxes[moof].start]),
            fragments: fragments
                .map(|pair| Fragment::parse(file, pair))
                .collect::<Option<_>>()?,
        })
    }
}

/// A `moof` and its `mdat`.
#[derive(Debug)]
pub(super) struct Fragment {
    moof: &'static [u8],
    mdat: &'static [u8],
    /// Where the `moof` has its sequence number (32 bits, section 8.8.5).
    sequence: usize,
    /// Where it has each track's base media decode time (64 bits, section 8.8.12).
    decode_times: Vec<usize>,
}

impl Fragment {
    /// The fragment with `sequence` as its number, later by `shift` (in the tracks' time scale).
    pub(super) fn moved(&self, sequence: u32, shift: u64) -> Vec<Bytes> {
        let mut moof = BytesMut::from(self.moof);
        moof[self.sequence..][..4].copy_from_slice(&sequence.to_be_bytes());
        for at in &self.decode_times {
            add(&mut moof[*at..], shift);
        }
        vec![moof.freeze(), Bytes::from_static(self.mdat)]
    }

    fn parse(file: &'static [u8], pair: &[Found]) -> Option<Self> {
        let [moof, mdat] = pair else { return None };
        if !moof.is(b"moof") || !mdat.is(b"mdat") {
            return None;
        }
        let mdat = &file[mdat.start..mdat.end];
        let moof = &file[moof.start..moof.end];
        let inside = boxes(moof, HEADER..moof.len())?;
        let mfhd = inside.iter().find(|found| found.is(b"mfhd"))?;
        let trafs = inside.iter().filter(|found| found.is(b"traf"));
        Some(Self {
            moof,
            mdat,
            sequence: field(moof, mfhd, 0, 4)?,
            decode_times: trafs
                .map(|traf| decode_time(moof, traf))
                .collect::<Option<_>>()?,
        })
    }
}

fn decode_time(moof: &[u8], traf: &Found) -> Option<usize> {
    let inside = boxes(moof, traf.start + HEADER..traf.end)?;
    let tfdt = inside.iter().find(|found| found.is(b"tfdt"))?;
    field(moof, tfdt, 1, 8)
}

/// Where a full box of this version has its first field, if it has `size` bytes for it.
fn field(data: &[u8], found: &Found, version: u8, size: usize) -> Option<usize> {
    let flags = found.start + HEADER;
    let at = flags + VERSION_AND_FLAGS;
    (at + size <= found.end && data[flags] == version).then_some(at)
}

fn add(field: &mut [u8], shift: u64) {
    if let Some(bytes) = field.first_chunk_mut() {
        *bytes = u64::from_be_bytes(*bytes).wrapping_add(shift).to_be_bytes();
    }
}

/// A box found in a file or in another box (section 4.2).
#[derive(Debug)]
struct Found {
    kind: [u8; 4],
    start: usize,
    end: usize,
}

impl Found {
    fn is(&self, kind: &[u8; 4]) -> bool {
        self.kind == *kind
    }
}

/// The boxes that fill `range`. `None` when they do not, or when one has a 64-bit size, which a
/// clip of this size has no use for.
fn boxes(data: &[u8], range: Range<usize>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let [s3, s2, s1, s0, kind @ ..] = *data.get(start..)?.first_chunk::<HEADER>()?;
        let size = u32::from_be_bytes([s3, s2, s1, s0]) as usize;
        let end = start.checked_add(size)?;
        if size < HEADER || end > range.end {
            return None;
        }
        found.push(Found { kind, start, end });
        start = end;
    }
    Some(found)
}

const HEADER: usize = 8;
const VERSION_AND_FLAGS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = include_bytes!("clip.mp4");

    #[test]
    fn a_fragment_changes_in_number_and_times_only() {
        let clip = Clip::parse(FILE).unwrap();
        for fragment in &clip.fragments {
            let [moof, mdat] = &fragment.moved(0x0102_03ff, 1 << 40)[..] else {
                panic!("a fragment is two boxes");
            };
            assert_eq!(mdat, fragment.mdat);
            let changed = (0..moof.len()).filter(|at| moof[*at] != fragment.moof[*at]);
            let times = fragment.decode_times.iter().map(|at| at + 2);
            let expected = (fragment.sequence..fragment.sequence + 4).chain(times);
            assert!(changed.eq(expected));
        }
    }

    #[test]
    fn a_broken_clip_is_no_clip() {
        for length in [0, 7, 100, 1_500, FILE.len() - 1] {
            assert!(Clip::parse(&FILE[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn no_damage_makes_the_parser_panic() {
        let length = Clip::parse(FILE).unwrap().init.len() + 800;
        for at in 0..length {
            let mut damaged = FILE[..length].to_vec();
            damaged[at] ^= 0xff;
            let _ = Clip::parse(damaged.leak());
        }
    }
}
