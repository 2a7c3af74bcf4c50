//! Lines of a text, by offsets into it.

/// Where the line begins that an offset is in.
pub(in crate::edit) fn start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Where the next line begins, or the text ends.
pub(in crate::edit) fn end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// What the first line of a text ends with.
pub(in crate::edit) fn ending(text: &str) -> &'static str {
    let end = text.find('\n').unwrap_or_default();
    match text[..end].ends_with('\r') {
        true => "\r\n",
        false => "\n",
    }
}

/// The blanks that the line begins with that an offset is in.
pub(super) fn indent(text: &str, at: usize) -> &str {
    let line = &text[start(text, at)..at];
    &line[..line.len() - line.trim_start().len()]
}

/// Where the comments begin that stand right above the line at `at`, none of them before `floor`.
pub(in crate::edit) fn comments_above(text: &str, mut at: usize, floor: usize) -> usize {
    while at > floor {
        let above = start(text, at - 1);
        if above < floor || !is_comment(&text[above..at]) {
            break;
        }
        at = above;
    }
    at
}

/// Where the comments end that stand right below `at`, none of them beyond `ceiling`.
pub(in crate::edit) fn comments_below(text: &str, mut at: usize, ceiling: usize) -> usize {
    while at < ceiling {
        let below = end(text, at);
        if !is_comment(&text[at..below]) {
            break;
        }
        at = below;
    }
    at.min(ceiling)
}

/// Where the comment ends that is all that follows on the line, or `at`.
pub(super) fn comment_end(text: &str, at: usize) -> usize {
    let line = text[at..end(text, at)].trim_end();
    match is_comment(line) {
        true => at + line.len(),
        false => at,
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}
