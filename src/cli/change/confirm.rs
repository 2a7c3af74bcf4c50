use std::io::{self, BufRead, IsTerminal, Write};

use super::shown;
use crate::admin::view::{DomainChange, Outcome};
use crate::cli::client::Through;
use crate::cli::text::count;

/// Whether somebody is there to read a question and to answer it.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Tells what would come of a change, and whether somebody agrees to it.
pub(super) fn ask(
    would: &Outcome,
    answers: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<bool> {
    write!(
        out,
        "{}{}",
        shown::text(would, Through::Process),
        summary(would)
    )?;
    write!(out, "Do it? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    let agreed = matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes");
    if !agreed {
        writeln!(out, "nothing was done")?;
    }
    Ok(agreed)
}

/// Who would notice.
fn summary(would: &Outcome) -> String {
    let names = |lose: fn(&DomainChange) -> bool| -> Vec<_> {
        let those = would.domains.iter().filter(|change| lose(change));
        those.map(|change| &*change.name).collect()
    };
    let (losing, removed) = (names(loses_https), names(is_removed));
    let leaving: i64 = would.domains.iter().map(|change| change.leaving).sum();
    let leaving = usize::try_from(leaving).unwrap_or(0);
    let mut text = String::from("\n");
    for (what, names) in [("lose HTTPS", losing), ("be served no more", removed)] {
        if !names.is_empty() {
            let number = count(names.len(), "domain");
            text += &format!("{number} would {what}: {}\n", names.join(", "));
        }
    }
    text + &format!(
        "{} over TLS would have to leave\n",
        count(leaving, "viewer")
    )
}

fn loses_https(change: &DomainChange) -> bool {
    let is_serving = |state: &str| state == "serving";
    let before = change
        .before
        .as_ref()
        .is_some_and(|it| is_serving(&it.state));
    let after = change.after.as_ref().is_none_or(|it| is_serving(&it.state));
    before && !after
}

fn is_removed(change: &DomainChange) -> bool {
    change.before.is_some() && change.after.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::shown::tests::outcome;
    use super::*;

    fn asked(answer: &str) -> (bool, String) {
        let mut out = Vec::new();
        let agreed = ask(&outcome(true), &mut answer.as_bytes(), &mut out).unwrap();
        (agreed, String::from_utf8(out).unwrap())
    }

    #[test]
    fn who_would_notice_is_said_before_somebody_agrees() {
        let (agreed, text) = asked("y\n");
        assert!(agreed);
        for words in [
            "1 domain would lose HTTPS: b.test\n",
            "1 domain would be served no more: c.test\n",
            "3 viewers over TLS would have to leave\n",
            "dry run: nothing was done\n",
            "Do it? [y/N] ",
        ] {
            assert!(text.contains(words), "{words:?} in {text}");
        }
    }

    #[test]
    fn what_is_not_agreed_to_is_not_done() {
        for (answer, agrees) in [
            ("Yes\n", true),
            ("", false),
            ("\n", false),
            ("yeah\n", false),
        ] {
            let (agreed, text) = asked(answer);
            assert_eq!(agreed, agrees, "{answer:?}");
            assert_eq!(text.ends_with("nothing was done\n"), !agrees, "{answer:?}");
        }
    }
}
