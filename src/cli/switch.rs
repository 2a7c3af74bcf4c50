use clap::ValueEnum;

/// The HTTPS switch, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// Served over TLS, with the certificate that is bound.
    On,
    /// Served over plain HTTP only.
    Off,
}

impl Switch {
    pub(super) fn is_on(self) -> bool {
        self == Self::On
    }
}
