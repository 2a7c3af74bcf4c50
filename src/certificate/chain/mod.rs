//! The certificates above a leaf: which belong to it, and in which order.

mod fault;
#[cfg(test)]
mod tests;

use rustls_pki_types::CertificateDer;

pub use self::fault::{ChainFault, Link};
use super::outline::Outline;

/// A chain in the order in which a handshake sends it.
#[derive(Debug)]
pub(super) struct Arranged {
    /// The leaf, then each certificate after one that it certifies.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the certificates stood in another order.
    pub(super) reordered: bool,
    /// Whether the leaf stood there once more, as after `cat cert.pem fullchain.pem`.
    pub(super) leaf_repeated: bool,
}

/// Brings a chain, whose first certificate is the leaf, into the order of RFC 8446 section 4.4.2.
///
/// A certificate that stands there twice is left out. A given order in which each certificate comes
/// after one that it certifies stays. So does, at its place, a further certificate with the name of
/// one above the leaf: CAs deliver cross-signed variants (the same name and key, another issuer),
/// and only a client knows which of them leads to a root that it trusts. Any other order is
/// replaced by the one path from the leaf, if all certificates belong to it.
///
/// Signatures are not verified: each costs 50 to 100 µs, and the client does it anyway.
///
/// # Errors
///
/// When a certificate cannot be read or is no part of the path, or when the order is wrong and
/// there is more than one way to put it right.
pub(super) fn arrange(chain: Vec<CertificateDer<'static>>) -> Result<Arranged, ChainFault> {
    let leaf_repeated = chain.iter().skip(1).any(|later| *later == chain[0]);
    let order = order(&chain)?;
    let reordered = !order.is_sorted();
    Ok(Arranged {
        // In the usual case nothing is copied.
        chain: if reordered || order.len() < chain.len() {
            order.iter().map(|place| chain[*place].clone()).collect()
        } else {
            chain
        },
        reordered,
        leaf_repeated,
    })
}

/// The places of the certificates to send, in the order to send them.
fn order(chain: &[CertificateDer<'_>]) -> Result<Vec<usize>, ChainFault> {
    // Not even the leaf is read when there is nothing to arrange.
    if chain.len() < 2 {
        return Ok((0..chain.len()).collect());
    }
    let members = members(chain)?;
    let members = if is_in_order(&members) {
        members
    } else {
        sort(members)?
    };
    Ok(members.iter().map(|member| member.place).collect())
}

/// A certificate and where it was given, counted from 0.
#[derive(Clone, Copy, Debug)]
struct Member<'c> {
    place: usize,
    outline: Outline<'c>,
}

/// Reads the certificates, each once.
fn members<'c>(chain: &'c [CertificateDer<'_>]) -> Result<Vec<Member<'c>>, ChainFault> {
    let mut members = Vec::with_capacity(chain.len());
    for (place, der) in chain.iter().enumerate() {
        if chain[..place].contains(der) {
            continue;
        }
        let outline = Outline::read(der).ok_or(ChainFault::Unreadable(place + 1))?;
        members.push(Member { place, outline });
    }
    Ok(members)
}

/// Whether each certificate comes after one that it certifies, or that it is a variant of.
fn is_in_order(members: &[Member<'_>]) -> bool {
    (1..members.len()).all(|next| {
        let (before, member) = (&members[..next], &members[next]);
        before.iter().any(|other| member.may_have_issued(other))
            || member.is_variant_of_one_in(before)
    })
}

/// Follows the one path from the leaf, which comes first. Variants that are no part of it come
/// last.
fn sort(mut rest: Vec<Member<'_>>) -> Result<Vec<Member<'_>>, ChainFault> {
    let mut end = rest.remove(0);
    let mut path = vec![end];
    while let Some(issuer) = only_issuer(&end, &rest)? {
        end = rest.remove(issuer);
        path.push(end);
    }
    let (variants, strays): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|member| member.is_variant_of_one_in(&path));
    if !strays.is_empty() {
        return Err(fault(&path, &end, &strays));
    }
    path.extend(variants);
    Ok(path)
}

/// The place in `rest` of the only certificate that can come after `end`.
fn only_issuer(end: &Member<'_>, rest: &[Member<'_>]) -> Result<Option<usize>, ChainFault> {
    if end.outline.is_self_issued() {
        return Ok(None);
    }
    let mut issuers = (0..rest.len()).filter(|place| rest[*place].may_have_issued(end));
    match (issuers.next(), issuers.next()) {
        (Some(one), Some(other)) => {
            let [one, other] = [one, other].map(|place| rest[place].link());
            Err(ChainFault::Ambiguous(one, other))
        }
        (issuer, _) => Ok(issuer),
    }
}

/// Why `strays` are no part of the path that ends with `end`.
fn fault(path: &[Member<'_>], end: &Member<'_>, strays: &[Member<'_>]) -> ChainFault {
    let name = end.outline.issuer;
    match strays.iter().find(|stray| stray.outline.subject == name) {
        Some(stray) if !stray.outline.may_issue() => {
            ChainFault::NoAuthority(stray.link(), end.place + 1)
        }
        Some(stray) => ChainFault::OtherKey(stray.link(), end.place + 1),
        None if path.len() == 1 && !end.outline.is_self_issued() => {
            ChainFault::IssuerMissing(end.link())
        }
        None => ChainFault::Foreign(strays[0].link()),
    }
}

impl Member<'_> {
    fn may_have_issued(&self, other: &Self) -> bool {
        self.outline.may_have_issued(&other.outline)
    }

    /// Whether one of `members` has its name. The leaf, at place 0, does not count: a further
    /// certificate with the leaf's name is an older leaf.
    fn is_variant_of_one_in(&self, members: &[Self]) -> bool {
        let mut above_leaf = members.iter().filter(|member| member.place > 0);
        above_leaf.any(|member| member.outline.subject == self.outline.subject)
    }

    fn link(&self) -> Link {
        Link::new(self.place + 1, &self.outline)
    }
}
