/// Why a request cannot be meant as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::admin) enum InvalidBody {
    #[error("the body is not the JSON that this path takes: {0}")]
    Json(String),
    #[error("`{0}` is not a name that a domain can have")]
    DomainName(String),
    #[error("`{0}` is not a name that a certificate can have")]
    CertificateName(String),
    #[error("`{0}` is not a text, a number, a boolean or a list of texts")]
    Value(String),
    #[error("a domain keeps its name")]
    Renamed,
    #[error("`pairs` is there, but no `certificate` that it is for")]
    PairsForNothing,
    #[error("more than {MOST_DOMAINS} domains in one request")]
    TooManyDomains,
    #[error("`version` is not written as versions are")]
    Version,
    #[error("the condition in the header is no entity tag")]
    Condition,
    #[error("the query has something else than `dry_run` and `force_https_off`, true or false")]
    Query,
}

impl InvalidBody {
    /// The stable word for the reason.
    pub(in crate::admin) fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "invalid_body",
            Self::DomainName(_) => "invalid_domain_name",
            Self::CertificateName(_) => "invalid_certificate_name",
            Self::Value(_) => "invalid_key_value",
            Self::Renamed => "domain_renamed",
            Self::PairsForNothing => "pairs_without_certificate",
            Self::TooManyDomains => "too_many_domains",
            Self::Version => "invalid_version",
            Self::Condition => "invalid_condition",
            Self::Query => "invalid_query",
        }
    }

    /// What to write instead.
    pub(in crate::admin) fn hint(&self) -> &'static str {
        match self {
            Self::Json(_) => "/api/v1/openapi.json describes it",
            Self::DomainName(_) => "write a host name, or `*.` and a host name",
            Self::CertificateName(_) => {
                "use letters, digits, `.`, `-` and `_`; the name is that of a directory"
            }
            Self::Value(_) => {
                "write it as the file of the domain would have it, or null to remove it"
            }
            Self::Renamed => "add a domain of the new name, and remove the old one",
            Self::PairsForNothing => "name the certificate",
            Self::TooManyDomains => "send them in several requests",
            Self::Version => "choose one of the certificate's history",
            Self::Condition => "write the `ETag` of an answer, in its quotes",
            Self::Query => "write dry_run=true, or leave it out",
        }
    }
}

/// Domains in one request.
pub(super) const MOST_DOMAINS: usize = 10_000;
