use super::tag::Condition;
use crate::certificate::{self, PairText};
use crate::domain::Pattern;
use crate::edit::{Key, Value};
use crate::reload::{Actor, Way};
use crate::state::Version;

/// Keys of a table: what they shall be, or that they shall not be there.
pub type Keys = Vec<(Key, Option<Value>)>;

/// A change that somebody asks for.
#[derive(Debug)]
pub struct Request {
    /// What shall be done.
    pub operation: Operation,
    /// Only tells what would come of it.
    pub dry_run: bool,
    /// Does it only if this holds.
    pub condition: Condition,
    /// Who asks.
    pub who: Who,
}

/// Who asks for a change.
#[derive(Clone, Debug)]
pub struct Who {
    /// How they ask.
    pub way: Way,
    /// The role of their token.
    pub role: &'static str,
    /// Where they are.
    pub peer: String,
}

/// What shall be done.
#[derive(Debug)]
pub enum Operation {
    /// Defines a domain, in a file of its own.
    AddDomain(Pattern, Keys),
    /// Changes keys of a domain's table, where it stands.
    SetDomain(Pattern, Keys),
    /// Removes a domain's table. It is served no more at once.
    RemoveDomain(Pattern),
    /// Puts a certificate in place, be it new or in place of another version.
    PutCertificate(certificate::Name, Upload),
    /// Changes keys of a certificate's `certificate.toml`.
    SetCertificate(certificate::Name, Keys),
    /// Unbinds a certificate from its domains, and removes it. History keeps it.
    DeleteCertificate {
        /// The certificate.
        name: certificate::Name,
        /// Whether HTTPS may end though browsers were told to use nothing else.
        force_https_off: bool,
    },
    /// Serves an earlier version of a certificate in place of its files, until they change: the one
    /// before that in use if none is named.
    RollBack(certificate::Name, Option<Version>),
    /// Serves what a certificate's files hold again.
    Release(certificate::Name),
    /// Binds domains, or switches their HTTPS: all in one publish.
    Bind(Bind),
    /// Reads all files again.
    Reload,
}

impl Request {
    /// Who asks, and for what.
    pub fn actor(&self) -> Actor {
        Actor {
            way: self.who.way,
            role: self.who.role,
            peer: self.who.peer.clone(),
            operation: self.operation.code(),
            subject: self.operation.subject(),
        }
    }
}

impl Operation {
    /// The stable word for it in the audit log.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AddDomain(..) => "add_domain",
            Self::SetDomain(..) => "set_domain",
            Self::RemoveDomain(_) => "remove_domain",
            Self::PutCertificate(..) => "put_certificate",
            Self::SetCertificate(..) => "set_certificate",
            Self::DeleteCertificate { .. } => "delete_certificate",
            Self::RollBack(..) => "roll_back",
            Self::Release(_) => "release",
            Self::Bind(_) => "bind",
            Self::Reload => "reload",
        }
    }

    /// The domain or the certificate that it is about.
    fn subject(&self) -> Option<String> {
        match self {
            Self::AddDomain(name, _) | Self::SetDomain(name, _) | Self::RemoveDomain(name) => {
                Some(name.to_string())
            }
            Self::PutCertificate(name, _)
            | Self::SetCertificate(name, _)
            | Self::DeleteCertificate { name, .. }
            | Self::RollBack(name, _)
            | Self::Release(name) => Some(name.to_string()),
            Self::Bind(bind) => match &bind.certificate {
                Target::Present(name) | Target::New(name, _) => Some(name.to_string()),
                Target::Keep | Target::None => bind.domains.first().map(ToString::to_string),
            },
            Self::Reload => None,
        }
    }
}

/// A certificate as it was handed in.
#[derive(Debug)]
pub struct Upload {
    /// Chains and keys: one pair, or two with keys of different kinds.
    pub pairs: Vec<PairText>,
    /// What its `certificate.toml` shall say.
    pub options: Keys,
}

/// What shall become of some domains.
#[derive(Debug)]
pub struct Bind {
    /// The domains.
    pub domains: Vec<Pattern>,
    /// Their certificate.
    pub certificate: Target,
    /// Their HTTPS.
    pub https: Switch,
    /// Whether it may end though browsers were told to use nothing else.
    pub force_https_off: bool,
}

/// What domains are bound to.
#[derive(Debug)]
pub enum Target {
    /// What they are bound to already.
    Keep,
    /// Nothing.
    None,
    /// A certificate that is there.
    Present(certificate::Name),
    /// One that is put in place with the same publish.
    New(certificate::Name, Upload),
}

/// What becomes of the HTTPS switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It stays as it is.
    Keep,
    /// On.
    On,
    /// Off.
    Off,
}
