use std::io::{self, Write};
use std::net::SocketAddr;

use anyhow::ensure;
use tokio::net::TcpListener;

use crate::http::Request;
use crate::load::{self, Limit, Plan};
use crate::origin::{self, Page, SEGMENT, SMALL};
use crate::report::Report;
use crate::target::Target;

/// Each load against an origin of its own for a moment, so that this program cannot rot; and that
/// wrong answers are noticed.
pub(crate) async fn run() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(origin::serve(listener));

    let loads = [
        ("connect", false, SMALL, 200),
        ("request", true, SMALL, 2000),
        ("segment", true, SEGMENT, 20),
    ];
    for (mode, keep_alive, page, count) in loads {
        let report = ask(address, mode, keep_alive, page, count).await;
        writeln!(io::stdout(), "{}", report.line()?)?;
        ensure!(report.is_clean(), "{mode}: {:?}", report.first_failure);
    }

    let wrong = [
        Page {
            path: "/none",
            ..SMALL
        },
        Page { length: 1, ..SMALL },
    ];
    for page in wrong {
        let report = ask(address, "request", true, page, 1).await;
        ensure!(!report.is_clean(), "a wrong answer to {page:?} passed");
    }
    Ok(())
}

async fn ask(
    address: SocketAddr,
    mode: &'static str,
    keep_alive: bool,
    page: Page,
    count: u64,
) -> Report {
    load::run(Plan {
        mode,
        target: Target::plain(address),
        request: Request::new("localhost", page.path, Some(page.length)),
        keep_alive,
        connections: 4,
        limit: Limit::Count(count),
    })
    .await
}
