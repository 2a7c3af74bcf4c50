//! The endless HTTP-FLV stream: the clip's tags again and again, with timestamps that go on.
//!
//! Tag numbers count through all rounds of the clip: tag `n` of the stream is tag `n % tags` of
//! the clip, in round `n / tags` since the UNIX epoch.

use std::mem;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::time::{Sleep, sleep_until};

use super::timeline::{Clock, LOOP, Millis, PICTURE};

/// One viewer's place in the stream.
#[derive(Debug)]
pub(super) struct Viewer {
    clock: Clock,
    /// What the viewer has not got of the FLV header, the metadata and the codecs' set-up.
    head: &'static [u8],
    next: u64,
    /// The moment that the viewer's timestamps count from.
    zero: Millis,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Viewer {
    /// A viewer who begins at the newest keyframe, with timestamp 0.
    pub(super) fn new(now: Millis) -> Self {
        let next = CLIP.newest_keyframe(now);
        Self {
            clock: Clock::starting_at(now),
            head: CLIP.head,
            next,
            zero: CLIP.due(next),
            sleep: None,
        }
    }

    /// All that is due, in one chunk, as soon as anything is.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let now = self.clock.now();
            self.keep_up(now);
            if self.timestamp() > LAST_TIMESTAMP {
                return Poll::Ready(None);
            }
            let chunk = self.take_due(now);
            if !chunk.is_empty() {
                return Poll::Ready(Some(chunk));
            }
            ready!(self.poll_next_picture(cx));
        }
    }

    /// Lets a viewer who reads too slowly miss something, instead of falling behind for ever.
    fn keep_up(&mut self, now: Millis) {
        if now.saturating_sub(CLIP.due(self.next)) > PATIENCE {
            self.next = CLIP.newest_keyframe(now);
        }
    }

    fn take_due(&mut self, now: Millis) -> Bytes {
        let mut chunk = BytesMut::from(mem::take(&mut self.head));
        while CLIP.due(self.next) <= now {
            CLIP.tag(self.next).write(self.timestamp(), &mut chunk);
            self.next += 1;
        }
        chunk.freeze()
    }

    /// Waits for the next picture rather than for the next tag: the audio in between comes along
    /// with it, which makes 25 chunks a second of 72.
    fn poll_next_picture(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let moment = CLIP.due(self.next).next_multiple_of(PICTURE);
        let instant = self.clock.instant(moment);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(instant)));
        sleep.as_mut().reset(instant);
        sleep.as_mut().poll(cx)
    }

    /// The next tag's timestamp, in milliseconds.
    fn timestamp(&self) -> Millis {
        CLIP.due(self.next).saturating_sub(self.zero)
    }
}

/// The clip, cut into its tags.
#[derive(Debug)]
struct Clip {
    head: &'static [u8],
    tags: Vec<Tag>,
}

impl Clip {
    /// `None` when `file` is no FLV file with pictures and sound.
    fn parse(file: &'static [u8]) -> Option<Self> {
        let mut at = FILE_HEADER;
        let mut head = at;
        let mut tags = Vec::new();
        while at < file.len() {
            let (kind, tag) = Tag::read(&file[at..])?;
            at += tag.bytes.len();
            match kind {
                Kind::SetUp => head = at,
                Kind::Frame => tags.push(tag),
                Kind::End => {}
            }
        }
        let head = file.get(..head)?;
        tags.first()?.keyframe.then_some(Self { head, tags })
    }

    fn tag(&self, number: u64) -> &Tag {
        &self.tags[(number % self.count()) as usize]
    }

    /// When tag `number` is due.
    fn due(&self, number: u64) -> Millis {
        number / self.count() * LOOP + self.tag(number).offset
    }

    fn newest_keyframe(&self, now: Millis) -> u64 {
        let begun = |tag: &Tag| tag.keyframe && tag.offset <= now % LOOP;
        // The clip begins with a keyframe, so there is one.
        let tag = self.tags.iter().rposition(begun).unwrap_or(0);
        now / LOOP * self.count() + tag as u64
    }

    fn count(&self) -> u64 {
        self.tags.len() as u64
    }
}

/// A tag of the clip (Adobe Flash Video File Format Specification 10.1, annex E.4.1).
#[derive(Debug)]
struct Tag {
    /// From its type to the "previous tag size" behind it, which stays right wherever it is sent.
    bytes: &'static [u8],
    /// From the clip's start.
    offset: Millis,
    keyframe: bool,
}

enum Kind {
    /// Metadata, or what a decoder needs before the first frame.
    SetUp,
    /// A picture or an audio frame.
    Frame,
    /// An end of sequence, which an endless stream must not have.
    End,
}

