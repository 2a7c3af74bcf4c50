//! The JSON that the admin listener answers with, apart from the types inside: `lockgate status`
//! reads what the listener writes.
//!
//! Keys are snake_case, times RFC 3339 in UTC, fingerprints SHA-256 in lower-case hex. Nothing in it
//! is secret. What is not there is `null`.

mod audit;
mod certificate;
mod domain;
mod history;
mod list;
mod outcome;
mod problem;
mod session;
mod status;

pub use audit::{Audit, Audits, By, Replaced, Touched, Trouble};
pub use certificate::{Certificate, Pair};
pub use domain::{Domain, Hsts, Policy, Proof};
pub use history::{History, Inspection, Version};
pub use list::{Excerpt, Page};
pub use outcome::{CertificateChange, DomainChange, Outcome, Reason, Served};
pub use problem::{Failure, Problem};
pub use session::Session;
pub use status::{Change, Differing, Domains, End, Problems, ReasonCount, Status, Tickets};
