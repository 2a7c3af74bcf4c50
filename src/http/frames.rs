/// Where the frames of one direction of a WebSocket begin and end (RFC 6455 section 5.2).
///
/// Nothing is judged: what breaks the rules is for the two ends to find.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    head: [u8; LONGEST_HEAD],
    /// How much of a head there is; nothing between two frames, and in a payload.
    have: usize,
    /// How much of a payload is still to come.
    left: u64,
    is_closed: bool,
}

impl Frames {
    /// Goes on by bytes that passed.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.step(bytes)..];
        }
    }

    /// Whether a frame may begin here.
    pub(super) fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0
    }

    /// Whether a Close frame has passed: no other may follow.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// How many of the bytes that come next belong to the frame that has begun.
    pub(super) fn rest_of_frame(&self, bytes: &[u8]) -> usize {
        match self.is_between() {
            true => 0,
            false => self.clone().step(bytes),
        }
    }

    /// Goes on to the end of the frame, or of the bytes; returns how many that took.
    fn step(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        while self.left == 0 && used < bytes.len() {
            self.head[self.have] = bytes[used];
            self.have += 1;
            used += 1;
            if self.have == self.head_length() {
                self.have = 0;
                self.left = self.payload_length();
                self.is_closed |= self.head[0] & OPCODE == CLOSE;
                if self.left == 0 {
                    return used;
                }
            }
        }
        let rest = (bytes.len() - used) as u64;
        let payload = self.left.min(rest);
        self.left -= payload;
        // No more than the rest, which is a usize.
        used + usize::try_from(payload).unwrap_or_default()
    }

    /// As far as it is known: the second byte says how long it is.
    fn head_length(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let length = match self.head[1] & LENGTH {
            TWO_BYTES => 2,
            EIGHT_BYTES => 8,
            _ => 0,
        };
        let key = if self.head[1] & MASKED == 0 { 0 } else { 4 };
        2 + length + key
    }

    fn payload_length(&self) -> u64 {
        let [_, second, rest @ ..] = &self.head;
        let bytes = match second & LENGTH {
            TWO_BYTES => &rest[..2],
            EIGHT_BYTES => &rest[..8],
            short => return u64::from(short),
        };
        let fold = |length, byte: &u8| length << 8 | u64::from(*byte);
        bytes.iter().fold(0, fold)
    }
}

/// A Close frame of a server: 1001, the server goes away (RFC 6455 section 7.4.1).
pub(super) const GOING_AWAY: [u8; 4] = [0x80 | CLOSE, 2, 0x03, 0xe9];

/// Two bytes, a length of eight and a masking key.
const LONGEST_HEAD: usize = 14;

const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x8;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { MASKED } else { 0 };
        let mut frame = vec![0x80 | opcode];
        match length {
            0..=125 => frame.push(mask | length as u8),
            126..=65_535 => {
                frame.push(mask | TWO_BYTES);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | EIGHT_BYTES);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        // Payloads that look like Close frames.
        frame.resize(frame.len() + if masked { 4 } else { 0 } + length, 0x88);
        frame
    }

    #[test]
    fn frames_of_every_length_are_followed() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
            for masked in [false, true] {
                let frame = frame(2, length, masked);
                let mut frames = Frames::default();
                frames.follow(&frame[..frame.len() - 1]);
                assert!(!frames.is_between(), "{length}");
                let next = [&frame[frame.len() - 1..], b"yz"].concat();
                assert_eq!(frames.rest_of_frame(&next), 1, "{length}");
                frames.follow(&frame[frame.len() - 1..]);
                assert!(frames.is_between() && !frames.is_closed(), "{length}");
            }
        }
    }

    #[test]
    fn a_close_frame_is_noticed() {
        let mut frames = Frames::default();
        frames.follow(&GOING_AWAY);
        assert!(frames.is_closed() && frames.is_between());
    }

    proptest! {
        #[test]
        fn whatever_the_pieces_the_boundaries_are_the_same(
            lengths in prop::collection::vec((0_usize..70_000, any::<bool>()), 1..6),
            piece in 1_usize..9_000,
        ) {
            let (mut bytes, mut ends) = (Vec::new(), vec![0]);
            for (length, masked) in lengths {
                bytes.extend(frame(2, length, masked));
                ends.push(bytes.len());
            }
            let (mut frames, mut passed) = (Frames::default(), 0);
            for piece in bytes.chunks(piece) {
                prop_assert_eq!(frames.is_between(), ends.contains(&passed));
                let rest = frames.rest_of_frame(&bytes[passed..]);
                prop_assert!(ends.contains(&(passed + rest)));
                frames.follow(piece);
                passed += piece.len();
            }
            prop_assert!(frames.is_between() && !frames.is_closed());
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut frames = Frames::default();
            prop_assert!(frames.rest_of_frame(&bytes) <= bytes.len());
            frames.follow(&bytes);
            prop_assert!(frames.rest_of_frame(&bytes) <= bytes.len());
        }
    }
}
