use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

use crate::http::Activity;

/// A stream that tells its connection's activity when bytes come, and while bytes wait to go.
pub(super) struct Watched<S> {
    stream: S,
    activity: Rc<Activity>,
    /// Whether bytes that come to an idle connection begin a request. With HTTP/2 they may be
    /// anything.
    bytes_are_requests: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Rc<Activity>, bytes_are_requests: bool) -> Self {
        Self {
            stream,
            activity,
            bytes_are_requests,
        }
    }

    pub(super) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    fn wrote<T>(&self, result: Poll<T>) -> Poll<T> {
        self.activity.set_writing(result.is_pending());
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        charge(cx, buffer.filled().len() - before);
        if self.bytes_are_requests && buffer.filled().len() > before {
            self.activity.bytes_came();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Takes what was read off the budget of the task, which gives way to others when that is used up:
/// tokio counts reads, but one that fills a buffer brings hundreds of frames, each with some work.
fn charge(cx: &mut Context<'_>, bytes: usize) {
    for _ in 0..bytes / BYTES_OF_A_STEP {
        match coop::poll_proceed(cx) {
            Poll::Ready(step) => step.made_progress(),
            Poll::Pending => return,
        }
    }
}

/// A task has 128 steps before others have their turn: 32 KiB, or two thousand of the shortest
/// frames, half a millisecond.
const BYTES_OF_A_STEP: usize = 256;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_task_gives_way_after_so_many_bytes() {
        let used_up = |bytes| {
            poll_fn(move |cx| {
                charge(cx, bytes);
                Poll::Ready(!coop::has_budget_remaining())
            })
        };
        assert!(!tokio::spawn(used_up(16 * 1024)).await.unwrap());
        assert!(tokio::spawn(used_up(64 * 1024)).await.unwrap());
    }
}
