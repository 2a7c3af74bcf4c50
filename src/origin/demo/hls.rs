//! Live HLS (RFC 8216) of the endless stream, in fMP4 segments.
//!
//! Segment `n` is what the stream holds in the `n`th 2 seconds since the UNIX epoch, so a
//! segment's number, its times and its content follow from each other.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;

use super::mp4::Clip;
use super::timeline::{GOP, LOOP, Millis};

/// The media playlist at `now`: the newest segments that are complete.
pub(super) fn playlist(now: Millis) -> String {
    let window = newest(LISTED, now);
    let mut text = format!(
        "#EXTM3U\n\
         #EXT-X-VERSION:6\n\
         #EXT-X-TARGETDURATION:{SECONDS}\n\
         #EXT-X-MEDIA-SEQUENCE:{}\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MAP:URI=\"init.mp4\"\n",
        window.start
    );
    for number in window {
        // Writing to a string cannot fail.
        let _ = write!(text, "#EXTINF:{SECONDS}.000,\n{number}.m4s\n");
    }
    text
}

/// What a player needs before any segment (`EXT-X-MAP`).
pub(super) fn init() -> Bytes {
    CLIP.init.clone()
}

/// Segment `number`, if it is in the playlist at `now` or has just left it.
pub(super) fn segment(number: u64, now: Millis) -> Option<Vec<Bytes>> {
    if !newest(KEPT, now).contains(&number) {
        return None;
    }
    let round = number / SEGMENTS;
    let fragment = CLIP.fragments.get((number % SEGMENTS) as usize)?;
    // The sequence number has 32 bits: enough until the year 2242, and then it starts again.
    Some(fragment.moved(number as u32, round * LOOP * TICKS))
}

fn newest(count: u64, now: Millis) -> Range<u64> {
    let running = now / GOP;
    running.saturating_sub(count)..running
}

static CLIP: LazyLock<Clip> = LazyLock::new(|| {
    Clip::parse(include_bytes!("clip.mp4")).expect("the bundled clip is sound; a test checks it")
});

/// How many segments a playlist has: 12 s, twice what a player keeps from the live edge (three
/// target durations, section 6.3.3).
const LISTED: u64 = 6;

/// How many segments can be had: one stays for its own length and a playlist's after it has left
/// the playlist (section 6.2.2).
const KEPT: u64 = LISTED + 1 + LISTED;

const SEGMENTS: u64 = LOOP / GOP;
const SECONDS: u64 = GOP / 1_000;

/// A millisecond in the time scale of both tracks.
const TICKS: u64 = 48;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_003_500;
    const NEWEST: u64 = NOW / GOP - 1;

    #[test]
    fn the_playlist_lists_what_is_complete() {
        let expected = "#EXTM3U\n\
            #EXT-X-VERSION:6\n\
            #EXT-X-TARGETDURATION:2\n\
            #EXT-X-MEDIA-SEQUENCE:849999995\n\
            #EXT-X-INDEPENDENT-SEGMENTS\n\
            #EXT-X-MAP:URI=\"init.mp4\"\n\
            #EXTINF:2.000,\n849999995.m4s\n\
            #EXTINF:2.000,\n849999996.m4s\n\
            #EXTINF:2.000,\n849999997.m4s\n\
            #EXTINF:2.000,\n849999998.m4s\n\
            #EXTINF:2.000,\n849999999.m4s\n\
            #EXTINF:2.000,\n850000000.m4s\n";
        assert_eq!(playlist(NOW), expected);
    }

    #[test]
    fn the_window_moves_by_one_segment_every_two_seconds() {
        assert_eq!(playlist(NOW), playlist(NOW + 499));
        let later = playlist(NOW + 500);
        assert!(later.contains("#EXT-X-MEDIA-SEQUENCE:849999996\n"));
        assert!(later.ends_with("\n850000001.m4s\n"));
    }

    #[test]
    fn segments_outside_of_the_window_are_not_there() {
        assert!(segment(NEWEST + 1, NOW).is_none());
        assert!(segment(NEWEST, NOW).is_some());
        assert!(segment(NEWEST + 1 - KEPT, NOW).is_some());
        assert!(segment(NEWEST - KEPT, NOW).is_none());
    }

    #[test]
    fn a_clock_at_the_epoch_has_no_segments_yet() {
        assert!(!playlist(0).contains("EXTINF"));
        assert!(segment(0, 0).is_none());
    }

    #[test]
    fn a_segment_is_the_same_whenever_it_is_asked_for() {
        assert_eq!(segment(NEWEST, NOW), segment(NEWEST, NOW + 10_000));
    }

    #[test]
    fn times_and_numbers_go_on_across_the_loop() {
        let mut ends: Option<[u64; 2]> = None;
        for number in NEWEST..NEWEST + 3 * SEGMENTS {
            let moof = &segment(number, NOW + 24_000).unwrap()[0];
            assert_eq!(field(after(moof, b"mfhd", 0), 4), number);
            let starts = decode_times(moof);
            assert_eq!(starts[PICTURES], number * GOP * TICKS);
            if let Some(ends) = ends {
                assert_eq!(starts, ends, "segment {number}");
            }
            ends = Some([
                starts[PICTURES] + samples(moof, PICTURES) * 1_920,
                starts[AUDIO] + samples(moof, AUDIO) * 1_024,
            ]);
        }
    }

    #[test]
    fn the_clip_fills_its_loop() {
        assert_eq!(CLIP.fragments.len() as u64, SEGMENTS);
        let moofs = CLIP.fragments.iter().map(|f| f.moved(0, 0).remove(0));
        let counts = moofs.map(|moof| [samples(&moof, PICTURES), samples(&moof, AUDIO)]);
        let total = counts.fold([0, 0], |sum, n| [sum[0] + n[0], sum[1] + n[1]]);
        assert_eq!(total, [200, 375]);
    }

    #[test]
    fn both_tracks_have_the_time_scale() {
        for track in [PICTURES, AUDIO] {
            // Version, two dates, and then the time scale (ISO/IEC 14496-12 section 8.4.2).
            let scale = field(after(&CLIP.init, b"mdhd", track), 12);
            assert_eq!(scale, 1_000 * TICKS);
        }
    }

    const PICTURES: usize = 0;
    const AUDIO: usize = 1;

    fn decode_times(moof: &[u8]) -> [u64; 2] {
        [PICTURES, AUDIO].map(|track| {
            let time = &after(moof, b"tfdt", track)[4..];
            u64::from_be_bytes(*time.first_chunk().unwrap())
        })
    }

    fn samples(moof: &[u8], track: usize) -> u64 {
        field(after(moof, b"trun", track), 4)
    }

    /// What follows the name of the `nth` box of a kind.
    fn after<'m>(moof: &'m [u8], kind: &[u8; 4], nth: usize) -> &'m [u8] {
        let mut found = (0..moof.len()).filter(|at| moof[*at..].starts_with(kind));
        &moof[found.nth(nth).unwrap() + 4..]
    }

    fn field(data: &[u8], at: usize) -> u64 {
        u32::from_be_bytes(*data[at..].first_chunk().unwrap()).into()
    }
}
