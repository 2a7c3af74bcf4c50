use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use super::invalid::{InvalidBody, MOST_DOMAINS};
use super::keys::keys;
use crate::admin::fault::Fault;
use crate::admin::percent::decode;
use crate::admin::route::Route;
use crate::certificate::{self, PairText};
use crate::domain::Pattern;
use crate::manage::{Bind, Condition, Keys, Operation, Switch, Tag, Target, Upload};
use crate::state::Version;

/// What a request asks for, by its path, its method, its query and its body.
pub(super) fn operation(
    route: Route<'_>,
    method: &Method,
    query: Query,
    body: &[u8],
) -> Result<Operation, Fault> {
    Ok(match (route, method) {
        (Route::Domains, _) => add_domain(read(body)?)?,
        (Route::Domain(name), &Method::DELETE) => Operation::RemoveDomain(domain(name)?),
        (Route::Domain(name), _) => {
            let (name, object) = (domain(name)?, read::<Map<_, _>>(body)?);
            match object.contains_key("name") {
                true => return Err(InvalidBody::Renamed.into()),
                false => Operation::SetDomain(name, keys(object)?),
            }
        }
        (Route::Certificate(name), &Method::PUT) => {
            let (name, upload) = (certificate(name)?, read::<Certificate>(body)?);
            Operation::PutCertificate(name, upload.into())
        }
        (Route::Certificate(name), &Method::DELETE) => Operation::DeleteCertificate {
            name: certificate(name)?,
            force_https_off: query.force_https_off,
        },
        (Route::Certificate(name), _) => {
            let options: Options = read(body)?;
            Operation::SetCertificate(certificate(name)?, options.keys())
        }
        (Route::Rollback(name), &Method::DELETE) => Operation::Release(certificate(name)?),
        (Route::Rollback(name), _) => {
            Operation::RollBack(certificate(name)?, read::<RollBack>(body)?.version()?)
        }
        (Route::Bindings, _) => Operation::Bind(read::<Bindings>(body)?.parse()?),
        (Route::Reload, _) => Operation::Reload,
        _ => return Err(Fault::NoSuchPath(None)),
    })
}

/// The chains and keys that are to be looked at.
pub(super) fn pairs(body: &[u8]) -> Result<Vec<PairText>, InvalidBody> {
    Ok(read::<Inspect>(body)?.pairs.into_iter().map(text).collect())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, InvalidBody> {
    serde_json::from_slice(body).map_err(|error| InvalidBody::Json(describe(&error)))
}

/// What is wrong with a body, without the value that is: it may be a private key.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let names_a_field = ["missing field", "unknown field"]
        .iter()
        .any(|it| text.starts_with(it));
    let is_safe = !error.is_data() || names_a_field && text.len() < LONGEST_TEXT;
    match is_safe {
        true => text,
        false => format!(
            "another type at line {} column {}",
            error.line(),
            error.column()
        ),
    }
}

/// A text that names a field and the known ones.
const LONGEST_TEXT: usize = 200;

fn domain(name: &str) -> Result<Pattern, Fault> {
    let name = decode(name).and_then(|name| name.parse().ok());
    // What cannot be a name is unknown as well.
    name.ok_or_else(|| Fault::UnknownDomain(Vec::new()))
}

fn certificate(name: &str) -> Result<certificate::Name, InvalidBody> {
    let decoded = decode(name).and_then(|name| name.parse().ok());
    decoded.ok_or_else(|| InvalidBody::CertificateName(name.to_owned()))
}

fn add_domain(mut object: Map<String, Json>) -> Result<Operation, InvalidBody> {
    let Some(Json::String(name)) = object.remove("name") else {
        let missing = "`name` is missing, or no text".to_owned();
        return Err(InvalidBody::Json(missing));
    };
    let pattern = name.parse().map_err(|_| InvalidBody::DomainName(name))?;
    Ok(Operation::AddDomain(pattern, keys(object)?))
}

/// What a query says of a change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Query {
    /// Only tells what would come of it.
    pub(super) dry_run: bool,
    /// HTTPS may end though browsers were told to use nothing else.
    force_https_off: bool,
}

impl Query {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, InvalidBody> {
        let mut query = Self::default();
        let parameters = text.unwrap_or_default().split('&');
        for parameter in parameters.filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(InvalidBody::Query)?;
            let switch = match name {
                "dry_run" => &mut query.dry_run,
                "force_https_off" => &mut query.force_https_off,
                _ => return Err(InvalidBody::Query),
            };
            *switch = value.parse().map_err(|_| InvalidBody::Query)?;
        }
        Ok(query)
    }
}

