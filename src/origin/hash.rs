use std::hash::Hasher;

/// FNV-1a, 64 bits. Not for tables that others fill: it gives the same on every machine and in every
/// version, so that several edges send a path to the same endpoint.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The hash of a path without its query.
pub(super) fn of_path(path: &str) -> u64 {
    let mut hasher = Fnv::default();
    hasher.write(path.as_bytes());
    hasher.finish()
}

/// How much a path wants an endpoint: the highest of these gets it (rendezvous hashing). The last
/// steps are those of splitmix64: every bit of both hashes changes half of the bits.
pub(super) fn rank(path: u64, endpoint: u64) -> u64 {
    let mut rank = path ^ endpoint.rotate_left(32);
    rank = (rank ^ (rank >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    rank = (rank ^ (rank >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    rank ^ (rank >> 31)
}
