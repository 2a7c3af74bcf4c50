//! What a server sends beside its certificate.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::wait::{PATIENCE, within};

/// The OCSP response that comes with the handshake; empty when none does.
pub(crate) async fn staple(to: SocketAddr, name: &'static str) -> Vec<u8> {
    let seen = Arc::new(Seen::default());
    let builder = ClientConfig::builder().dangerous();
    let config = builder
        .with_custom_certificate_verifier(Arc::clone(&seen) as _)
        .with_no_client_auth();
    let stream = TcpStream::connect(to).await.expect("the edge listens");
    let name = ServerName::try_from(name).expect("the name is a host name");
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let handshake = within(PATIENCE, "a TLS handshake", handshake).await;
    handshake.expect("whatever is served is accepted");
    std::mem::take(&mut *seen.0.lock().expect("nobody panics with it"))
}

/// Accepts everything, and keeps the response.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<u8>>);

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        staple: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().expect("nobody panics with it") = staple.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
