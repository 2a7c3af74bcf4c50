//! Work on a thread of its own, so that it neither waits for the test nor holds it up.

use std::thread;

use tokio::runtime;
use tokio::sync::oneshot;

/// A future that runs apart. Dropped, it ends with all that it spawned.
pub(crate) struct Apart<T> {
    result: oneshot::Receiver<T>,
    _alive: oneshot::Sender<()>,
}

impl<T: Send + 'static> Apart<T> {
    pub(crate) fn run(work: impl Future<Output = T> + Send + 'static) -> Self {
        let (alive, dropped) = oneshot::channel::<()>();
        let (tell, result) = oneshot::channel();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("the system gives a runtime");
            runtime.block_on(async {
                tokio::select! {
                    done = work => drop(tell.send(done)),
                    _ = dropped => {}
                }
            });
        });
        Self {
            result,
            _alive: alive,
        }
    }

    /// Waits for what comes of it.
    pub(crate) async fn done(self) -> T {
        self.result.await.expect("nothing panics on its thread")
    }
}
