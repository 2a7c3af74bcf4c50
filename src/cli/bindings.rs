//! `lockgate bind`, `unbind`, `https`: many domains in one publish; and `lockgate reload`.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use super::change::{self, Careful, Change, Force, Options};
use super::failed::Failed;
use super::printed::Printed;
use super::switch::Switch;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Bind {
    /// The certificate's name.
    certificate: String,

    /// The domains, 10,000 at most.
    #[arg(required = true, value_name = "DOMAIN")]
    domains: Vec<String>,

    /// Leave the HTTPS switch of each domain as it is; without this it goes on.
    #[arg(long)]
    keep_https: bool,

    #[command(flatten)]
    options: Options,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Unbind {
    /// The domains, 10,000 at most.
    #[arg(required = true, value_name = "DOMAIN")]
    domains: Vec<String>,

    #[command(flatten)]
    force: Force,

    #[command(flatten)]
    careful: Careful,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Https {
    /// Where the switch goes.
    #[arg(value_enum)]
    switch: Switch,

    /// The domains, 10,000 at most.
    #[arg(required = true, value_name = "DOMAIN")]
    domains: Vec<String>,

    #[command(flatten)]
    force: Force,

    #[command(flatten)]
    careful: Careful,
}

pub(super) fn bind(directory: &Path, bind: &Bind) -> Result<Printed, Failed> {
    change::run(directory, &bind.options, &bind.change())
}

pub(super) fn unbind(directory: &Path, unbind: &Unbind) -> Result<Printed, Failed> {
    change::run_carefully(directory, &unbind.careful, &unbind.change())
}

pub(super) fn https(directory: &Path, https: &Https) -> Result<Printed, Failed> {
    match https.switch {
        // Nobody loses anything.
        Switch::On => change::run(directory, https.careful.options(), &https.change()),
        Switch::Off => change::run_carefully(directory, &https.careful, &https.change()),
    }
}

pub(super) fn reload(directory: &Path, options: &Options) -> Result<Printed, Failed> {
    let reload = Change::new(Method::POST, "/reload").of_process();
    change::run(directory, options, &reload)
}

impl Bind {
    fn change(&self) -> Change {
        let https = if self.keep_https { "keep" } else { "on" };
        bindings(json!({
            "certificate": self.certificate, "domains": self.domains, "https": https,
        }))
    }
}

impl Unbind {
    fn change(&self) -> Change {
        let body = json!({ "certificate": null, "domains": self.domains });
        bindings(self.force.written(body))
    }
}

impl Https {
    fn change(&self) -> Change {
        let https = if self.switch.is_on() { "on" } else { "off" };
        let body = json!({ "domains": self.domains, "https": https });
        bindings(self.force.written(body))
    }
}

fn bindings(body: Value) -> Change {
    Change::new(Method::POST, "/bindings").json(body)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::change::tests::written;

    #[derive(Parser)]
    enum Line {
        Bind(Bind),
        Unbind(Unbind),
        Https(Https),
    }

    fn request(line: &str) -> Option<String> {
        let words = std::iter::once("lockgate").chain(line.split(' '));
        let change = match Line::try_parse_from(words).ok()? {
            Line::Bind(bind) => bind.change(),
            Line::Unbind(unbind) => unbind.change(),
            Line::Https(https) => https.change(),
        };
        Some(written(&change))
    }

    #[test]
    fn many_domains_are_asked_for_at_once() {
        for (line, body) in [
            (
                "bind c a.test b.test --dry-run",
                r#"{"certificate":"c","domains":["a.test","b.test"],"https":"on"}"#,
            ),
            (
                "bind c a.test --keep-https",
                r#"{"certificate":"c","domains":["a.test"],"https":"keep"}"#,
            ),
            (
                "unbind a.test --yes",
                r#"{"certificate":null,"domains":["a.test"]}"#,
            ),
            (
                "unbind a.test --force",
                r#"{"certificate":null,"domains":["a.test"],"force_https_off":true}"#,
            ),
            (
                "https off a.test --force",
                r#"{"domains":["a.test"],"force_https_off":true,"https":"off"}"#,
            ),
            (
                "https off a.test b.test",
                r#"{"domains":["a.test","b.test"],"https":"off"}"#,
            ),
            ("https on a.test", r#"{"domains":["a.test"],"https":"on"}"#),
        ] {
            let expected = format!("POST /api/v1/bindings {body}");
            assert_eq!(request(line), Some(expected), "{line}");
        }
        for line in ["bind c", "unbind", "https off", "https maybe a.test"] {
            assert_eq!(request(line), None, "{line}");
        }
    }
}
