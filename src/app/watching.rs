use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use tokio::runtime::LocalRuntime;
use tokio::task::AbortHandle;

use crate::admin::{Access, Admin, Changes};
use crate::health;
use crate::origin::Connector;
use crate::proof::{self, Changed, Entrance, Proofs, Prover};
use crate::reload::{Loaded, NearEnd, Report};
use crate::telemetry::Counters;
use crate::webhook::{self, Alerts, Event, Expiry};

/// What looks after the service beside it, on the thread of the admin listener: the proof of what
/// is served, the ends of certificates, the health of origins, and the delivery of events.
pub(super) struct Watching {
    proofs: Arc<Proofs>,
    alerts: Alerts,
    pub(super) prover: AbortHandle,
}

impl Watching {
    /// Starts all of it, and has the first load and each publish from now on noted and proven.
    pub(super) fn start(
        runtime: &LocalRuntime,
        loaded: &mut Loaded,
        entrances: &[Entrance],
        connector: Connector,
        provider: Arc<CryptoProvider>,
        note: impl Fn(&Report) + Send + 'static,
    ) -> Self {
        let current = loaded.current.clone();
        let (alerts, delivery) = webhook::channel();
        runtime.spawn_local(delivery.run(current.clone(), connector.clone()));
        runtime.spawn_local(health::watch(current.clone(), connector));
        let (changed, receiver) = proof::channel();
        let prover = Prover::new(receiver, current, entrances, provider, alerts.clone());
        let prover = runtime.spawn_local(prover.run());
        let proofs = Arc::clone(changed.proofs());
        let tell = {
            let alerts = alerts.clone();
            move |report: &Report| {
                note(report);
                tell(&changed, &alerts, report);
            }
        };
        tell(&loaded.report);
        loaded.reloader.after_reload(tell);
        Self {
            proofs,
            alerts,
            prover: prover.abort_handle(),
        }
    }

    /// What the admin listener tells, with what is found out here.
    pub(super) fn admin(
        &self,
        loaded: &Loaded,
        counters: Arc<Counters>,
        ready: &Arc<AtomicBool>,
        access: Access,
        changes: Changes,
    ) -> Admin {
        Admin {
            current: loaded.current.clone(),
            status: loaded.status.clone(),
            counters,
            ready: Arc::clone(ready),
            proofs: Arc::clone(&self.proofs),
            alerts: self.alerts.clone(),
            started: SystemTime::now().into(),
            access,
            changes,
        }
    }
}

fn tell(changed: &Changed, alerts: &Alerts, report: &Report) {
    report
        .near_end
        .iter()
        .map(event)
        .for_each(|it| alerts.send(it));
    let lists = [
        &report.domains_added,
        &report.domains_changed,
        &report.domains_removed,
    ];
    changed.domains(lists.into_iter().flatten());
}

fn event(near: &NearEnd) -> Event {
    let pairs = &near.certificate.pairs;
    let expiry = Expiry {
        certificate: near.certificate.name.clone(),
        fingerprint: pairs.fingerprint(),
        not_after: pairs.validity().not_after,
        days_left: near.days_left,
        domains: near.domains.clone(),
        domain_count: near.domain_count,
    };
    match near.threshold.days() {
        0 => Event::CertificateExpired(expiry),
        _ => Event::CertificateExpiring(expiry),
    }
}
