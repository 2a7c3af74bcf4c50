//! What an operator and the world do to a running edge in a soak.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Ca, Domain, Edge, Random, Source, pause};

/// Changes things until the end, and leaves them as they were.
pub(super) struct Operator<'a> {
    pub(super) ca: &'a Ca,
    pub(super) edge: &'a Edge,
    pub(super) source: &'a mut Source,
    /// Domains; those at odd places lose their HTTPS now and then.
    pub(super) domains: &'a [String],
    pub(super) random: Random,
    pub(super) end: Instant,
}

impl Operator<'_> {
    pub(super) async fn works(mut self) {
        while Instant::now() < self.end {
            match self.random.between(0, 8) {
                0..4 => self.rotate(),
                4..7 => self.change(),
                _ => self.restart().await,
            }
            pause(Duration::from_millis(self.random.between(20, 200))).await;
        }
        for domain in self.domains {
            self.edge.config.domain(&table(domain, self.source));
        }
    }

    fn rotate(&mut self) {
        let domain = self.random.one(self.domains);
        let pair = self.ca.issue(&[domain]);
        self.edge.config.install(domain, &pair);
    }

    /// Switches HTTPS off or on, unbinds or binds.
    fn change(&mut self) {
        let odd: Vec<_> = self.domains.iter().skip(1).step_by(2).collect();
        let domain = *self.random.one(&odd);
        let table = match self.random.between(0, 4) {
            0 => table(domain, self.source).https(false),
            1 => Domain::named(domain).origin(self.source.url()),
            _ => table(domain, self.source),
        };
        self.edge.config.domain(&table);
    }

    /// The origin dies, and is back after a while.
    async fn restart(&mut self) {
        self.source.kill();
        pause(Duration::from_millis(self.random.between(0, 300))).await;
        self.source.revive().await;
    }
}

/// A domain as it is from the beginning.
pub(super) fn table(domain: &str, source: &Source) -> Domain {
    Domain::named(domain)
        .origin(source.url())
        .certificate(domain)
}
