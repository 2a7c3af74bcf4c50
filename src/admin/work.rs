use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::fault::Fault;

/// Does what takes its time on a thread of its own, one thing after the other: on the thread of the
/// admin listener, proofs and events would wait for it, and two scrapes at once would take two cores
/// from the viewers.
#[derive(Clone, Debug)]
pub struct Work {
    jobs: SyncSender<Job>,
    longest: Duration,
}

type Job = Box<dyn FnOnce() + Send>;

impl Work {
    /// Starts a thread; it ends with the last clone. `longest` is what is waited for a job, those
    /// before it included.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(name: &str, longest: Duration) -> io::Result<Self> {
        let (sender, jobs) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(move || work(&jobs))?;
        Ok(Self {
            jobs: sender,
            longest,
        })
    }

    /// What a job returns, once its turn has come.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, done) = oneshot::channel();
        let job = Box::new(move || {
            // Who asked may have gone.
            if !sender.is_closed() {
                let _ = sender.send(job());
            }
        });
        self.jobs.try_send(job).map_err(|_| Fault::Busy)?;
        match timeout(self.longest, done).await {
            Ok(done) => done.map_err(|_| Fault::Bug),
            Err(_) => Err(Fault::Busy),
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    for job in jobs {
        // A bug in one must not end all; it is in the log by now.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// More who wait at once are told to come later.
const QUEUE: usize = 16;

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_ends_only_itself() {
        let work = Work::start("test", Duration::from_secs(10)).unwrap();
        let bug: Result<(), _> = work.run(|| panic!("a bug")).await;
        assert!(matches!(bug, Err(Fault::Bug)));
        assert_eq!(work.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_bounded_number_waits() {
        let work = Work::start("test", Duration::from_secs(10)).unwrap();
        let (open, gate) = sync_channel::<()>(0);
        let mut asking = JoinSet::new();
        let first = work.clone();
        asking.spawn(async move { first.run(move || gate.recv().unwrap_or_default()).await });
        // The thread may have taken the first one from the queue by then, or not.
        for _ in 0..=QUEUE + 1 {
            let work = work.clone();
            asking.spawn(async move { work.run(|| ()).await });
        }
        let refused = asking.join_next().await.unwrap().unwrap();
        assert!(matches!(refused, Err(Fault::Busy)));
        drop(open);
        let others = asking.join_all().await;
        assert!(others.iter().filter(|it| it.is_ok()).count() >= QUEUE);
    }
}
