use crate::certificate::{Note, Pairs, Parsed, Refusal, StapleFault, Timestamp, list_names};
use crate::domain::Pattern;

/// What shall become of a version.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is put in use, flawed as it may be.
    Adopt(Pairs, Vec<Flaw>),
    /// It is in use already.
    Same(Pairs, Vec<Flaw>),
    /// What is in use stays.
    Refuse(Refusal),
}

/// What is wrong with a version that is served all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) reason: &'static str,
    pub(super) text: String,
    pub(super) hint: &'static str,
    /// Whether it may be over in a moment, since files are being written.
    may_be_torn: bool,
}

impl From<&Refusal> for Flaw {
    fn from(refusal: &Refusal) -> Self {
        Self {
            reason: refusal.code(),
            text: format!("{refusal} and is served all the same"),
            hint: refusal.hint(),
            may_be_torn: false,
        }
    }
}

impl From<&Note> for Flaw {
    fn from(note: &Note) -> Self {
        Self {
            reason: note.code(),
            text: note.to_string(),
            hint: note.hint(),
            may_be_torn: note.may_be_torn(),
        }
    }
}

impl Verdict {
    /// Whether the files may be in the middle of being written. Where it is no news, they are not.
    pub(super) fn may_be_torn(&self, in_use: Option<&Pairs>, is_news: bool) -> bool {
        match self {
            Self::Refuse(refusal) => refusal.may_be_torn() && is_news,
            // The file may end where the leaf does because the rest is not written yet.
            Self::Adopt(new, flaws) => {
                let shorter = |in_use: &Pairs| in_use.chain_length() > new.chain_length();
                in_use.is_some_and(shorter) || flaws.iter().any(|flaw| flaw.may_be_torn)
            }
            Self::Same(..) => false,
        }
    }
}

/// Whether a sound version would be put in use, and what that is: the same question as a reload
/// asks, for those who are about to write the files.
///
/// # Errors
///
/// Why what is in use would stay.
pub fn assess(
    in_use: Option<&Pairs>,
    new: Parsed,
    bound: impl Iterator<Item = Pattern>,
    force: bool,
    now: Timestamp,
) -> Result<Pairs, Refusal> {
    match judge(in_use, new, bound, force, now) {
        Verdict::Adopt(pairs, _) | Verdict::Same(pairs, _) => Ok(pairs),
        Verdict::Refuse(refusal) => Err(refusal),
    }
}

/// Compares a sound version with the one in use. `bound` are the domains that must not be left
/// without; `force` means that an operator insists.
pub(super) fn judge(
    in_use: Option<&Pairs>,
    new: Parsed,
    bound: impl Iterator<Item = Pattern>,
    force: bool,
    now: Timestamp,
) -> Verdict {
    let (new, mut flaws) = without_past_staples(new, now);
    let untimely = new.check_time(now).err();
    if in_use.is_some_and(|in_use| in_use.same_chains(&new)) {
        flaws.extend(untimely.as_ref().map(Flaw::from));
        return Verdict::Same(new, flaws);
    }
    let better = in_use.filter(|in_use| !force && in_use.check_time(now).is_ok());
    let refusal = match untimely {
        None => better.and_then(|in_use| is_worse(in_use, &new, bound)),
        Some(early @ Refusal::NotYetValid(_)) if force => {
            flaws.push(Flaw::from(&early));
            None
        }
        // An expired certificate is a warning in a browser; no certificate is no stream at all.
        Some(expired @ Refusal::Expired(_)) if in_use.is_none() => {
            flaws.push(Flaw::from(&expired));
            None
        }
        untimely => untimely,
    };
    match refusal {
        Some(refusal) => Verdict::Refuse(refusal),
        None => Verdict::Adopt(new, flaws),
    }
}

fn without_past_staples(parsed: Parsed, now: Timestamp) -> (Pairs, Vec<Flaw>) {
    let mut flaws: Vec<_> = parsed.notes.iter().map(Flaw::from).collect();
    let pairs = parsed.pairs;
    let Some((stripped, until)) = pairs.without_past_staples(now).zip(pairs.staple_until()) else {
        return (pairs, flaws);
    };
    flaws.push(staple_expired(until));
    (stripped, flaws)
}

/// The OCSP staple of a version is not sent any more.
pub(super) fn staple_expired(until: Timestamp) -> Flaw {
    Flaw::from(&Note::Staple(StapleFault::Expired(until)))
}

/// Why a valid version shall not take the place of another valid one.
fn is_worse(in_use: &Pairs, new: &Pairs, bound: impl Iterator<Item = Pattern>) -> Option<Refusal> {
    let lost = bound.filter(|domain| in_use.covers(domain) && !new.covers(domain));
    let lost: Vec<_> = lost.collect();
    if !lost.is_empty() {
        let names = list_names(&lost);
        return Some(Refusal::LosesBoundName { names });
    }
    let (new, in_use) = (new.validity().not_after, in_use.validity().not_after);
    let sooner = in_use.0.saturating_sub(new.0);
    (sooner > SAME_TIME).then_some(Refusal::ExpiresSooner { new, in_use })
}

/// Seconds between the ends of certificates that count as the same: a tool that issues several in a
/// row may install them in any order.
const SAME_TIME: i64 = 3600;
