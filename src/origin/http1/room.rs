use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Room that the connections of one worker share, since each of them needs it for a moment only: a
/// stream that waits for its origin holds no buffer.
#[derive(Debug, Default)]
pub(in crate::origin) struct Room {
    /// What the next read goes into.
    incoming: RefCell<BytesMut>,
    /// What heads of requests are written into.
    heads: RefCell<Vec<Vec<u8>>>,
}

impl Room {
    /// Reads what is there, up to [`CHUNK`] bytes; nothing at the end of the stream.
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Bytes>> {
        let mut buffer = self.incoming.borrow_mut();
        buffer.reserve(CHUNK);
        {
            // Dropped at any time, it has lost nothing.
            let read = pin!(stream.read_buf(&mut *buffer));
            ready!(read.poll(cx))?;
        }
        Poll::Ready(Ok(match buffer.len() {
            // A slow viewer holds on to little more than it has to take.
            few if few <= CHUNK / 2 => {
                let bytes = Bytes::copy_from_slice(&buffer);
                buffer.clear();
                bytes
            }
            _ => buffer.split().freeze(),
        }))
    }

    /// Room for a head.
    pub(in crate::origin) fn head(&self) -> Vec<u8> {
        self.heads.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes it back.
    pub(in crate::origin) fn give_back(&self, mut head: Vec<u8>) {
        let mut heads = self.heads.borrow_mut();
        if heads.len() < MAX_HEADS && head.capacity() <= USUAL_HEAD {
            head.clear();
            heads.push(head);
        }
    }
}

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// As many as requests commonly wait at once in one worker.
const MAX_HEADS: usize = 64;

/// Larger ones are given back to the system.
const USUAL_HEAD: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_read_is_what_came() {
        let (mut writer, mut reader) = duplex(256 * 1024);
        let room = Room::default();
        for length in [1, 1000, CHUNK / 2, CHUNK / 2 + 1, CHUNK, 3] {
            let sent: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            writer.write_all(&sent).await.unwrap();
            let read = std::future::poll_fn(|cx| room.poll_read(&mut reader, cx));
            assert_eq!(read.await.unwrap(), sent);
        }
        drop(writer);
        let end = std::future::poll_fn(|cx| room.poll_read(&mut reader, cx));
        assert!(end.await.unwrap().is_empty());
    }
}
