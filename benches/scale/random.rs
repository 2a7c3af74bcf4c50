/// Numbers without a pattern that a proxy could profit from; the same ones in each run
/// (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let scaled = (self.next() >> 32) * u64::from(end);
        (scaled >> 32) as u32
    }
}

/// All numbers below a count, in random order, again and again: so many in a row as there are differ
/// from each other.
#[derive(Debug)]
pub(crate) struct Deck {
    order: Vec<u32>,
    next: usize,
}

impl Deck {
    pub(crate) fn new(count: u32, random: &mut Random) -> Self {
        let mut order: Vec<u32> = (0..count).collect();
        for end in (1..count).rev() {
            order.swap(end as usize, random.below(end + 1) as usize);
        }
        Self { order, next: 0 }
    }

    /// The next ones: at most as many as there are.
    pub(crate) fn take(&mut self, count: u32) -> Vec<u32> {
        let count = (count as usize).min(self.order.len());
        let taken = self.order.iter().cycle().skip(self.next).take(count);
        let taken = taken.copied().collect();
        self.next = (self.next + count) % self.order.len();
        taken
    }
}
