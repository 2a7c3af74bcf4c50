use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many connections each client has, for all workers together.
///
/// It is a count-min sketch (Cormode and Muthukrishnan, 2005): each client counts in one slot of each
/// row, and the lowest of these is what it has, or a little more when it shares all of them with
/// others. So there is no lock and no allocation for a connection, and the memory is what it is,
/// 512 KiB, whatever addresses come. The keys of the hash are the process's own.
#[derive(Clone, Debug)]
pub struct Clients(Arc<Sketch>);

#[derive(Debug)]
struct Sketch {
    keys: RandomState,
    rows: [Box<[AtomicU32]>; ROWS],
}

impl Clients {
    /// Nobody.
    pub fn new() -> Self {
        let row = || (0..SLOTS).map(|_| AtomicU32::new(0)).collect();
        Self(Arc::new(Sketch {
            keys: RandomState::new(),
            rows: std::array::from_fn(|_| row()),
        }))
    }

    /// Counts one more connection of a client until the guard is dropped, and says how many it has
    /// then.
    pub(super) fn enter(&self, client: IpAddr) -> (Present, usize) {
        let hash = self.0.keys.hash_one(network(client));
        let present = Present {
            sketch: Arc::clone(&self.0),
            hash,
        };
        let counts = present
            .slots()
            .map(|slot| slot.fetch_add(1, Ordering::Relaxed) + 1);
        let count = counts.min().unwrap_or_default();
        (present, usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self::new()
    }
}

/// A connection that counts for its client.
#[derive(Debug)]
pub(super) struct Present {
    sketch: Arc<Sketch>,
    hash: u64,
}

impl Present {
    fn slots(&self) -> impl Iterator<Item = &AtomicU32> {
        let rows = self.sketch.rows.iter().enumerate();
        rows.filter_map(|(number, row)| {
            let index = (self.hash >> (number * 32)) & (SLOTS as u64 - 1);
            row.get(usize::try_from(index).ok()?)
        })
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        for slot in self.slots() {
            slot.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What one client can choose an address from: one of IPv4, or 64 bits of an IPv6 network.
fn network(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        // The first bits of no such network are all zero, so none is an IPv4 address.
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// Each takes half of a hash.
const ROWS: usize = 2;

const SLOTS: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_counted_while_its_connections_are_there() {
        let clients = Clients::new();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (first, count) = clients.enter(address("192.0.2.1"));
        assert_eq!(count, 1);
        let (_mapped, count) = clients.enter(address("::ffff:192.0.2.1"));
        assert_eq!(count, 2);
        drop(first);
        assert_eq!(clients.enter(address("192.0.2.1")).1, 2);
        let (_one, count) = clients.enter(address("2001:db8::1"));
        assert_eq!(count, 1);
        assert_eq!(clients.enter(address("2001:db8::ffff:1")).1, 2);
        assert_eq!(clients.enter(address("2001:db8:0:1::1")).1, 1);
    }

    #[test]
    fn many_clients_hardly_count_for_each_other() {
        let clients = Clients::new();
        let present: Vec<_> = (0..50_000u32)
            .map(|number| clients.enter(IpAddr::V4(number.into())).0)
            .collect();
        let counts = (0..1_000u32).map(|number| clients.enter(IpAddr::V4(number.into())).1);
        let more: usize = counts.map(|count| count - 2).sum();
        assert!(more < 1_000, "{more} too many in all of 1,000");
        drop(present);
        assert_eq!(clients.enter(IpAddr::V4(1.into())).1, 1);
    }
}
