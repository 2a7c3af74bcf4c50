//! Events for the operator, posted as JSON to one URL: certificates that come near their end, and
//! domains that are served with another certificate than they should be.
//!
//! Whoever has something to tell puts an [`Event`] into the queue and goes on; one task delivers
//! them, one at a time and in their order. What arrives may arrive twice: an answer can be lost
//! where the event was not.

mod delivery;
mod event;
mod post;
mod queue;
mod view;

pub use delivery::Delivery;
pub use event::{Difference, Event, Expiry};
pub use post::PostFault;
pub use queue::{Alerts, Outcome};

/// Makes the two ends: a handle for those who tell, to clone, and the one task that delivers.
pub fn channel() -> (Alerts, Delivery) {
    let alerts = Alerts::default();
    (alerts.clone(), Delivery::new(alerts))
}
