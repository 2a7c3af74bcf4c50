//! Changes: what the process is asked to do, the question before what viewers could notice, and
//! what came of it.

mod confirm;
mod shown;

use std::io;
use std::path::Path;

use http::{Method, StatusCode};
use serde_json::Value;

use super::asking::{Asking, json};
use super::client::{Ask, Client, Through, Unasked};
use super::failed::Failed;
use super::printed::{End, Printed};
use crate::admin::view::Outcome;
use crate::state::Role;

/// What every command takes that changes something.
// The options of the client inside have the same name, which would be that of clap's group.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub(super) struct Options {
    /// Tell what would come of it, and do nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    asking: Asking,
}

/// What a command takes that can end HTTPS which browsers hold to.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[group(skip)]
pub(super) struct Force {
    /// Do it though browsers were told to ask over HTTPS alone (HSTS): they cannot reach the domain
    /// then, until their time is up.
    #[arg(long)]
    force: bool,
}

impl Force {
    /// A body that says so.
    pub(super) fn written(self, mut body: Value) -> Value {
        if self.force {
            body["force_https_off"] = true.into();
        }
        body
    }

    /// A parameter that says so.
    pub(super) fn query(self) -> Option<&'static str> {
        self.force.then_some("force_https_off=true")
    }
}

/// What a command takes that can take viewers off HTTPS.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Careful {
    /// Do it without asking; needed where there is no terminal to ask on.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    options: Options,
}

impl Careful {
    /// Its options without the question.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }
}

/// A request that changes something.
#[derive(Clone, PartialEq)]
pub(super) struct Change {
    method: Method,
    target: String,
    query: Option<&'static str>,
    body: Option<Value>,
    only: Only,
    /// Whether files alone can be changed like this.
    of_files: bool,
}

/// What has to be there for a change to be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Always,
    IfNew,
    IfThere,
}

/// What came of a change, and the answer that says so.
struct Told {
    outcome: Outcome,
    through: Through,
    json: String,
}

impl Change {
    /// A change at a target below `/api/v1`, whose names are percent-encoded.
    pub(super) fn new(method: Method, target: impl AsRef<str>) -> Self {
        Self {
            method,
            target: format!("/api/v1{}", target.as_ref()),
            query: None,
            body: None,
            only: Only::Always,
            of_files: true,
        }
    }

    /// With a parameter.
    pub(super) fn query(self, query: Option<&'static str>) -> Self {
        Self { query, ..self }
    }

    /// With a body.
    pub(super) fn json(self, body: Value) -> Self {
        let body = Some(body);
        Self { body, ..self }
    }

    /// Of the running process, and of nothing that files hold.
    pub(super) fn of_process(self) -> Self {
        let of_files = false;
        Self { of_files, ..self }
    }

    /// Only if there is nothing of the name yet.
    pub(super) fn if_new(self) -> Self {
        let only = Only::IfNew;
        Self { only, ..self }
    }

    /// Only if there is something of the name.
    pub(super) fn if_there(self) -> Self {
        let only = Only::IfThere;
        Self { only, ..self }
    }

    fn ask(&self, dry_run: bool) -> Ask {
        let ask = Ask::new(self.method.clone(), &self.target);
        let ask = match self.query {
            Some(query) => ask.query(query),
            None => ask,
        };
        let ask = if dry_run { ask.dry_run() } else { ask };
        let ask = if self.of_files { ask.over_files() } else { ask };
        let ask = match &self.body {
            Some(body) => ask.json(body.to_string()),
            None => ask,
        };
        match self.only {
            Only::Always => ask,
            Only::IfNew => ask.if_new(),
            Only::IfThere => ask.if_there(),
        }
    }
}

/// Asks for a change, and prints what came of it.
pub(super) fn run(directory: &Path, options: &Options, change: &Change) -> Result<Printed, Failed> {
    let client = options.asking.client(directory, Role::Operator)?;
    Ok(options.printed(options.perform(&client, change, options.dry_run)?))
}

/// The same, but asks a person first.
pub(super) fn run_carefully(
    directory: &Path,
    careful: &Careful,
    change: &Change,
) -> Result<Printed, Failed> {
    let options = &careful.options;
    if careful.yes || options.dry_run {
        return run(directory, options, change);
    }
    if !confirm::can_ask() {
        return Err(Failed::NobodyToAsk);
    }
    let client = options.asking.client(directory, Role::Operator)?;
    let would = options.perform(&client, change, true)?.outcome;
    let agreed = confirm::ask(&would, &mut io::stdin().lock(), &mut io::stderr().lock());
    match agreed.map_err(Failed::Terminal)? {
        true => Ok(options.printed(options.perform(&client, change, false)?)),
        false => Ok(Printed {
            text: String::new(),
            end: End::NotAll,
        }),
    }
}

impl Options {
    fn perform(&self, client: &Client, change: &Change, dry_run: bool) -> Result<Told, Failed> {
        let answer = client.ask(&change.ask(dry_run)).map_err(|it| match it {
            Unasked::Connect(..) if change.of_files => Failed::NotRunning(it),
            Unasked::Connect(..) => Failed::NothingRuns(it),
            other => other.into(),
        })?;
        match (answer.status, change.only) {
            _ if self.asking.json => {}
            (StatusCode::PRECONDITION_FAILED, Only::IfNew) => {
                return Err(Failed::CertificateExists);
            }
            (StatusCode::PRECONDITION_FAILED, Only::IfThere) => return Err(Failed::NoCertificate),
            _ => {}
        }
        Ok(Told {
            outcome: self.asking.read(&answer)?,
            through: answer.through,
            json: json(&answer),
        })
    }

    fn printed(&self, told: Told) -> Printed {
        let text = match self.asking.json {
            true => told.json,
            false => shown::text(&told.outcome, told.through),
        };
        let end = match shown::is_all_done(&told.outcome) {
            true => End::Done,
            false => End::NotAll,
        };
        Printed { text, end }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A change as a test compares it: method, target, body, and what has to be there.
    pub(in crate::cli) fn written(change: &Change) -> String {
        let body = change.body.as_ref().map(|body| format!(" {body}"));
        let only = match change.only {
            Only::Always => "",
            Only::IfNew => " if new",
            Only::IfThere => " if there",
        };
        let body = body.unwrap_or_default();
        format!("{} {}{body}{only}", change.method, change.target)
    }

    #[test]
    fn a_dry_run_is_asked_for_at_the_same_place() {
        let change = Change::new(Method::DELETE, "/domains/a.test").if_there();
        for (dry_run, expected) in [
            (false, "DELETE /api/v1/domains/a.test"),
            (true, "DELETE /api/v1/domains/a.test?dry_run=true"),
        ] {
            assert_eq!(format!("{:?}", change.ask(dry_run)), expected);
        }
    }
}
