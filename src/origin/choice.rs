use std::sync::Arc;

use super::endpoint::Endpoint;
use super::hash;
use super::load::Kind;
use super::origins::Group;
use crate::config::Balance;

/// Which endpoints a request asks, one after the other until one takes it.
pub(super) struct Choice<'g> {
    group: &'g Group,
    /// Where those that take turns begin.
    turn: usize,
    path: u64,
    /// A bit for each endpoint that was given already.
    asked: u64,
}

impl<'g> Choice<'g> {
    /// A choice of all endpoints of a group. `turn` is another number for each request.
    pub(super) fn new(group: &'g Group, turn: usize, path: &str) -> Self {
        let hashes = group.balance == Balance::PathHash;
        Self {
            group,
            turn,
            path: if hashes { hash::of_path(path) } else { 0 },
            asked: 0,
        }
    }

    /// The next one to ask, with its place in the group.
    pub(super) fn next(&mut self) -> Option<(usize, &'g Arc<Endpoint>)> {
        let next = match &*self.group.endpoints {
            // Nearly all requests: there is nothing to choose.
            [only] if self.asked == 0 => (0, only),
            _ => self.choose()?,
        };
        self.asked |= 1 << next.0;
        Some(next)
    }

    /// Those that failed again and again are the last resort: when all have, all are asked.
    fn choose(&self) -> Option<(usize, &'g Arc<Endpoint>)> {
        let left = self.among(!self.asked);
        let sound = left.filter(|(_, endpoint)| !endpoint.is_ejected() && self.has_room(endpoint));
        let sound = sound.fold(0, |bits, (index, _)| bits | 1 << index);
        let among = self.among(if sound == 0 { !self.asked } else { sound });
        let count = among.clone().count();
        // Whatever they are chosen by, those that are alike take turns.
        let mut turns = among.cycle().skip(self.turn % count.max(1)).take(count);
        match self.group.balance {
            Balance::RoundRobin => turns.next(),
            Balance::LeastConnections => turns.min_by_key(|(_, endpoint)| load(endpoint)),
            Balance::PathHash => {
                turns.max_by_key(|(_, endpoint)| hash::rank(self.path, endpoint.hash()))
            }
        }
    }

    /// Whether it takes a stream, which a request may turn out to be. A path stays with its endpoint
    /// all the same.
    fn has_room(&self, endpoint: &Endpoint) -> bool {
        let limit = match self.group.balance {
            Balance::RoundRobin | Balance::LeastConnections => self.group.limits.streams,
            Balance::PathHash => None,
        };
        limit.is_none_or(|limit| endpoint.running(Kind::Stream) < limit)
    }

    /// Those whose bits are set.
    fn among(
        &self,
        bits: u64,
    ) -> impl Iterator<Item = (usize, &'g Arc<Endpoint>)> + Clone + use<'g> {
        let all = self.group.endpoints.iter().enumerate();
        all.filter(move |(index, _)| bits & (1 << index) != 0)
    }
}

fn load(endpoint: &Endpoint) -> usize {
    Kind::ALL.map(|kind| endpoint.running(kind)).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::endpoint::Directory;
    use crate::origin::error::Error;
    use crate::origin::load::Limits;

    fn group(balance: Balance, count: u16) -> Group {
        let mut directory = Directory::default();
        let urls = (1..=count).map(|port| format!("http://127.0.0.1:{port}").parse().unwrap());
        let urls: Vec<_> = urls.collect();
        Group::new(&urls, balance, Limits::default(), &mut directory)
    }

    fn order(group: &Group, turn: usize, path: &str) -> Vec<usize> {
        let mut choice = Choice::new(group, turn, path);
        std::iter::from_fn(|| choice.next())
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn each_endpoint_is_asked_once_whatever_they_are_chosen_by() {
        for balance in [
            Balance::RoundRobin,
            Balance::LeastConnections,
            Balance::PathHash,
        ] {
            for count in [1, 2, 5, 64] {
                let mut order = order(&group(balance, count), 7, "/live/1.m3u8");
                order.sort_unstable();
                assert_eq!(order, (0..usize::from(count)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn those_that_take_turns_begin_at_each_of_them() {
        let group = group(Balance::RoundRobin, 3);
        let first = |turn| order(&group, turn, "/")[0];
        assert_eq!([first(0), first(1), first(2), first(3)], [0, 1, 2, 0]);
    }

    #[test]
    fn the_one_with_the_fewest_responses_is_first_and_equals_take_turns() {
        let group = group(Balance::LeastConnections, 3);
        let begin = |index: usize, kind| group.endpoints[index].begin(kind, Limits::default());
        begin(0, Kind::Stream);
        begin(0, Kind::Request);
        begin(2, Kind::Stream);
        assert_eq!(order(&group, 5, "/"), [1, 2, 0]);
        begin(1, Kind::Request);
        let first = |turn| order(&group, turn, "/")[0];
        assert_eq!([first(0), first(1), first(2)], [1, 1, 2]);
    }

    #[test]
    fn those_without_room_for_a_stream_are_asked_last_but_for_paths() {
        for (balance, expected) in [(Balance::RoundRobin, 1), (Balance::PathHash, 0)] {
            let mut group = group(balance, 2);
            group.limits.streams = Some(1);
            let path = (0..).map(|number| format!("/{number}"));
            let path = path.map(|path| (order(&group, 0, &path)[0], path));
            let path = path.filter_map(|(first, path)| (first == 0).then_some(path));
            let path = path.take(1).next().unwrap();
            group.endpoints[0].begin(Kind::Stream, group.limits);
            assert_eq!(order(&group, 0, &path)[0], expected, "{balance:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_failed_again_and_again_are_asked_last() {
        let group = group(Balance::RoundRobin, 3);
        for index in [0, 2] {
            for _ in 0..3 {
                group.endpoints[index].failed(&Error::ConnectTimeout);
            }
        }
        for turn in 0..3 {
            let order = order(&group, turn, "/");
            assert_eq!((order[0], order.len()), (1, 3));
        }
        group.endpoints[1].failed(&Error::ConnectTimeout);
        let first = |turn| order(&group, turn, "/")[0];
        assert_eq!([first(0), first(1), first(2)], [0, 1, 2]);
        group.endpoints[2].succeeded();
        assert_eq!([first(0), first(1), first(2)], [2, 2, 2]);
    }

    /// Also after the loss of an endpoint: only its paths move, and they spread over the others.
    #[test]
    fn a_path_stays_with_its_endpoint() {
        let (all, fewer) = (group(Balance::PathHash, 5), group(Balance::PathHash, 4));
        let mut counts = [0; 5];
        let mut moved_to = [0; 4];
        for number in 0..5000 {
            let path = format!("/live/room-{number}.m3u8");
            let place = order(&all, number, &path);
            assert_eq!(place, order(&all, 0, &path));
            counts[place[0]] += 1;
            let left = order(&fewer, number, &path)[0];
            match place[0] {
                4 => moved_to[left] += 1,
                stays => assert_eq!(left, stays, "{path}"),
            }
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
        assert!(moved_to.iter().all(|count| *count > 150), "{moved_to:?}");
    }
}
