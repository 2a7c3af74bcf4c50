use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::connection::{Connection, Seat};

/// The connections of one worker to one endpoint, the oldest first.
#[derive(Debug, Default)]
pub(in crate::origin) struct Connections {
    open: RefCell<Vec<Rc<Connection>>>,
    opening: Mutex<()>,
}

impl Connections {
    /// A place on the first one that has any, so that the last ones become idle.
    pub(in crate::origin) fn take(&self) -> Option<Seat> {
        let mut open = self.open.borrow_mut();
        open.retain(|connection| connection.is_open());
        open.iter().find_map(Connection::seat)
    }

    /// A turn to open one: requests that come at once shall share it.
    pub(in crate::origin) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.opening.lock().await
    }

    /// A place on a new one.
    pub(in crate::origin) fn add(&self, connection: Rc<Connection>) -> Seat {
        let seat = Seat::on(Rc::clone(&connection));
        self.open.borrow_mut().push(connection);
        seat
    }

    /// Lets go of those that ended, or had nothing to do for so long. Says how many are left.
    pub(in crate::origin) fn sweep(&self, now: Instant, max_idle: Duration) -> usize {
        let mut open = self.open.borrow_mut();
        let is_fresh = |since| now.saturating_duration_since(since) < max_idle;
        open.retain(|it| it.is_open() && it.idle_since().is_none_or(is_fresh));
        open.len()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::LocalSet;

    use super::*;
    use crate::origin::http1::Stream;

    /// Runs a test beside an endpoint that accepts and says nothing.
    async fn with_one(test: impl AsyncFnOnce(Connections, Rc<Connection>)) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let run = async {
            let stream = TcpStream::connect(address).await.unwrap();
            let connection = Connection::begin(Stream::Plain(stream)).await.unwrap();
            test(Connections::default(), connection).await;
        };
        LocalSet::new().run_until(run).await;
    }

    #[tokio::test]
    async fn a_connection_has_places_for_some_and_fewer_once_it_refused_one() {
        with_one(async |connections, connection| {
            let mut seats = vec![connections.add(connection)];
            while let Some(seat) = connections.take() {
                seats.push(seat);
            }
            assert_eq!(seats.len(), 32);
            seats.truncate(4);
            let refused = connections.take().unwrap();
            refused.refused();
            drop(refused);
            assert!(connections.take().is_none());
            seats.pop();
            assert!(connections.take().is_some());
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_idle_for_long_is_let_go() {
        with_one(async |connections, connection| {
            let seat = connections.add(connection);
            let (limit, later) = (Duration::from_secs(60), Duration::from_secs(61));
            assert_eq!(connections.sweep(Instant::now() + later, limit), 1);
            drop(seat);
            assert_eq!(connections.sweep(Instant::now(), limit), 1);
            assert_eq!(connections.sweep(Instant::now() + later, limit), 0);
        })
        .await;
    }
}
