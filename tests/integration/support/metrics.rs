//! What `/metrics` says.

use std::collections::BTreeMap;
use std::fmt;

/// All series, at one moment.
#[derive(Debug)]
pub(crate) struct Metrics(Vec<Series>);

#[derive(Debug)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| !line.is_empty());
        Self(lines.map(Series::parse).collect())
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is a series of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|series| series.name == name)
    }

    /// The sum of all series of this name with these labels; zero when there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let matching = self.0.iter().filter(|series| series.is(name, labels));
        matching.map(|series| series.value).sum()
    }

    /// All counters of a name that have these labels, with the value of one more label.
    pub(crate) fn by(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        label: &str,
    ) -> Vec<(String, f64)> {
        let matching = self.0.iter().filter(|series| series.is(name, labels));
        let value = |series: &Series| series.labels.get(label).cloned().unwrap_or_default();
        matching.map(|it| (value(it), it.value)).collect()
    }

    /// How many series there are with these labels, whatever their names.
    pub(crate) fn labelled(&self, labels: &[(&str, &str)]) -> usize {
        let matching = self.0.iter().filter(|series| series.has(labels));
        matching.count()
    }

    /// Whether there is a series of this name with these labels.
    pub(crate) fn find(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.0.iter().any(|series| series.is(name, labels))
    }

    /// The counters that have grown since, each with its labels, and by how much.
    pub(crate) fn grown(&self, since: &Self) -> Vec<(String, f64)> {
        let counters = self.0.iter().filter(|it| it.name.ends_with("_total"));
        let growth = counters.map(|it| (it, it.value - since.sum_of(it)));
        let grown = growth.filter(|(_, growth)| *growth > 0.0);
        grown.map(|(it, growth)| (it.to_string(), growth)).collect()
    }

    fn sum_of(&self, other: &Series) -> f64 {
        let same = |it: &&Series| it.name == other.name && it.labels == other.labels;
        self.0.iter().find(same).map_or(0.0, |it| it.value)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels.values().map(String::as_str);
        write!(
            f,
            "{}{{{}}}",
            self.name,
            labels.collect::<Vec<_>>().join(",")
        )
    }
}

impl Series {
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').expect("a series has a value");
        let value = value.parse().expect("a value is a number");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').expect("labels end");
        Self {
            name: name.to_owned(),
            labels: parse_labels(labels),
            value,
        }
    }

    fn is(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.name == name && self.has(labels)
    }

    fn has(&self, labels: &[(&str, &str)]) -> bool {
        let has =
            |(key, value): &(&str, &str)| self.labels.get(*key).map(String::as_str) == Some(*value);
        labels.iter().all(has)
    }
}

/// Takes `key="value"` apart; no value of ours holds a quote.
fn parse_labels(text: &str) -> BTreeMap<String, String> {
    let parts: Vec<&str> = text.split('"').collect();
    let pairs = parts.chunks_exact(2);
    let key = |text: &str| text.trim_matches([',', '=']).to_owned();
    pairs
        .map(|pair| (key(pair[0]), pair[1].to_owned()))
        .collect()
}