/// The version that a request is meant for (RFC 9110 section 13.1).
pub(super) fn condition(headers: &HeaderMap) -> Result<Condition, InvalidBody> {
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        Some(value.to_str().map_err(|_| InvalidBody::Condition))
    };
    match (
        text(IF_MATCH).transpose()?,
        text(IF_NONE_MATCH).transpose()?,
    ) {
        (None, None) => Ok(Condition::None),
        (None, Some("*")) => Ok(Condition::IsNew),
        (Some("*"), None) => Ok(Condition::IsThere),
        (Some(tag), None) => {
            let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let tag = tag.ok_or(InvalidBody::Condition)?;
            Ok(Condition::Is(Tag::from(tag)))
        }
        (_, Some(_)) => Err(InvalidBody::Condition),
    }
}

/// A chain and its key, in PEM.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    chain: String,
    #[serde(deserialize_with = "secret")]
    key: Zeroizing<Vec<u8>>,
}

/// What an operator has to say about a certificate.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default, deserialize_with = "present")]
    remarks: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    force: Option<Option<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    pairs: Vec<Pair>,
    #[serde(default, deserialize_with = "present")]
    remarks: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    force: Option<Option<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inspect {
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollBack {
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bindings {
    domains: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    certificate: Option<Option<String>>,
    pairs: Option<Vec<Pair>>,
    #[serde(default, deserialize_with = "present")]
    remarks: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    force: Option<Option<bool>>,
    https: Option<Https>,
    #[serde(default)]
    force_https_off: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Https {
    On,
    Off,
    Keep,
}

/// A text that is wiped when it is dropped.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Zeroizing::new(text.into_bytes()))
}

/// Tells null from what is not there.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Options {
    fn keys(self) -> Keys {
        let remarks = self
            .remarks
            .map(|it| ("remarks".into(), it.map(Into::into)));
        let force = self.force.map(|it| ("force".into(), it.map(Into::into)));
        remarks.into_iter().chain(force).collect()
    }
}

impl From<Certificate> for Upload {
    fn from(certificate: Certificate) -> Self {
        let options = Options {
            remarks: certificate.remarks,
            force: certificate.force,
        };
        upload(certificate.pairs, options)
    }
}

fn upload(pairs: Vec<Pair>, options: Options) -> Upload {
    Upload {
        pairs: pairs.into_iter().map(text).collect(),
        options: options.keys(),
    }
}

fn text(pair: Pair) -> PairText {
    PairText {
        chain: pair.chain.into_bytes(),
        key: pair.key,
    }
}

impl RollBack {
    fn version(self) -> Result<Option<Version>, InvalidBody> {
        let version = self.version.map(|text| text.parse());
        version.transpose().map_err(|_| InvalidBody::Version)
    }
}

impl Bindings {
    fn parse(self) -> Result<Bind, InvalidBody> {
        if self.domains.len() > MOST_DOMAINS {
            return Err(InvalidBody::TooManyDomains);
        }
        let domains = self.domains.into_iter().map(|name| {
            let pattern = name.parse();
            pattern.map_err(|_| InvalidBody::DomainName(name))
        });
        let domains = domains.collect::<Result<_, _>>()?;
        let options = Options {
            remarks: self.remarks,
            force: self.force,
        };
        let name = self.certificate.map(|name| {
            let name =
                name.map(|name| name.parse().map_err(|_| InvalidBody::CertificateName(name)));
            name.transpose()
        });
        let certificate = match (name.transpose()?, self.pairs) {
            (None, None) => Target::Keep,
            (Some(None), None) => Target::None,
            (Some(Some(name)), None) => Target::Present(name),
            (Some(Some(name)), Some(pairs)) => Target::New(name, upload(pairs, options)),
            (_, Some(_)) => return Err(InvalidBody::PairsForNothing),
        };
        let https = match (self.https, &certificate) {
            (Some(Https::On), _) => Switch::On,
            (Some(Https::Off), _) => Switch::Off,
            (Some(Https::Keep), _) | (None, Target::Keep | Target::None) => Switch::Keep,
            // On is the default when a certificate is bound.
            (None, Target::Present(_) | Target::New(..)) => Switch::On,
        };
        Ok(Bind {
            domains,
            certificate,
            https,
            force_https_off: self.force_https_off,
        })
    }
}
