use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

/// Connects to the first of these addresses that answers.
///
/// One that says nothing holds up the next by a moment only, not until the deadline (RFC 8305 section
/// 5); one that refuses, not at all.
///
/// # Errors
///
/// When none answers; the error of the last one. There is no deadline here.
pub(super) async fn first<T, F>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    T: 'static,
    F: Future<Output = io::Result<T>> + 'static,
{
    let mut addresses = addresses.into_iter().peekable();
    let mut attempts = JoinSet::new();
    let mut error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let next = addresses.next();
        let is_last = addresses.peek().is_none();
        match next {
            // Nearly all names have one address.
            Some(address) if is_last && attempts.is_empty() => return connect(address).await,
            Some(address) => drop(attempts.spawn_local(connect(address))),
            None => {}
        }
        tokio::select! {
            done = attempts.join_next() => match done {
                Some(Ok(Ok(connected))) => return Ok(connected),
                Some(Ok(Err(failed))) => error = failed,
                Some(Err(panicked)) => error = io::Error::other(panicked),
                None => return Err(error),
            },
            () = sleep(MOMENT), if !is_last => {}
        }
    }
}

/// What RFC 8305 section 8 recommends.
const MOMENT: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;
    use std::rc::Rc;

    use tokio::task::LocalSet;
    use tokio::time::Instant;

    use super::*;

    /// What comes of ports of which one answers, and in which order they are asked.
    async fn ask(ports: &[u16], answers: u16) -> (io::Result<u16>, Vec<u16>) {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let addresses = ports
            .iter()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], *port)));
        let connected = first(addresses, |address| {
            let asked = Rc::clone(&asked);
            async move {
                asked.borrow_mut().push(address.port());
                match address.port() {
                    SILENT => pending().await,
                    port if port == answers => Ok(port),
                    _ => Err(io::ErrorKind::ConnectionRefused.into()),
                }
            }
        });
        let connected = LocalSet::new().run_until(connected).await;
        (connected, asked.take())
    }

    const SILENT: u16 = 1;

    #[tokio::test(start_paused = true)]
    async fn all_addresses_are_tried_and_silent_ones_do_not_hold_up_the_rest() {
        let start = Instant::now();
        let (connected, asked) = ask(&[2, 3, 4], 3).await;
        assert_eq!((connected.unwrap(), asked), (3, vec![2, 3]));
        assert_eq!(start.elapsed(), Duration::ZERO);
        let (connected, asked) = ask(&[SILENT, SILENT, 3, 4], 3).await;
        assert_eq!((connected.unwrap(), asked.len()), (3, 3));
        assert_eq!(start.elapsed(), MOMENT * 2);
        let (failed, asked) = ask(&[2, 3], 9).await;
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(asked, [2, 3]);
        assert!(ask(&[], 9).await.0.is_err());
    }
}
