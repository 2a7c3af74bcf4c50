use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::certificate::Unreadable;
use crate::config::{Content, NoClientCa, TlsOptions, TlsPolicy};
use crate::policy::{InvalidPolicy, Policy};

/// The policies in use: one for all domains that ask for the same.
#[derive(Debug)]
pub(super) struct Policies {
    provider: Arc<CryptoProvider>,
    /// What holds where a domain says nothing else.
    default: TlsOptions,
    /// The roots of client certificates, by the path as it is configured.
    roots: BTreeMap<PathBuf, Content>,
    made: HashMap<TlsPolicy, Arc<Policy>>,
}

/// Why a domain's newest policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum PolicyFault {
    #[error(transparent)]
    NoClientCa(#[from] NoClientCa),
    #[error("client_ca {} {error}", .path.display())]
    Unreadable {
        path: Arc<Path>,
        required: bool,
        error: Unreadable,
    },
    #[error("client_ca {} cannot be used: {error}", .path.display())]
    Invalid {
        path: Arc<Path>,
        required: bool,
        error: InvalidPolicy,
    },
    #[error("{0}")]
    Tls(#[source] InvalidPolicy),
}

impl Policies {
    pub(super) fn new(provider: Arc<CryptoProvider>, default: TlsOptions) -> Self {
        Self {
            provider,
            default,
            roots: BTreeMap::new(),
            made: HashMap::new(),
        }
    }

    /// Takes over the default options; says whether they are others than before.
    pub(super) fn take_default(&mut self, default: &TlsOptions) -> bool {
        let differs = self.default != *default;
        if differs {
            self.default = default.clone();
        }
        differs
    }

    /// The file of the default options.
    pub(super) fn default_client_ca(&self) -> Option<&Arc<Path>> {
        self.default.client_ca.as_ref()
    }

    /// Takes over the roots as they are now. Returns the paths whose content is another one.
    pub(super) fn take_roots(&mut self, roots: BTreeMap<PathBuf, Content>) -> BTreeSet<PathBuf> {
        let changed = roots.iter().filter(|(path, content)| {
            let before = self.roots.get(*path);
            !before.is_some_and(|before| is_same(before, content))
        });
        let changed: BTreeSet<_> = changed.map(|(path, _)| path.clone()).collect();
        self.made.retain(|tls, policy| {
            let ca = tls.client_auth.as_ref().map(|auth| &*auth.ca);
            let stale = ca.is_some_and(|ca| changed.contains(ca) || !roots.contains_key(ca));
            // Those that no domain uses go as well.
            !stale && Arc::strong_count(policy) > 1
        });
        self.roots = roots;
        changed
    }

    /// The policy for a domain with these options.
    pub(super) fn get(&mut self, own: &TlsOptions) -> Result<Arc<Policy>, PolicyFault> {
        let tls = TlsPolicy::resolve(own, &self.default)?;
        if let Some(policy) = self.made.get(&tls) {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(self.make(&tls)?);
        self.made.insert(tls, Arc::clone(&policy));
        Ok(policy)
    }

    fn make(&self, tls: &TlsPolicy) -> Result<Policy, PolicyFault> {
        let provider = Arc::clone(&self.provider);
        let Some(auth) = &tls.client_auth else {
            return Policy::new(tls, None, provider).map_err(PolicyFault::Tls);
        };
        let (path, required) = (Arc::clone(&auth.ca), auth.required);
        let roots = match self.roots.get(&*path) {
            Some(Ok(roots)) => Some(&**roots),
            Some(Err(error)) => {
                let error = error.duplicate();
                return Err(PolicyFault::Unreadable {
                    path,
                    required,
                    error,
                });
            }
            None => None,
        };
        let policy = Policy::new(tls, roots, provider);
        policy.map_err(|error| PolicyFault::Invalid {
            path,
            required,
            error,
        })
    }
}

fn is_same(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => one.to_string() == other.to_string(),
        _ => false,
    }
}

impl PolicyFault {
    /// Whether clients without a certificate were to be refused.
    pub(super) fn required(&self) -> bool {
        match self {
            Self::NoClientCa(NoClientCa { required })
            | Self::Unreadable { required, .. }
            | Self::Invalid { required, .. } => *required,
            Self::Tls(_) => false,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoClientCa(_) => "client_ca_missing",
            Self::Unreadable { error, .. } => error.code(),
            Self::Invalid { error, .. } | Self::Tls(error) => error.code(),
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NoClientCa(_) => "add client_ca = \"FILE\", or write client_auth = \"none\"",
            Self::Unreadable { .. } => {
                "put the roots there, in a regular file that the user of this process may read"
            }
            Self::Invalid { error, .. } | Self::Tls(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs;

    use super::*;
    use crate::config::ClientAuthMode;

    const CA: &[u8] = include_bytes!("../../certs-example/ca.pem");
    const LIVE: &[u8] = include_bytes!("../../certs-example/live-2026/fullchain.pem");

    fn policies() -> Policies {
        let provider = Arc::new(aws_lc_rs::default_provider());
        Policies::new(provider, TlsOptions::default())
    }

    fn roots(content: Content) -> BTreeMap<PathBuf, Content> {
        BTreeMap::from([("ca.pem".into(), content)])
    }

    fn asking(path: &str) -> TlsOptions {
        TlsOptions {
            client_ca: Some(Path::new(path).into()),
            ..TlsOptions::default()
        }
    }

    #[test]
    fn who_asks_for_the_same_shares_a_policy() {
        let mut policies = policies();
        policies.take_roots(roots(Ok(CA.to_vec())));
        let none = policies.get(&TlsOptions::default()).unwrap();
        let one = policies.get(&asking("ca.pem")).unwrap();
        let other = policies.get(&asking("ca.pem")).unwrap();
        assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&none, &one));
        assert!(policies.take_default(&asking("ca.pem")));
        let default = policies.get(&TlsOptions::default()).unwrap();
        assert!(Arc::ptr_eq(&default, &one));
    }

    #[test]
    fn a_policy_is_made_anew_when_its_roots_are_others() {
        let mut policies = policies();
        let options = asking("ca.pem");
        let paths = policies.take_roots(roots(Ok(CA.to_vec())));
        let first = policies.get(&options).unwrap();
        assert!(policies.take_roots(roots(Ok(CA.to_vec()))).is_empty());
        assert!(Arc::ptr_eq(&first, &policies.get(&options).unwrap()));
        assert_eq!(policies.take_roots(roots(Ok(LIVE.to_vec()))), paths);
        assert!(!Arc::ptr_eq(&first, &policies.get(&options).unwrap()));
    }

    #[test]
    fn each_fault_has_its_reason() {
        let mut policies = policies();
        let absent = || Unreadable::Io(std::io::ErrorKind::NotFound.into());
        for (content, code) in [
            (Err(absent()), "unreadable"),
            (Err(Unreadable::NotAFile), "not_a_file"),
            (Ok(Vec::new()), "empty_file"),
        ] {
            policies.take_roots(roots(content));
            let fault = policies.get(&asking("ca.pem")).unwrap_err();
            assert_eq!((fault.code(), fault.required()), (code, true), "{fault}");
        }
        let optional = TlsOptions {
            client_auth: Some(ClientAuthMode::Optional),
            ..TlsOptions::default()
        };
        let fault = policies.get(&optional).unwrap_err();
        assert_eq!(
            (fault.code(), fault.required()),
            ("client_ca_missing", false)
        );
    }
}
