use std::path::Path;

use toml::Spanned;

use super::problem::Problem;
use super::raw::File;

/// `certificate.toml`: what an operator has to say about a certificate. Every key is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Adopts a version though it is not valid yet, expires sooner than the one in use, or does not
    /// cover a domain that is bound to it. Off by default.
    pub force: bool,
    /// The operator's own words. Empty if there are none.
    pub remarks: String,
}

/// Reads a `certificate.toml`.
///
/// # Errors
///
/// All that is wrong with it, in the order of the lines.
pub fn parse_options(path: &Path, content: &[u8]) -> Result<Options, Vec<Problem>> {
    let file = File::new(path, content);
    let mut root = file.table();
    let mut problems = file.take_problems();
    if problems.is_empty() {
        let options = Options {
            force: root.boolean("force").unwrap_or_default(),
            remarks: root
                .string("remarks")
                .map(Spanned::into_inner)
                .unwrap_or_default(),
        };
        root.finish();
        problems = file.take_problems();
        if problems.is_empty() {
            return Ok(options);
        }
    }
    Err(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_and_no_other() {
        let parse = |text: &str| parse_options(Path::new("certificate.toml"), text.as_bytes());
        assert_eq!(parse("").unwrap(), Options::default());
        let options = parse("force = true\nremarks = \"until May\"").unwrap();
        assert!(options.force);
        assert_eq!(options.remarks, "until May");
        let problems = parse("forced = true\nremarks = 1").unwrap_err();
        let codes = problems.iter().map(|problem| problem.reason.code());
        assert_eq!(codes.collect::<Vec<_>>(), ["unknown_key", "invalid_value"]);
        assert!(parse("force").is_err());
    }
}