impl Tag {
    fn read(file: &'static [u8]) -> Option<(Kind, Self)> {
        let [kind, s2, s1, s0, t2, t1, t0, t3, _, _, _, codec, packet] = *file.first_chunk()?;
        let size = u32::from_be_bytes([0, s2, s1, s0]) as usize;
        let tag = Self {
            bytes: file.get(..TAG_HEADER + size + PREVIOUS_TAG_SIZE)?,
            offset: u32::from_be_bytes([t3, t2, t1, t0]).into(),
            keyframe: kind == VIDEO && codec >> 4 == KEYFRAME,
        };
        Some((Kind::of(kind, packet), tag))
    }

    fn write(&self, timestamp: Millis, chunk: &mut BytesMut) {
        // No more than `PATIENCE` beyond `LAST_TIMESTAMP`: it has 32 bits.
        let [t3, t2, t1, t0] = (timestamp as u32).to_be_bytes();
        chunk.extend_from_slice(&self.bytes[..TIMESTAMP]);
        chunk.extend_from_slice(&[t2, t1, t0, t3]);
        chunk.extend_from_slice(&self.bytes[TIMESTAMP + 4..]);
    }
}

impl Kind {
    /// `packet` is the AVCPacketType or AACPacketType (annexes E.4.3.1 and E.4.2.1).
    fn of(tag: u8, packet: u8) -> Self {
        match (tag, packet) {
            (VIDEO | AUDIO, 1) => Self::Frame,
            (VIDEO, 2) => Self::End,
            _ => Self::SetUp,
        }
    }
}

static CLIP: LazyLock<Clip> = LazyLock::new(|| {
    Clip::parse(include_bytes!("clip.flv")).expect("the bundled clip is sound; a test checks it")
});

/// How far a viewer may fall behind. Longer than the 2 s that a new viewer begins with, and than
/// the hiccups of a mobile network.
const PATIENCE: Millis = 5_000;

/// Players differ on whether timestamps have 31 or 32 bits and on what comes after, so the stream
/// ends at 2³¹ ms (after 24 days), and a player that is still there begins a new one.
const LAST_TIMESTAMP: Millis = i32::MAX as Millis;

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
const KEYFRAME: u8 = 1;

