use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Verifies the server in the first of every so many handshakes, and takes its word in the others.
///
/// Verifying costs a client more than signing costs the server: a load that always does it, on one
/// core, is slower than the proxy that it is to keep busy.
#[derive(Debug)]
pub(crate) struct Sampling {
    inner: Arc<WebPkiServerVerifier>,
    every: NonZeroU64,
    certificates: AtomicU64,
    signatures: AtomicU64,
}

impl Sampling {
    pub(crate) fn new(inner: Arc<WebPkiServerVerifier>, every: NonZeroU64) -> Self {
        Self {
            inner,
            every,
            certificates: AtomicU64::new(0),
            signatures: AtomicU64::new(0),
        }
    }

    fn is_due(&self, seen: &AtomicU64) -> bool {
        seen.fetch_add(1, Relaxed) % self.every == 0
    }
}

impl ServerCertVerifier for Sampling {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.is_due(&self.certificates) {
            return Ok(ServerCertVerified::assertion());
        }
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.is_due(&self.signatures) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
