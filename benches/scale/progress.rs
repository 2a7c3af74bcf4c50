use std::io::{self, Write};

/// Tells who waits what is being done.
pub(crate) fn say(text: &str) {
    // Nobody may be there to read it; the table counts.
    let _ = writeln!(io::stderr(), "scale: {text}");
}
