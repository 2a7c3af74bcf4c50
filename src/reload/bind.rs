use std::sync::Arc;

use super::Now;
use super::certificates::Certificates;
use super::problem::BindingFault;
use crate::certificate::{Certificate, Timestamp};
use crate::config::{self, Binding};

/// Finds the certificate for a domain. When the newest binding does not hold, the last good one
/// does; but a certificate that was deleted is not kept alive by the domains bound to it.
pub(super) fn bind(
    config: &config::Domain,
    last: Option<Arc<Certificate>>,
    certificates: &Certificates,
    held: Option<Timestamp>,
    now: Now,
) -> (Option<Arc<Certificate>>, Option<BindingFault>) {
    let holds =
        |certificate: &Certificate| config.allow_mismatch || certificate.pairs.covers(&config.name);
    // Its newest version, if that holds; the one that was last good, if not.
    let newest = last.as_ref().and_then(|last| certificates.get(&last.name));
    let last = match newest {
        Some(newest) if holds(newest) => Some(Arc::clone(newest)),
        Some(_) => last,
        None => None,
    };
    match &config.binding {
        Binding::Unbound => (last.filter(|_| held.is_some()), None),
        Binding::Auto => match certificates.best_for(&config.name, now) {
            Some(certificate) => (Some(Arc::clone(certificate)), None),
            None => (last, Some(BindingFault::NoMatch)),
        },
        Binding::Named(name) => match certificates.get(name) {
            Some(certificate) if holds(certificate) => (Some(Arc::clone(certificate)), None),
            Some(certificate) => {
                let fault = BindingFault::NameNotCovered {
                    certificate: name.clone(),
                    names: certificate.pairs.names_for_humans(),
                };
                (last, Some(fault))
            }
            None => (last, Some(BindingFault::CertificateUnknown(name.clone()))),
        },
    }
}

pub(super) fn is_past(certificate: &Certificate, now: Now) -> bool {
    certificate.pairs.validity().is_past(now.wall)
}
