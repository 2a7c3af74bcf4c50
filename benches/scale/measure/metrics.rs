use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::edge::Running;

/// How many lines the metrics have. They are counted as they come: with many domains they are long.
pub(super) async fn lines(running: &Running) -> anyhow::Result<usize> {
    let address = running.metrics().context("no metrics")?;
    let lines = timeout(PATIENCE, count(address)).await;
    lines.context("no metrics in time")?
}

async fn count(address: SocketAddr) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut lines, mut head) = (0, None);
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            let head = head.context("an empty answer")?;
            return Ok(lines - head);
        }
        let bytes = &buffer[..read];
        // The head comes in the first piece, of which it is a small part.
        head.get_or_insert_with(|| head_lines(bytes));
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
    }
}

fn head_lines(bytes: &[u8]) -> usize {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .position(|line| line == b"\r\n")
        .map_or(0, |at| at + 1)
}

const PATIENCE: Duration = Duration::from_secs(60);
