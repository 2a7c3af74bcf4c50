use super::staple::StapleFault;

/// Something about a version that does not keep it from being served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// The files have the certificates of the chain in another order than they are served in.
    #[error("the chain is in the wrong order; it is served in the right one")]
    ChainReordered,
    /// The leaf stands in the chain once more.
    #[error("the chain has the leaf twice; it is served once")]
    LeafRepeated,
    /// The OCSP response beside it is not sent.
    #[error("{0}; none is sent")]
    Staple(StapleFault),
}

impl Note {
    /// The stable word for it in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ChainReordered => "chain_reordered",
            Self::LeafRepeated => "leaf_repeated",
            Self::Staple(fault) => fault.code(),
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ChainReordered => "write the leaf first, then each certificate before its issuer",
            Self::LeafRepeated => {
                "write each certificate once; fullchain.pem holds the leaf already"
            }
            Self::Staple(fault) => fault.hint(),
        }
    }

    /// Whether the files may be in the middle of being written.
    pub fn may_be_torn(&self) -> bool {
        match self {
            // A staple is written after the chain that it is about, or before.
            Self::Staple(StapleFault::Invalid | StapleFault::OtherCertificate) => true,
            Self::Staple(_) | Self::ChainReordered | Self::LeafRepeated => false,
        }
    }
}
