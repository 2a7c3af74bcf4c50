use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};

use super::assignment::{Assignment, KeyName};
use crate::cli::failed::Failed;
use crate::cli::switch::Switch;

/// Keys of a domain's table.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct Keys {
    /// Where requests go: http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT, h2://HOST:PORT or demo:. Repeat it for more.
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<String>,

    /// The certificate's name, or "auto" for the best match.
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,

    /// What plain HTTP gets while HTTPS is on.
    #[arg(long, value_enum)]
    http: Option<Http>,

    /// The HTTPS switch.
    #[arg(long, value_enum)]
    https: Option<Switch>,

    /// Tell browsers to ask over HTTPS alone for so long (HSTS): 30d, say; 0s takes it back.
    #[arg(long, value_name = "TIME")]
    hsts: Option<String>,

    /// Words of your own.
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,

    /// Set any key, as the file would have it: tls.min_version="1.3". Repeat it for more.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<Assignment>,
}

/// What plain HTTP gets.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Http {
    Serve,
    Redirect,
}

impl Keys {
    /// The keys as a request has them; null where a key shall go.
    pub(super) fn object(&self, unset: &[KeyName]) -> Result<Map<String, Json>, Failed> {
        let mut object = self.named();
        let set = self.set.iter().map(|it| &it.0);
        for more in set.chain(unset.iter().map(|it| &it.0)) {
            merge(&mut object, more)?;
        }
        Ok(object)
    }

    fn named(&self) -> Map<String, Json> {
        let text = |text: &Option<String>| text.clone().map(Json::from);
        let http = self.http.map(|http| match http {
            Http::Serve => "serve",
            Http::Redirect => "redirect",
        });
        let hsts = self.hsts.as_ref().map(|time| json!({ "max_age": time }));
        let origins = (!self.origins.is_empty()).then(|| self.origins.clone());
        let keys = [
            ("origins", origins.map(Json::from)),
            ("certificate", text(&self.certificate)),
            ("http", http.map(Json::from)),
            ("https", self.https.map(|https| https.is_on().into())),
            ("hsts", hsts),
            ("remarks", text(&self.remarks)),
        ];
        let keys = keys.into_iter();
        keys.filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

/// Adds keys; tables become one, and nothing is said twice.
fn merge(into: &mut Map<String, Json>, more: &Map<String, Json>) -> Result<(), Failed> {
    for (key, value) in more {
        match (into.get_mut(key), value) {
            (None, value) => {
                into.insert(key.clone(), value.clone());
            }
            (Some(Json::Object(table)), Json::Object(more)) => merge(table, more)?,
            (Some(_), _) => return Err(Failed::KeyTwice(key.clone())),
        }
    }
    Ok(())
}
