use std::fmt::{self, Write};

use super::Show;
use crate::admin::view::Failure;
use crate::cli::text::show_problems;

impl Show for Failure {
    fn show(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "{}; {}", self.detail, self.hint)?;
        show_problems(out, &self.problems, self.problems.len())
    }

    fn is_well(&self) -> bool {
        false
    }
}
