use std::time::Duration;

use http::StatusCode;

use crate::state::Role;

/// Why a request is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::admin) enum Refusal {
    /// It calls us by a name that is not ours.
    #[error("the request's Host is neither loopback nor a name of this listener")]
    Host,
    /// Another web page sent it.
    #[error("the request comes from a page of another origin")]
    Origin,
    /// It shows no token.
    #[error("the request shows no token")]
    NoToken,
    /// It shows one that is none.
    #[error("the request shows a token that is not valid")]
    UnknownToken,
    /// Its address has shown too many of those.
    #[error("too many tokens from this address were not valid")]
    TooManyTries(Duration),
    /// Its token is good for less.
    #[error("the request's token is that of a {0}, who may only look")]
    Role(Role),
}

impl Refusal {
    /// Every word of [`Self::code`].
    pub(super) const CODES: [&'static str; 6] = [
        "host_not_allowed",
        "origin_not_allowed",
        "token_required",
        "token_not_valid",
        "too_many_tries",
        "role_not_sufficient",
    ];

    /// The stable word for the reason.
    pub(in crate::admin) fn code(self) -> &'static str {
        match self {
            Self::Host => "host_not_allowed",
            Self::Origin => "origin_not_allowed",
            Self::NoToken => "token_required",
            Self::UnknownToken => "token_not_valid",
            Self::TooManyTries(_) => "too_many_tries",
            Self::Role(_) => "role_not_sufficient",
        }
    }

    /// The status of the answer.
    pub(in crate::admin) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Origin | Self::Role(_) => StatusCode::FORBIDDEN,
            Self::NoToken | Self::UnknownToken => StatusCode::UNAUTHORIZED,
            Self::TooManyTries(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// What the status means, in few words.
    pub(in crate::admin) fn title(self) -> &'static str {
        match self {
            Self::Host => "Host not allowed",
            Self::Origin => "Origin not allowed",
            Self::NoToken => "Token required",
            Self::UnknownToken => "Token not valid",
            Self::TooManyTries(_) => "Too many tries",
            Self::Role(_) => "Role not sufficient",
        }
    }

    /// What to do about it.
    pub(in crate::admin) fn hint(self) -> &'static str {
        match self {
            Self::Host => {
                "ask for localhost or the address of admin.listen, or add the name to admin.hosts in lockgate.toml"
            }
            Self::Origin => "ask from a page of this listener, or from no page at all",
            Self::NoToken => "send Authorization: Bearer TOKEN; `lockgate token` prints the token",
            Self::UnknownToken => {
                "`lockgate token` prints the token that is in use, for the same configuration directory"
            }
            Self::TooManyTries(_) => "wait for as long as Retry-After says",
            Self::Role(_) => "use the token of an operator: `lockgate token --role operator`",
        }
    }
}
