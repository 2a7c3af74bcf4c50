//! What commands print: lines, tables and problems, the same on a terminal and in a pipe, without
//! colours.

mod line;
mod problem;
mod table;

pub(super) use line::{count, few, line};
pub(super) use problem::show_problems;
pub(super) use table::table;
