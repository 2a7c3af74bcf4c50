//! Waiting for conditions. Every wait has a deadline, and its message says what did not come.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long a thing may take that has no deadline of its own: long enough for a busy machine, short
/// enough that a hanging test ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// The second that DESIGN.md gives a change to reach the clients.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Awaits a future, but no longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, what: &str, done: impl Future<Output = T>) -> T {
    match timeout(limit, done).await {
        Ok(value) => value,
        Err(_) => panic!("waited {limit:?} in vain for {what}"),
    }
}

/// Asks until there is an answer, but no longer than `limit`.
pub(crate) async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let answer = async {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            sleep(POLL).await;
        }
    };
    within(limit, what, answer).await
}

/// Asks for the whole of `span`: proves that something did not happen in it.
pub(crate) async fn throughout(span: Duration, what: &str, mut probe: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + span;
    while Instant::now() < end {
        assert!(probe().await, "{what} did not hold throughout {span:?}");
        sleep(POLL).await;
    }
}

/// Lets time pass that belongs to the story, as a slow writer does. Nothing is waited for with it.
pub(crate) async fn pause(span: Duration) {
    sleep(span).await;
}

/// Often enough to measure a second with, seldom enough to leave the program the processor.
const POLL: Duration = Duration::from_millis(10);
