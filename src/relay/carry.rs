use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::direction::Direction;
use crate::pump::{Broken, Pump};

/// Carries bytes both ways until each direction has ended, or one of the two sends nothing any more
/// though it did not say so. Returns how it ended.
pub(super) async fn carry<C, O>(
    [down, up]: [&Direction; 2],
    client: &mut C,
    origin: &mut O,
) -> &'static str
where
    C: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (mut down, mut up) = (Way::new(down), Way::new(up));
    let mut outcome = None;
    poll_fn(|cx| {
        let down_ends = down.poll(cx, origin, client, [ORIGIN_BROKE, CLIENT_GONE]);
        let up_ends = up.poll(cx, client, origin, [CLIENT_GONE, ORIGIN_BROKE]);
        for ends in [&down_ends, &up_ends] {
            if let Poll::Ready(Err(end)) = ends {
                outcome.get_or_insert(end.outcome);
            }
        }
        let is_over = |ends: &Poll<Result<(), End>>| match ends {
            Poll::Pending => None,
            Poll::Ready(result) => Some(result.is_err_and(|end| end.is_all)),
        };
        match (is_over(&down_ends), is_over(&up_ends)) {
            (Some(false), Some(false)) | (Some(true), _) | (_, Some(true)) => {
                Poll::Ready(outcome.unwrap_or(COMPLETE))
            }
            _ => Poll::Pending,
        }
    })
    .await
}

/// One direction, with its end.
struct Way<'r> {
    pump: Pump,
    direction: &'r Direction,
    phase: Phase,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Bytes come, or may come.
    Open,
    /// No more come: the other end is to hear of it.
    Closing,
    /// It is over, in whatever way.
    Over(Result<(), End>),
}

/// How a direction breaks.
#[derive(Clone, Copy)]
struct End {
    /// Whose doing it is.
    outcome: &'static str,
    /// Whether the other direction is of no use any more. Who takes nothing may have sent something
    /// before: that still goes on, until the end.
    is_all: bool,
}

impl<'r> Way<'r> {
    fn new(direction: &'r Direction) -> Self {
        Self {
            pump: Pump::new(&[], ()),
            direction,
            phase: Phase::Open,
        }
    }

    /// Ready when it is over, as often as it is asked. `blame` has whose doing it is when `from`
    /// breaks, and when `to` does.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        blame: [&'static str; 2],
    ) -> Poll<Result<(), End>> {
        if let Phase::Over(result) = self.phase {
            return Poll::Ready(result);
        }
        let result = self.step(cx, from, to);
        let waits = !self.pump.is_empty() || matches!(self.phase, Phase::Closing);
        self.direction.set_waits(waits && result.is_pending());
        let [from, to] = blame;
        let result = ready!(result).map_err(|broken| match broken {
            Broken::From(_) => End::new(from, true),
            Broken::To(_) => End::new(to, false),
        });
        self.phase = Phase::Over(result);
        Poll::Ready(result)
    }

    fn step(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<Result<(), Broken>> {
        if matches!(self.phase, Phase::Open) {
            let moved = |bytes| self.direction.moved(bytes);
            ready!(self.pump.poll(cx, from, to, moved))?;
            self.phase = Phase::Closing;
        }
        Pin::new(to).poll_shutdown(cx).map_err(Broken::To)
    }
}

impl End {
    fn new(outcome: &'static str, is_all: bool) -> Self {
        Self { outcome, is_all }
    }
}

const COMPLETE: &str = "complete";

/// The origin broke off, or took nothing more.
const ORIGIN_BROKE: &str = "origin_broke";

/// The client did.
const CLIENT_GONE: &str = "client_gone";

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, join};
    use tokio::time::Instant;

    use super::*;

    /// One end of a connection whose directions are apart: what is read there, and what is written.
    fn end() -> (
        impl AsyncRead + AsyncWrite + Unpin,
        DuplexStream,
        DuplexStream,
    ) {
        let ((read, feed), (write, taken)) = (duplex(64), duplex(64));
        (join(read, write), feed, taken)
    }

    fn directions() -> [Direction; 2] {
        [(); 2].map(|()| Direction::new(Instant::now()))
    }

    #[tokio::test]
    async fn each_direction_ends_by_itself() {
        let (mut client, mut from_client, mut to_client) = end();
        let (mut origin, mut from_origin, mut to_origin) = end();
        let [down, up] = directions();
        let talk = async {
            let mut heard = Vec::new();
            from_client.write_all(b"up").await.unwrap();
            from_client.shutdown().await.unwrap();
            to_origin.read_to_end(&mut heard).await.unwrap();
            from_origin.write_all(b"down").await.unwrap();
            from_origin.shutdown().await.unwrap();
            to_client.read_to_end(&mut heard).await.unwrap();
            heard
        };
        let (outcome, heard) = tokio::join!(carry([&down, &up], &mut client, &mut origin), talk);
        assert_eq!((outcome, &heard[..]), (COMPLETE, &b"updown"[..]));
        assert_eq!((down.bytes(), up.bytes()), (4, 2));
    }

    #[tokio::test]
    async fn who_takes_nothing_more_is_heard_to_the_end() {
        let (mut client, mut from_client, mut to_client) = end();
        let (mut origin, mut from_origin, to_origin) = end();
        let [down, up] = directions();
        drop(to_origin);
        from_client.write_all(b"in vain").await.unwrap();
        let tell = async {
            for _ in 0..100 {
                from_origin.write_all(b"a part of it, ").await.unwrap();
            }
            drop(from_origin);
        };
        let mut heard = Vec::new();
        let (outcome, (), read) = tokio::join!(
            carry([&down, &up], &mut client, &mut origin),
            tell,
            to_client.read_to_end(&mut heard)
        );
        assert_eq!((outcome, read.unwrap()), (ORIGIN_BROKE, 1400));
    }
}
