use super::shelf::ShelfFault;
use crate::certificate::{self, Refusal, Timestamp};
use crate::domain::Pattern;
use crate::edit::EditFault;
use crate::edit::files::WriteFault;
use crate::reload::{OrderFault, Problem};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// There is no such domain; with what is wrong with its table, if one is there.
    #[error("no domain has the name {0}")]
    UnknownDomain(Pattern, Vec<Problem>),
    /// There is no such certificate; with what is wrong with its files, if some are there.
    #[error("no certificate has the name \"{0}\"")]
    UnknownCertificate(certificate::Name, Vec<Problem>),
    /// It is not the version that was asked for.
    #[error("it is another version than the one that `If-Match` names")]
    OtherVersion,
    /// A table cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditFault),
    /// What was asked for is nothing that the configuration takes.
    #[error("the configuration does not take it")]
    Invalid(Vec<Problem>),
    /// HTTPS would end that browsers hold to.
    #[error(
        "browsers were told to ask {} over HTTPS alone until {until} (HSTS)",
        names_for_humans(.domains)
    )]
    HstsRuns {
        /// The domains.
        domains: Vec<Pattern>,
        /// Up to when, for the last of them.
        until: Timestamp,
    },
    /// The certificate cannot be put in use.
    #[error("{0}")]
    Certificate(Refusal),
    /// The certificate is kept in a way that an edit cannot keep up.
    #[error("the files of \"{0}\" are kept in a layout that cannot be edited here")]
    Layout(certificate::Name),
    /// Neither one pair nor two.
    #[error("a certificate has one pair, or two: with an RSA key and with another")]
    Pairs,
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteFault),
    /// History does not give it.
    #[error(transparent)]
    Shelf(#[from] ShelfFault),
    /// The reload does not answer.
    #[error(transparent)]
    Order(#[from] OrderFault),
}

impl Rejection {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownDomain(..) => "unknown_domain",
            Self::UnknownCertificate(..) => "unknown_certificate",
            Self::OtherVersion => "other_version",
            Self::Edit(fault) => fault.code(),
            Self::Invalid(_) => "invalid_configuration",
            Self::HstsRuns { .. } => "hsts_runs",
            Self::Certificate(refusal) => refusal.code(),
            Self::Layout(_) => "layout_not_editable",
            Self::Pairs => "pairs_count",
            Self::Write(fault) => fault.code(),
            Self::Shelf(fault) => fault.code(),
            Self::Order(fault) => fault.code(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownDomain(..) => "list the domains; add this one first",
            Self::UnknownCertificate(..) => "list the certificates; add this one first",
            Self::OtherVersion => "read it again, and decide anew",
            Self::Edit(fault) => fault.hint(),
            Self::Invalid(_) => "mend what `problems` names",
            Self::HstsRuns { .. } => {
                "wait until then, or ask for it with `force_https_off`: those browsers cannot reach \
                 the domain then"
            }
            Self::Certificate(refusal) => refusal.hint(),
            Self::Layout(_) => {
                "put new files in place where they are, or in a directory of the certificate's own"
            }
            Self::Pairs => "give the chain and the key of each",
            Self::Write(fault) => fault.hint(),
            Self::Shelf(fault) => fault.hint(),
            Self::Order(fault) => fault.hint(),
        }
    }

    /// The single problems, where it has some.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::UnknownDomain(_, problems)
            | Self::UnknownCertificate(_, problems)
            | Self::Invalid(problems) => problems,
            _ => &[],
        }
    }
}

fn names_for_humans(domains: &[Pattern]) -> String {
    let (shown, rest) = domains.split_at(domains.len().min(SHOWN));
    let shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
    match rest.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Domains that a sentence names.
const SHOWN: usize = 5;
