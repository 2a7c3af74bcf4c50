use std::fs;
use std::path::Path;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::domain;

/// A root and the intermediate that signs all leaves.
#[derive(Debug)]
pub(crate) struct Authority {
    root: CertificateDer<'static>,
    intermediate: Issuer<'static, KeyPair>,
    /// As PEM: the second part of every chain.
    intermediate_pem: String,
}

/// A new pair for a certificate of the set.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) index: u32,
    /// The leaf, then its issuer; PEM.
    pub(crate) chain: String,
    /// The private key; PEM.
    pub(crate) key: String,
    pub(crate) leaf: CertificateDer<'static>,
}

impl Authority {
    /// Makes one and keeps it in a directory, but for the root's key.
    pub(super) fn make(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let root = CertifiedIssuer::self_signed(params("Scale root"), KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        fs::write(directory.join(KEY), key.serialize_pem())?;
        let intermediate = CertifiedIssuer::signed_by(params(INTERMEDIATE_NAME), key, &root)?;
        fs::write(directory.join(INTERMEDIATE), intermediate.pem())?;
        fs::write(directory.join(ROOT), root.pem())?;
        Self::open(directory)
    }

    /// Opens one that was made before.
    pub(super) fn open(directory: &Path) -> anyhow::Result<Self> {
        let text = |file: &str| {
            let path = directory.join(file);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let key = KeyPair::from_pem(&text(KEY)?)?;
        Ok(Self {
            root: CertificateDer::from_pem_slice(text(ROOT)?.as_bytes()).context(ROOT)?,
            intermediate: Issuer::new(params(INTERMEDIATE_NAME), key),
            intermediate_pem: text(INTERMEDIATE)?,
        })
    }

    /// What clients trust.
    pub(crate) fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// A pair with a key of its own.
    pub(crate) fn issue(&self, index: u32) -> anyhow::Result<Fresh> {
        let mut params = CertificateParams::new([domain(index)])?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut params);
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.intermediate)?;
        Ok(Fresh {
            index,
            chain: leaf.pem() + &self.intermediate_pem,
            key: key.serialize_pem(),
            leaf: leaf.into(),
        })
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params);
    params
}

/// Long: a set may be kept for years, and nothing here depends on how long certificates live.
fn set_validity(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
}

const INTERMEDIATE_NAME: &str = "Scale intermediate";
const ROOT: &str = "root.pem";
const INTERMEDIATE: &str = "intermediate.pem";
const KEY: &str = "intermediate-key.pem";
