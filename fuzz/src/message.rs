use std::fmt::{Debug, Display};

use lockgate::config::Problem;

/// A message stands in one line of a log or terminal, whatever the text says that it is about.
pub(crate) fn check(message: &dyn Display) {
    let text = message.to_string();
    let broken = text.is_empty() || text.chars().any(char::is_control);
    assert!(!broken, "no message of one line: {text:?}");
}

/// Lists no bytes: they may be those of a key.
pub(crate) fn check_secrecy(message: &(impl Display + Debug)) {
    let is_byte = |part: &&str| part.parse::<u8>().is_ok();
    for text in [format!("{message}"), format!("{message:?}")] {
        let bytes = text.split([',', ' ', '[', ']']).filter(is_byte);
        assert!(bytes.count() < 16, "a list of bytes: {text}");
    }
}

/// There are problems, each has a code, and its place is a line of the file, in their order.
pub(crate) fn check_problems<'p>(content: &[u8], problems: impl IntoIterator<Item = &'p Problem>) {
    let lines = 1 + content.iter().filter(|byte| **byte == b'\n').count();
    for problem in problems {
        let line = problem.place.line;
        assert!((1..=lines).contains(&line), "line {line} of {lines}");
        assert!(!problem.reason.code().is_empty());
        check(problem);
    }
}
