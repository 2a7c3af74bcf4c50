use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What holds a connection to an endpoint. Counted apart, so that viewers who stay leave room for
/// requests that are over soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request, from its beginning to the end of its response.
    Request,
    /// A WebSocket, or a response of which nobody knows when it ends. Until its headers are there, it
    /// is a request.
    Stream,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Request, Self::Stream];

    /// The stable word for it in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Stream => "streams",
        }
    }
}

/// How many of each kind an endpoint may have at once, over all workers and all domains. Any number
/// by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) requests: Option<usize>,
    pub(super) streams: Option<usize>,
}

impl Limits {
    pub(super) fn of(self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Request => self.requests,
            Kind::Stream => self.streams,
        }
    }
}

/// What an endpoint has to do now.
///
/// One number for all workers, not a share for each: the kernel spreads viewers over them as it
/// likes, so that one would be full while another has room.
#[derive(Debug, Default)]
pub(super) struct Load {
    running: [AtomicUsize; 2],
    refused: [AtomicU64; 2],
}

impl Load {
    pub(super) fn running(&self, kind: Kind) -> usize {
        self.running[kind as usize].load(Ordering::Relaxed)
    }

    pub(super) fn refused(&self, kind: Kind) -> u64 {
        self.refused[kind as usize].load(Ordering::Relaxed)
    }

    /// Begins something, unless there are as many as may be.
    pub(super) fn begin(&self, kind: Kind, limits: Limits) -> bool {
        let before = self.running[kind as usize].fetch_add(1, Ordering::Relaxed);
        let fits = limits.of(kind).is_none_or(|limit| before < limit);
        if !fits {
            self.end(kind);
            self.refused[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    pub(super) fn end(&self, kind: Kind) {
        self.running[kind as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_leave_room_for_requests() {
        let load = Load::default();
        let limits = Limits {
            requests: Some(1),
            streams: Some(2),
        };
        let begins = |kind| load.begin(kind, limits);
        assert!(begins(Kind::Stream) && begins(Kind::Stream) && !begins(Kind::Stream));
        assert!(begins(Kind::Request) && !begins(Kind::Request));
        load.end(Kind::Request);
        assert!(begins(Kind::Request) && !begins(Kind::Stream));
        assert_eq!(Kind::ALL.map(|kind| load.running(kind)), [1, 2]);
        assert_eq!(Kind::ALL.map(|kind| load.refused(kind)), [1, 2]);
        assert!(load.begin(Kind::Stream, Limits::default()));
    }
}
