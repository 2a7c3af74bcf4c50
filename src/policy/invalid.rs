use crate::certificate::PemFault;

/// Why a policy cannot be used: what is wrong with its roots for client certificates.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPolicy {
    /// There is no file.
    #[error("there are no roots for client certificates")]
    NoClientCa,
    /// The file is no PEM.
    #[error("it is not valid PEM: {0}")]
    Pem(#[from] PemFault),
    /// The file holds no certificate.
    #[error("it holds no certificate")]
    Empty,
    /// A certificate in the file cannot be a root.
    #[error("it holds a certificate that cannot be a root: {0}")]
    Root(#[source] rustls::Error),
    /// The TLS library refuses the rest.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl InvalidPolicy {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoClientCa => "client_ca_missing",
            Self::Pem(_) => "invalid_pem",
            Self::Empty => "empty_file",
            Self::Root(_) => "invalid_certificate",
            Self::Tls(_) => "tls",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoClientCa => "set client_ca to a PEM file",
            Self::Pem(_) | Self::Empty | Self::Root(_) => {
                "put the certificates of the client CA there, as -----BEGIN CERTIFICATE----- blocks"
            }
            Self::Tls(_) => "this is a bug; please report it",
        }
    }
}
