use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::asking::Asking;
use super::client::{Ask, Client};
use super::failed::Failed;
use super::printed::Printed;
use super::text::table;
use crate::admin::encode;
use crate::admin::view::Page;
use crate::state::Role;

// The options of the client inside have the same name, which would be that of clap's group.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub(super) struct Options {
    /// Only those whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    #[command(flatten)]
    asking: Asking,
}

/// What can stand in a list.
pub(super) trait Row: DeserializeOwned + Serialize {
    /// Where there is a list of them.
    const TARGET: &str;
    /// The titles of the columns.
    const TITLES: &[&str];

    /// Its cells, one for each title.
    fn cells(&self) -> Vec<String>;
}

/// Lists all that there are, however many parts the process gives them in.
pub(super) fn run<T: Row>(directory: &Path, options: &Options) -> Result<Printed, Failed> {
    let list: Page<T> = options.all(directory)?;
    let text = match options.asking.json {
        true => serde_json::to_string(&list).expect("a view can be written") + "\n",
        false => shown(&list.items),
    };
    Ok(Printed::done(text))
}

fn shown<T: Row>(items: &[T]) -> String {
    let rows: Vec<_> = items.iter().map(T::cells).collect();
    let mut text = String::new();
    table(&mut text, T::TITLES, &rows).expect("a string takes all");
    text
}

impl Options {
    fn all<T: Row>(&self, directory: &Path) -> Result<Page<T>, Failed> {
        let client = self.asking.client(directory, Role::Viewer)?;
        let mut list: Page<T> = self.part(&client, None)?;
        while let Some(after) = list.next.take() {
            let part = self.part::<T>(&client, Some(&after))?;
            list.items.extend(part.items);
            // A list that does not go on would never end.
            list.next = part.next.filter(|next| *next != after);
            list.total = part.total;
        }
        Ok(list)
    }

    fn part<T: Row>(&self, client: &Client, after: Option<&str>) -> Result<Page<T>, Failed> {
        let target = target::<T>(self.filter.as_deref(), after);
        self.asking
            .read(&client.ask(&Ask::get(target).over_files())?)
    }
}

fn target<T: Row>(filter: Option<&str>, after: Option<&str>) -> String {
    let mut target = format!("{}?limit={LARGEST}", T::TARGET);
    for (key, value) in [("filter", filter), ("after", after)] {
        if let Some(value) = value {
            target += &format!("&{key}={}", encode(value));
        }
    }
    target
}

/// As many as the process gives at once.
const LARGEST: usize = 1_000;
