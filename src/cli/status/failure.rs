use std::fmt::{self, Write};

use super::{Show, problem};
use crate::admin::view::Failure;

impl Show for Failure {
    fn show(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "{}; {}", self.detail, self.hint)?;
        problem::show(out, &self.problems, self.problems.len())
    }

    fn is_well(&self) -> bool {
        false
    }
}
