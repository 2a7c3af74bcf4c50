use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::post::{PostFault, post};
use super::queue::{Alerts, Outcome, Queued};
use super::view;
use crate::config::WebhookUrl;
use crate::origin::Connector;
use crate::snapshot::Current;

/// The task that posts what is in the queue, one event after the other.
///
/// An event that is not accepted is tried again after 1 s to 5 min, longer each time, for a day;
/// those behind it wait. While there is no webhook, events are thrown away.
#[derive(Debug)]
pub struct Delivery {
    alerts: Alerts,
    host: Option<String>,
    /// Whether the log says already that the webhook cannot be reached.
    fails: bool,
}

impl Delivery {
    pub(super) fn new(alerts: Alerts) -> Self {
        Self {
            alerts,
            host: host(),
            fails: false,
        }
    }

    /// Delivers for ever, to the URL that the settings name at the time. Needs a runtime whose
    /// tasks stay on its thread.
    pub async fn run(mut self, current: Current, connector: Connector) {
        let url = || current.load().settings.webhook.clone();
        let post = async |url: &WebhookUrl, body: &str| post(&connector, url, body).await;
        loop {
            let queued = self.alerts.next().await;
            if let Some(outcome) = self.deliver(&queued, url, post).await {
                self.alerts.note(outcome);
            }
        }
    }

    /// Tries until the event is accepted, or it is of no use. None when nobody wants it.
    async fn deliver(
        &mut self,
        queued: &Queued,
        url: impl Fn() -> Option<WebhookUrl>,
        post: impl AsyncFn(&WebhookUrl, &str) -> Result<(), PostFault>,
    ) -> Option<Outcome> {
        let body = view::body(&queued.event, queued.time, self.host.as_deref());
        let mut attempt = 0;
        loop {
            let to = url()?;
            let Err(fault) = post(&to, &body).await else {
                self.accepted(&to);
                return Some(Outcome::Delivered);
            };
            let (event, reason) = (queued.event.code(), fault.code());
            if !fault.is_passing() {
                let hint = fault.hint();
                tracing::warn!(event, webhook = %to, reason, error = %fault, hint, "an event was refused");
                return Some(Outcome::Refused);
            }
            let wait = back_off(attempt, random()).max(fault.retry_after().unwrap_or_default());
            attempt += 1;
            if queued.since.elapsed().saturating_add(wait) > LONGEST {
                tracing::warn!(event, webhook = %to, reason, error = %fault, "an event is given up");
                return Some(Outcome::GivenUp);
            }
            self.failed(&to, event, &fault);
            wait_for(wait, || url().as_ref() != Some(&to)).await;
        }
    }

    fn failed(&mut self, to: &WebhookUrl, event: &str, fault: &PostFault) {
        let (reason, hint) = (fault.code(), fault.hint());
        if self.fails {
            tracing::debug!(event, webhook = %to, reason, error = %fault, "still not delivered");
        } else {
            tracing::warn!(event, webhook = %to, reason, error = %fault, hint, "cannot deliver an event; trying again for a day");
        }
        self.fails = true;
    }

    fn accepted(&mut self, to: &WebhookUrl) {
        if self.fails {
            tracing::info!(webhook = %to, "events are delivered again");
        }
        self.fails = false;
    }
}

/// The name of this machine, where the system tells it.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Waits for so long, or until the webhook is another one: somebody has mended it.
async fn wait_for(wait: Duration, changed: impl Fn() -> bool) {
    let start = Instant::now();
    loop {
        let left = wait.saturating_sub(start.elapsed());
        if left.is_zero() || changed() {
            return;
        }
        sleep(left.min(LOOK)).await;
    }
}

/// Twice as long each time, up to 5 min; between half of that and all of it, so that many edges do
/// not come back in the same moment.
fn back_off(attempt: u32, random: u64) -> Duration {
    let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
    let most = FIRST.saturating_mul(factor).min(MOST);
    let share = f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    (most / 2) + (most / 2).mul_f64(share)
}

fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// Half of it is the shortest wait: 1 s.
const FIRST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(300);

