use std::cell::OnceCell;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use http::Request;

use super::answer::{Answer, Through};
use super::ask::Ask;
use super::endpoint::Endpoint;
use super::unasked::Unasked;
use crate::app::Offline;
use crate::telemetry;

/// The way over the files of a configuration directory, where no process listens.
#[derive(Debug)]
pub(super) struct Files {
    directory: PathBuf,
    /// What they hold, for questions: a list comes in many parts.
    read: OnceCell<Offline>,
}

impl Files {
    pub(super) fn new(directory: PathBuf) -> Self {
        let read = OnceCell::new();
        Self { directory, read }
    }

    /// Whether an earlier question went this way.
    pub(super) fn are_read(&self) -> bool {
        self.read.get().is_some()
    }

    /// Answers in this process, and says so on standard error. A change is made on what the files
    /// hold now.
    pub(super) fn answer(
        &self,
        ask: &Ask,
        request: Request<String>,
        from: &Endpoint,
    ) -> Result<Answer, Unasked> {
        telemetry::init_for_command();
        let is_first = !self.are_read();
        let response = match ask.is_question() {
            true => self.read(from)?.answer(request),
            // It is done when what goes into the state directory is there, too.
            false => self.open(from)?.answer(request),
        };
        let answer = Answer {
            from: from.clone(),
            through: Through::Files,
            status: response.status(),
            body: response.into_body().into_bytes(),
        };
        if is_first {
            say(ask, &answer);
        }
        Ok(answer)
    }

    fn read(&self, from: &Endpoint) -> Result<&Offline, Unasked> {
        if let Some(read) = self.read.get() {
            return Ok(read);
        }
        let read = self.open(from)?;
        Ok(self.read.get_or_init(|| read))
    }

    fn open(&self, from: &Endpoint) -> Result<Offline, Unasked> {
        let opened = Offline::open(&self.directory);
        opened.map_err(|error| Unasked::Offline(from.clone(), error))
    }
}

/// Whether a failure to connect says that no process listens. One that is too busy or lets nobody
/// in runs all the same.
pub(super) fn nobody_listens(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::NotFound
    )
}

fn say(ask: &Ask, answer: &Answer) {
    let from = &answer.from;
    let what = match (ask.is_change(), answer.status.is_success()) {
        (true, true) => "this was done on the files directly",
        (true, false) => "nothing was changed",
        (false, _) => "this is what the files say",
    };
    // Nobody may be there to read it; that is no reason to fail.
    let _ = writeln!(
        io::stderr(),
        "lockgate: the process does not run (nobody listens at {from}): {what}"
    );
}
