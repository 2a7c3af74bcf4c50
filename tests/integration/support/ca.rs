//! A certificate authority of the test's own, with an intermediate: what the clients trust is the
//! root alone, so a chain that was not served whole does not verify.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};

/// Issues certificates.
pub(crate) struct Ca {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(authority("Test root"), key())
            .expect("a root signs itself");
        let intermediate = CertifiedIssuer::signed_by(authority("Test issuer"), key(), &root)
            .expect("the root signs its intermediate");
        Self { root, intermediate }
    }

    /// A pair for these names, valid now.
    pub(crate) fn issue(&self, names: &[&str]) -> Pair {
        self.sign(&leaf(names), &key())
    }

    /// A pair with an RSA key.
    pub(crate) fn issue_rsa(&self, names: &[&str]) -> Pair {
        self.sign(&leaf(names), &RSA_KEY)
    }

    /// A pair whose time is over.
    pub(crate) fn issue_expired(&self, names: &[&str]) -> Pair {
        self.issue_for_years(names, 2020, 2021)
    }

    /// A pair whose time has not come.
    pub(crate) fn issue_early(&self, names: &[&str]) -> Pair {
        self.issue_for_years(names, 4000, 4001)
    }

    /// A pair that is valid from the start of one year to that of another.
    pub(crate) fn issue_for_years(&self, names: &[&str], from: i32, until: i32) -> Pair {
        let mut params = leaf(names);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        self.sign(&params, &key())
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Pair {
        let leaf = params
            .signed_by(key, &self.intermediate)
            .expect("the intermediate signs a leaf");
        Pair {
            der: leaf.der().clone(),
            leaf: leaf.pem(),
            issuer: self.intermediate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// The root as a file for `[origins] ca`.
    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    /// The root as what a client trusts.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots
            .add(self.root.der().clone())
            .expect("the root is a trust anchor");
        roots
    }
}

/// A leaf, its issuer and its private key.
pub(crate) struct Pair {
    der: CertificateDer<'static>,
    /// The leaf as PEM.
    pub(crate) leaf: String,
    /// The intermediate as PEM.
    pub(crate) issuer: String,
    /// The private key as PEM (PKCS #8).
    pub(crate) key: String,
}

impl Pair {
    /// What a server sends: the leaf, then its issuer.
    pub(crate) fn fullchain(&self) -> String {
        format!("{}{}", self.leaf, self.issuer)
    }

    /// The same as bytes.
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        let chain = self.fullchain();
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
        chain.collect::<Result<_, _>>().expect("the chain is PEM")
    }

    /// The private key as bytes.
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("the key is PEM")
    }

    /// A TLS server that has this pair alone.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(self.chain(), self.key())
            .expect("the pair is one");
        Arc::new(config)
    }

    /// The leaf's fingerprint.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }
}

/// SHA-256 of a certificate in lower-case hexadecimal, as the metrics write it.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    let hash = digest(&SHA256, der);
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names are host names");
    params.use_authority_key_identifier_extension = true;
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a P-256 key is made")
}

/// Made once: an RSA key costs a hundred times what the rest of a test does.
static RSA_KEY: LazyLock<KeyPair> = LazyLock::new(|| {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("an RSA key is made")
});
