use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};

use crate::http::Request;
use crate::load::{Limit, Plan};
use crate::origin;
use crate::target::{Target, Trust};

/// Load for TLS edge proxies: TLS 1.3, HTTP/1.1, one JSON line of results.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Cargo passes it to every bench target.
    #[arg(long, hide = true, global = true)]
    pub(crate) bench: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer /small with 1 KiB and /segment with 4 MiB over plain HTTP/1.1, until killed
    Origin {
        /// Address and port; the one that was bound is printed
        #[arg(long, value_name = "ADDR")]
        listen: String,
    },
    #[command(flatten)]
    Load(Load),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Load {
    /// New connection without resumption, one GET of 1 KiB, close; and again
    Connect(Options),
    /// GETs of 1 KiB over connections that stay open
    Request(Options),
    /// GETs of 4 MiB over connections that stay open
    Segment(Options),
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to connect to: host and port
    #[arg(long, value_name = "ADDR")]
    connect: String,

    /// The domain to ask for, in SNI and Host
    #[arg(long, value_name = "NAME")]
    sni: String,

    /// PEM file of the certificates to trust, in place of the public roots
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    ca: Option<PathBuf>,

    /// Verify the server in one of so many handshakes only, to spend less on each
    #[arg(long, default_value = "1", value_name = "N")]
    verify_every: NonZeroU64,

    /// Plain HTTP, no TLS
    #[arg(long)]
    plain: bool,

    /// Ask for this path; its answer may have any length (with Content-Length)
    #[arg(long)]
    path: Option<String>,

    /// How many connections at a time
    #[arg(long, default_value_t = 16, value_name = "N")]
    connections: usize,

    /// Stop after so many GETs
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    count: Option<u64>,

    /// Stop after so many seconds; those under way are finished
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    seconds: f64,
}

impl Load {
    /// What is meant by what was typed.
    pub(crate) async fn plan(self) -> anyhow::Result<Plan> {
        let (mode, keep_alive, page, options) = match self {
            Self::Connect(options) => ("connect", false, origin::SMALL, options),
            Self::Request(options) => ("request", true, origin::SMALL, options),
            Self::Segment(options) => ("segment", true, origin::SEGMENT, options),
        };
        ensure!(options.connections > 0, "--connections must be at least 1");
        let limit = match options.count {
            Some(count) => Limit::Count(count),
            None => Limit::Time(Duration::try_from_secs_f64(options.seconds).context("--seconds")?),
        };
        Ok(Plan {
            mode,
            keep_alive,
            request: match &options.path {
                Some(path) => Request::new(&options.sni, path, None),
                None => Request::new(&options.sni, page.path, Some(page.length)),
            },
            connections: options.connections,
            limit,
            target: options.target(page.length).await?,
        })
    }
}

impl Options {
    async fn target(self, length: u64) -> anyhow::Result<Target> {
        let address = tokio::net::lookup_host(&self.connect)
            .await
            .with_context(|| format!("--connect {}", self.connect))?
            .next()
            .with_context(|| format!("--connect {}: no address", self.connect))?;
        let target = if self.plain {
            Target::plain(address)
        } else {
            let trust = Trust {
                file: self.ca,
                every: self.verify_every,
            };
            Target::tls(address, self.sni, &trust)?
        };
        Ok(target.expecting(length))
    }
}
