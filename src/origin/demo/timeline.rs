//! The endless stream's time, and how the clip lies in it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A moment of the endless stream, in milliseconds since the UNIX epoch.
pub(super) type Millis = u64;

/// How long the clip is: after it the stream begins again from its first frame.
pub(super) const LOOP: Millis = 8_000;

/// From one keyframe to the next, and so the length of an HLS segment.
pub(super) const GOP: Millis = 2_000;

/// From one picture to the next.
pub(super) const PICTURE: Millis = 40;

/// Where the stream stands. A clock before 1970 counts as 1970.
pub(super) fn now() -> Millis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, whole_millis)
}

/// The time as one viewer sees it: read from the wall clock once and monotonic from then on, so
/// that setting the system's clock disturbs nobody who watches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Millis,
    started: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(super) fn starting_at(start: Millis) -> Self {
        Self {
            start,
            started: Instant::now(),
        }
    }

    /// What it shows.
    pub(super) fn now(&self) -> Millis {
        self.start + whole_millis(self.started.elapsed())
    }

    /// When it shows `moment`.
    pub(super) fn instant(&self, moment: Millis) -> Instant {
        self.started + Duration::from_millis(moment.saturating_sub(self.start))
    }
}

fn whole_millis(duration: Duration) -> Millis {
    duration.as_secs() * 1_000 + u64::from(duration.subsec_millis())
}