/// The header of 9 bytes, and the size of a tag before the first.
const FILE_HEADER: usize = 13;
const TAG_HEADER: usize = 11;
const PREVIOUS_TAG_SIZE: usize = 4;
/// Where a tag has its timestamp.
const TIMESTAMP: usize = 4;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::*;

    /// 3.5 s into a round, 1.5 s after a keyframe.
    const NOW: Millis = 1_700_000_003_500;

    async fn chunk(viewer: &mut Viewer) -> Bytes {
        poll_fn(|cx| viewer.poll_chunk(cx)).await.unwrap()
    }

    /// The clip's head and then the frames, read as a player does: timestamps as sent.
    fn tags(bytes: &Bytes) -> Vec<Tag> {
        let mut rest: &'static [u8] = bytes.to_vec().leak();
        if rest.starts_with(b"FLV") {
            rest = rest.strip_prefix(CLIP.head).unwrap();
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            let (kind, tag) = Tag::read(rest).unwrap();
            assert!(matches!(kind, Kind::Frame));
            rest = &rest[tag.bytes.len()..];
            tags.push(tag);
        }
        tags
    }

    fn timestamps(tags: &[Tag], kind: u8) -> Vec<Millis> {
        let tags = tags.iter().filter(|tag| tag.bytes[0] == kind);
        tags.map(|tag| tag.offset).collect()
    }

    async fn watch(viewer: &mut Viewer, seconds: u64) -> Vec<Tag> {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut seen = Vec::new();
        while Instant::now() < end {
            seen.extend(tags(&chunk(viewer).await));
        }
        seen
    }

    #[test]
    fn the_clip_fills_its_loop() {
        let clip = Clip::parse(include_bytes!("clip.flv")).unwrap();
        let pictures = timestamps(&clip.tags, VIDEO);
        assert!((0..200).map(|n| n * PICTURE).eq(pictures));
        // 1024 samples at 48 kHz, rounded to milliseconds.
        let audio = timestamps(&clip.tags, AUDIO);
        assert!((0..375).map(|n| (n * 64 + 1) / 3).eq(audio));
        assert!(clip.tags.is_sorted_by_key(|tag| tag.offset));
        let keyframes = clip.tags.iter().filter(|tag| tag.keyframe);
        assert!(keyframes.map(|tag| tag.offset).eq([0, 2_000, 4_000, 6_000]));
    }

    #[test]
    fn a_broken_clip_is_no_clip() {
        let clip = include_bytes!("clip.flv");
        for length in [0, FILE_HEADER, FILE_HEADER + 5, 1_000, clip.len() - 1] {
            assert!(Clip::parse(&clip[..length]).is_none(), "{length}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn begins_at_the_newest_keyframe_with_all_that_is_due() {
        let bytes = chunk(&mut Viewer::new(NOW)).await;
        assert!(bytes.starts_with(CLIP.head));
        let tags = tags(&bytes);
        assert!(tags[0].keyframe && tags[0].offset == 0);
        assert_eq!(timestamps(&tags, VIDEO).last(), Some(&1_480));
        assert_eq!(timestamps(&tags, AUDIO).last(), Some(&1_499));
    }

    #[tokio::test(start_paused = true)]
    async fn timestamps_go_on_across_the_loop() {
        let seen = watch(&mut Viewer::new(NOW), 30).await;
        let pictures = timestamps(&seen, VIDEO);
        assert!(pictures.len() > 3 * 200);
        assert!(pictures.is_sorted_by(|a, b| b - a == PICTURE));
        let audio = timestamps(&seen, AUDIO);
        assert!(audio.len() > 3 * 375);
        // Never further than the rounding from an even clock: no drift, no gap.
        let exact = |n: usize| n as f64 * 64.0 / 3.0;
        let drift = |(n, at): (usize, &Millis)| (*at as f64 - audio[0] as f64 - exact(n)).abs();
        assert!(
            audio
                .iter()
                .enumerate()
                .map(drift)
                .all(|drift| drift <= 1.0)
        );
        assert!(seen.is_sorted_by_key(|tag| tag.offset));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_come_out_as_they_are_in_the_clip() {
        let seen = watch(&mut Viewer::new(NOW), 20).await;
        let first = CLIP.newest_keyframe(NOW);
        for (number, tag) in (first..).zip(&seen) {
            let original = CLIP.tag(number).bytes;
            assert_eq!(tag.bytes[..TIMESTAMP], original[..TIMESTAMP]);
            assert_eq!(tag.bytes[TIMESTAMP + 4..], original[TIMESTAMP + 4..]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_come_when_they_are_due() {
        let started = Instant::now();
        let mut viewer = Viewer::new(NOW);
        chunk(&mut viewer).await;
        for _ in 0..500 {
            let tags = tags(&chunk(&mut viewer).await);
            let elapsed = started.elapsed().as_millis() as Millis;
            // The viewer's timestamp 0 was due 1.5 s before the viewer came.
            let late = tags.iter().map(|tag| 1_500 + elapsed - tag.offset);
            assert!(late.max() <= Some(PICTURE));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_viewers_see_the_same_picture() {
        let seen = |now| async move { tags(&chunk(&mut Viewer::new(now)).await).pop().unwrap() };
        let (early, late) = (seen(NOW).await, seen(NOW + LOOP).await);
        assert_eq!(early.bytes, late.bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_skips_to_a_keyframe() {
        let mut viewer = Viewer::new(NOW);
        chunk(&mut viewer).await;
        advance(Duration::from_secs(60)).await;
        let tags = tags(&chunk(&mut viewer).await);
        // 61.5 s after timestamp 0; keyframes have even seconds.
        assert!(tags[0].keyframe && tags[0].offset == 60_000);
        assert_eq!(timestamps(&tags, VIDEO).last(), Some(&61_480));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hiccup_loses_nothing() {
        let mut viewer = Viewer::new(NOW);
        let mut seen = tags(&chunk(&mut viewer).await);
        advance(Duration::from_secs(4)).await;
        seen.extend(tags(&chunk(&mut viewer).await));
        assert!(timestamps(&seen, VIDEO).is_sorted_by(|a, b| b - a == PICTURE));
        assert_eq!(timestamps(&seen, VIDEO).last(), Some(&5_480));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_before_timestamps_overflow() {
        let mut viewer = Viewer::new(NOW);
        advance(Duration::from_millis(LAST_TIMESTAMP - 5_000)).await;
        let mut last = 0;
        while let Some(chunk) = poll_fn(|cx| viewer.poll_chunk(cx)).await {
            last = tags(&chunk).pop().unwrap().offset;
        }
        assert!((LAST_TIMESTAMP - PICTURE..LAST_TIMESTAMP + PATIENCE).contains(&last));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_for_a_reader_who_slept_past_the_last_timestamp() {
        let mut viewer = Viewer::new(NOW);
        advance(Duration::from_millis(3 * LAST_TIMESTAMP)).await;
        assert!(poll_fn(|cx| viewer.poll_chunk(cx)).await.is_none());
    }
}
