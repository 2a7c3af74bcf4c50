use std::io::{self, Write};
use std::process::ExitCode;

use super::failed::Failed;
use super::text::show_problems;

/// What a command prints in the end, and what it ends with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) end: End,
}

/// How far a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All of it is done.
    Done,
    /// Some of it, or nothing, is done.
    NotAll,
    /// It was refused as a whole, or could not be asked for.
    Refused,
}

impl Printed {
    /// A text after all is done.
    pub(super) fn done(text: String) -> Self {
        let end = End::Done;
        Self { text, end }
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Done => 0,
            End::NotAll => 1,
            End::Refused => 2,
        })
    }
}

/// Prints what came of a command, or why nothing did.
pub(super) fn print(printed: Result<Printed, Failed>) -> anyhow::Result<ExitCode> {
    match printed {
        Ok(printed) => {
            write(&mut io::stdout().lock(), &printed.text)?;
            Ok(printed.end.into())
        }
        Err(Failed::RefusedInJson(json)) => {
            write(&mut io::stdout().lock(), &json)?;
            Ok(End::Refused.into())
        }
        Err(failed) => {
            write(&mut io::stderr().lock(), &explained(&failed))?;
            Ok(End::Refused.into())
        }
    }
}

/// Why nothing was done, with each problem and its place.
fn explained(failed: &Failed) -> String {
    let mut text = format!("lockgate: {failed}; {}\n", failed.hint());
    if let Failed::Refused(failure) = failed {
        let problems = &failure.problems;
        show_problems(&mut text, problems, problems.len()).expect("a string takes all");
    }
    text
}

/// Writes all of it, or as much as is wanted: `head` leaves when it has seen enough.
fn write(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
