use std::sync::Arc;

use aws_lc_rs::digest::{Context as Hash, SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::invalid::InvalidPolicy;
use crate::certificate::PemFault;
use crate::ticket::Ticketer;

/// The certificates that clients are asked for.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) required: bool,
    /// The same for the same roots, asked for in the same way.
    pub(super) identity: Identity,
    verifier: Arc<dyn ClientCertVerifier>,
}

pub(super) type Identity = [u8; 32];

impl Clients {
    /// Clients with certificates of these roots, in PEM.
    pub(super) fn new(
        pem: &[u8],
        required: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, InvalidPolicy> {
        let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let mut roots = roots.map_err(PemFault::from)?;
        // Their order does not matter.
        roots.sort_unstable_by(|one, other| one.as_ref().cmp(other));
        roots.dedup();
        Ok(Self {
            required,
            identity: identity(&roots, required),
            verifier: verifier(roots, required, provider)?,
        })
    }

    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.verifier)
    }

    /// The verifier for one connection: its sessions end with the client's certificate.
    pub(super) fn witness(&self, ticketer: &Arc<Ticketer>) -> Arc<dyn ClientCertVerifier> {
        Arc::new(Witness {
            verifier: self.verifier(),
            ticketer: Arc::clone(ticketer),
        })
    }
}

fn identity(roots: &[CertificateDer<'_>], required: bool) -> Identity {
    let mut hash = Hash::new(&SHA256);
    hash.update(&[u8::from(required)]);
    for root in roots {
        hash.update(&(root.len() as u64).to_be_bytes());
        hash.update(root);
    }
    finish(hash)
}

/// The hash of what was put in, as bytes.
pub(super) fn finish(hash: Hash) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}

fn verifier(
    roots: Vec<CertificateDer<'_>>,
    required: bool,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, InvalidPolicy> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(InvalidPolicy::Root)?;
    }
    let provider = Arc::clone(provider);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider);
    let builder = match required {
        true => builder,
        false => builder.allow_unauthenticated(),
    };
    // Without revocation lists it fails only for want of roots.
    builder.build().map_err(|_| InvalidPolicy::Empty)
}

/// Verifies as the policy does. A resumed session is not verified again, so a ticket must not
/// outlive the certificates that it vouches for.
#[derive(Debug)]
struct Witness {
    verifier: Arc<dyn ClientCertVerifier>,
    ticketer: Arc<Ticketer>,
}

impl ClientCertVerifier for Witness {
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(leaf, intermediates, now)?;
        for certificate in intermediates.iter().chain([leaf]) {
            self.ticketer.end_by(end(certificate));
        }
        Ok(verified)
    }

    fn offer_client_auth(&self) -> bool {
        self.verifier.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// The last second of a certificate, since 1970; long ago for what cannot be read.
fn end(certificate: &CertificateDer<'_>) -> u64 {
    let parsed = X509Certificate::from_der(certificate);
    let end = parsed.map_or(0, |(_, parsed)| parsed.validity().not_after.timestamp());
    u64::try_from(end).unwrap_or_default()
}