/// An event that is older than this is of no use.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How often to look whether the settings have changed.
const LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use http::StatusCode;

    use super::*;
    use crate::certificate::Timestamp;
    use crate::webhook::{Difference, Event};

    /// A webhook whose answers the test makes, and the seconds at which it was asked.
    struct Bench {
        delivery: Delivery,
        start: Instant,
        url: RefCell<Option<WebhookUrl>>,
        asked: RefCell<Vec<f64>>,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                delivery: Delivery::new(Alerts::default()),
                start: Instant::now(),
                url: RefCell::new("http://a.example.com".parse().ok()),
                asked: RefCell::default(),
            }
        }

        /// Delivers one event; `answer` gets the number of the attempt, from 0 on.
        async fn deliver(
            &mut self,
            answer: impl Fn(usize) -> Result<(), PostFault>,
        ) -> Option<Outcome> {
            let (start, asked) = (self.start, &self.asked);
            let post = async |_: &WebhookUrl, _: &str| {
                let attempt = asked.borrow().len();
                asked.borrow_mut().push(start.elapsed().as_secs_f64());
                answer(attempt)
            };
            let url = || self.url.borrow().clone();
            self.delivery.deliver(&queued(), url, post).await
        }

        fn waits(&self) -> Vec<f64> {
            let asked = self.asked.borrow();
            asked.windows(2).map(|pair| pair[1] - pair[0]).collect()
        }
    }

    fn queued() -> Queued {
        Queued {
            event: Event::ServedAgrees(Difference {
                domain: "play.example.com".parse().unwrap(),
                wanted: "refused".to_owned(),
                served: "refused".to_owned(),
                since: Timestamp(0),
            }),
            time: Timestamp(0),
            since: Instant::now(),
        }
    }

    fn status(status: StatusCode, retry_after: Option<u64>) -> Result<(), PostFault> {
        Err(PostFault::Status {
            status,
            retry_after: retry_after.map(Duration::from_secs),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_again_after_longer_and_longer_waits() {
        let mut bench = Bench::new();
        let outcome = bench.deliver(|attempt| match attempt {
            0..12 => Err(PostFault::Timeout),
            _ => Ok(()),
        });
        assert_eq!(outcome.await, Some(Outcome::Delivered));
        let waits = bench.waits();
        assert_eq!(waits.len(), 12);
        for (attempt, wait) in waits.into_iter().enumerate() {
            let most = (2.0 * 2_f64.powi(attempt as i32)).min(300.0);
            // The clock counts milliseconds.
            assert!(most / 2.0 <= wait && wait <= most + 0.002, "{wait} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_day_an_event_is_given_up() {
        let mut bench = Bench::new();
        let outcome = bench.deliver(|_| status(StatusCode::BAD_GATEWAY, None));
        assert_eq!(outcome.await, Some(Outcome::GivenUp));
        let end = bench.start.elapsed();
        assert!(LONGEST - MOST <= end && end <= LONGEST, "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_not_tried_again() {
        let mut bench = Bench::new();
        let outcome = bench.deliver(|_| status(StatusCode::NOT_FOUND, None));
        assert_eq!(outcome.await, Some(Outcome::Refused));
        assert_eq!(bench.asked.borrow().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_for_time_is_given_it() {
        let mut bench = Bench::new();
        let outcome = bench.deliver(|attempt| match attempt {
            0 => status(StatusCode::TOO_MANY_REQUESTS, Some(600)),
            1 => status(StatusCode::SERVICE_UNAVAILABLE, Some(u64::MAX)),
            _ => Ok(()),
        });
        assert_eq!(outcome.await, Some(Outcome::GivenUp), "more than a day");
        let waits = bench.waits();
        assert!(waits.len() == 1 && waits[0] >= 600.0, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_webhook_is_asked_at_once() {
        let mut bench = Bench::new();
        let other = "http://b.example.com".parse().ok();
        let mended = Cell::new(false);
        let url = || match mended.get() {
            false => "http://a.example.com".parse().ok(),
            true => other.clone(),
        };
        let post = async |to: &WebhookUrl, _: &str| match Some(to) == other.as_ref() {
            true => Ok(()),
            false => {
                mended.set(true);
                status(StatusCode::SERVICE_UNAVAILABLE, Some(3_600))
            }
        };
        let outcome = bench.delivery.deliver(&queued(), url, post).await;
        assert_eq!(outcome, Some(Outcome::Delivered));
        assert!(bench.start.elapsed() <= LOOK);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_webhook_nothing_is_kept() {
        let mut bench = Bench::new();
        bench.url.take();
        assert_eq!(bench.deliver(|_| Ok(())).await, None);
        assert!(bench.asked.borrow().is_empty());
    }

    #[test]
    fn the_wait_is_from_a_second_to_five_minutes() {
        for attempt in [0, 1, 8, 31, 32, u32::MAX] {
            for random in [0, u64::MAX / 2, u64::MAX] {
                let wait = back_off(attempt, random);
                assert!((FIRST / 2..=MOST).contains(&wait), "{attempt}: {wait:?}");
            }
        }
    }
}
