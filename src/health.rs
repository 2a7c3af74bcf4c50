//! Health checks: endpoints are asked whether they are well, where a domain says so.
//!
//! Once for the process, beside the service, not once for each worker: what it finds out is in the
//! endpoint, where all workers see it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config::HealthCheck;
use crate::origin::{Connector, Endpoint, Error};
use crate::proxy_protocol::Version;
use crate::snapshot::{Current, Snapshot};

/// Checks all endpoints whose domains want it, for ever. One that several domains name is checked
/// once, as the one of them wants it that asks most often.
pub async fn watch(current: Current, connector: Connector) {
    let mut running = HashMap::new();
    let mut generation = None;
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let snapshot = current.hold();
        if generation.replace(snapshot.generation) != Some(snapshot.generation) {
            take_over(&mut running, wanted(&snapshot), &connector);
        }
    }
}

/// What is asked of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    health: HealthCheck,
    /// The header that connections of the domain begin with.
    header: Option<Version>,
}

/// Checks by the endpoint's number.
type Wanted = HashMap<u64, (Arc<Endpoint>, Check)>;

fn wanted(snapshot: &Snapshot) -> Wanted {
    let mut wanted = Wanted::new();
    for domain in snapshot.domains.values() {
        let Some(health) = &domain.config.health else {
            continue;
        };
        let check = Check {
            health: health.clone(),
            header: domain.config.proxy_protocol,
        };
        for (endpoint, _) in domain.origins.endpoints() {
            let key = |check: &Check| (check.health.interval, check.health.path.to_string());
            let known = wanted.get(&endpoint.number());
            let counts = known.is_none_or(|(_, known)| key(&check) < key(known));
            // Nobody asks the demonstration origin, nor in HTTP what does not speak it.
            if counts && endpoint.url().is_http() {
                wanted.insert(endpoint.number(), (Arc::clone(endpoint), check.clone()));
            }
        }
    }
    wanted
}

/// A check under way; it ends with this value.
struct Running {
    endpoint: Arc<Endpoint>,
    check: Check,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
        self.endpoint.check_passed();
    }
}

/// Ends the checks that are not wanted any more, and begins those that are new.
fn take_over(running: &mut HashMap<u64, Running>, wanted: Wanted, connector: &Connector) {
    running.retain(|number, running| {
        let wanted = wanted.get(number);
        wanted.is_some_and(|(_, check)| *check == running.check)
    });
    for (number, (endpoint, check)) in wanted {
        running.entry(number).or_insert_with(|| {
            let repeat = repeat(connector.clone(), Arc::clone(&endpoint), check.clone());
            let task = spawn_local(repeat).abort_handle();
            Running {
                endpoint,
                check,
                task,
            }
        });
    }
}

async fn repeat(connector: Connector, endpoint: Arc<Endpoint>, check: Check) {
    let mut ticks = interval(check.health.interval.max(SHORTEST));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = timeout(check.health.timeout, is_well(&connector, &endpoint, &check)).await;
        match asked {
            Ok(Ok(true)) => endpoint.check_passed(),
            _ => endpoint.check_failed(),
        }
    }
}

/// Asks on a connection of its own: a kept one would tell less.
async fn is_well(connector: &Connector, endpoint: &Endpoint, check: &Check) -> Result<bool, Error> {
    let authority = endpoint.url().authority().ok_or(Error::NoEndpoint)?;
    let own = || HeaderValue::from_str(authority.as_str()).ok();
    let host = check
        .health
        .host
        .clone()
        .or_else(own)
        .ok_or(Error::NoEndpoint)?;
    let mut request = Request::new(String::new());
    *request.uri_mut() = check.health.path.clone().into();
    request.headers_mut().insert(HOST, host);
    let product = HeaderValue::from_static(PRODUCT);
    request.headers_mut().insert(USER_AGENT, product);
    let header = check.header.map(Version::own);
    let asked = connector.ask(endpoint.url(), header.as_deref(), request);
    let status = asked.await?.status();
    Ok(status.is_success() || status.is_redirection())
}

const PRODUCT: &str = concat!("lockgate/", env!("CARGO_PKG_VERSION"));

/// How often it looks whether other checks are wanted: a comparison of two numbers.
const LOOK: Duration = Duration::from_secs(1);

/// More often would be a load of its own.
const SHORTEST: Duration = Duration::from_millis(100);
