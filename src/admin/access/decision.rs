use std::time::Duration;

use http::{HeaderMap, Method, Request};

use super::bearer::bearer;
use super::keys::Keys;
use super::peer::Peer;
use super::refusal::Refusal;
use super::{host, origin};
use crate::admin::console::Asset;
use crate::config::{AdminHost, OpenPath};
use crate::state::Role;

/// What a request says before its body.
#[derive(Clone, Copy, Debug)]
pub(in crate::admin) struct Asked<'r> {
    pub(super) method: &'r Method,
    pub(super) path: &'r str,
    /// The host of a target in absolute form.
    pub(super) authority: Option<&'r str>,
    pub(super) headers: &'r HeaderMap,
}

impl<'r> Asked<'r> {
    pub(in crate::admin) fn of<B>(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            path: request.uri().path(),
            authority: request.uri().authority().map(|it| it.as_str()),
            headers: request.headers(),
        }
    }

    /// Whether it changes nothing.
    fn only_reads(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }
}

/// What is in place when a request comes.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// What it may call us, beside loopback and the address that it came to.
    pub(super) hosts: &'a [AdminHost],
    /// What may be read without a token.
    pub(super) open: &'a [OpenPath],
    /// How long its address has to wait.
    pub(super) wait: Option<Duration>,
    /// The tokens.
    pub(super) keys: &'a Keys,
}

/// Decides whether a request may be answered: with the role of who asks, or none where everybody
/// may.
pub(super) fn decide(
    asked: &Asked<'_>,
    peer: &Peer,
    rules: &Rules<'_>,
) -> Result<Option<Role>, Refusal> {
    if !host::is_ours(asked, peer, rules.hosts) {
        return Err(Refusal::Host);
    }
    if !origin::is_own(asked, peer) {
        return Err(Refusal::Origin);
    }
    if is_open(asked, rules.open) || is_shell(asked) {
        return Ok(None);
    }
    let shown = bearer(asked.headers).ok_or(Refusal::NoToken)?;
    if let Some(wait) = rules.wait {
        return Err(Refusal::TooManyTries(wait));
    }
    let role = rules.keys.role_of(shown).ok_or(Refusal::UnknownToken)?;
    match role {
        Role::Viewer if !asked.only_reads() => Err(Refusal::Role(role)),
        role => Ok(Some(role)),
    }
}

fn is_open(asked: &Asked<'_>, open: &[OpenPath]) -> bool {
    let is_open = open.iter().any(|open| open.path() == asked.path);
    asked.path == HEALTH || is_open && asked.only_reads()
}

/// The console's pages and scripts, which are the same for everybody.
fn is_shell(asked: &Asked<'_>) -> bool {
    asked.only_reads() && Asset::at(asked.path).is_some()
}

/// It tells nothing but that the process runs, which whoever can connect knows.
const HEALTH: &str = "/healthz";

#[cfg(test)]
mod tests;
