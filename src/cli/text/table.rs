use std::fmt::{self, Write};

/// Writes rows below their titles, each column as wide as its widest cell. A column in which no row
/// has anything is left out; rows have as many cells as there are titles.
pub(in crate::cli) fn table(
    out: &mut String,
    titles: &[&str],
    rows: &[Vec<String>],
) -> fmt::Result {
    let is_used = |column: &usize| {
        rows.is_empty()
            || rows
                .iter()
                .any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()))
    };
    let columns: Vec<_> = (0..titles.len()).filter(is_used).collect();
    let titles: Vec<_> = titles.iter().map(ToString::to_string).collect();
    let widths = widths(&titles, rows);
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for column in &columns {
            let (cell, width) = (row.get(*column).map_or("", String::as_str), widths[*column]);
            write!(line, "{cell:width$}  ")?;
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn widths(titles: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<_> = titles.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[[&str; 3]]) -> String {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| row.map(str::to_owned).to_vec())
            .collect();
        let mut out = String::new();
        table(&mut out, &["NAME", "STATE", "WHY"], &rows).unwrap();
        out
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let expected = "\
NAME       STATE    WHY
é.test     serving  because
long.test  off
";
        let rows = [["é.test", "serving", "because"], ["long.test", "off", ""]];
        assert_eq!(written(&rows), expected);
    }

    #[test]
    fn an_empty_column_is_left_out() {
        assert_eq!(written(&[["a", "", "b"]]), "NAME  WHY\na     b\n");
        assert_eq!(written(&[]), "NAME  STATE  WHY\n");
    }
}
