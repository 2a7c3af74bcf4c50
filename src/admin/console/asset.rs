use std::iter;

/// A file of the console.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::admin) struct Asset {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

impl Asset {
    /// The one that stands at a path.
    pub(in crate::admin) fn at(path: &str) -> Option<&'static Self> {
        Self::all().find(|asset| asset.path == path)
    }

    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        let others = SCRIPTS.iter().chain(&STYLES).chain(&TEXTS);
        iter::once(&PAGE).chain(others)
    }
}

/// Where the console is opened.
pub(in crate::admin) const HOME: &str = "/";

macro_rules! assets {
    ($kind:literal: $($name:literal),*) => {
        [$(Asset {
            path: concat!("/console/", $name),
            kind: $kind,
            text: include_str!($name),
        }),*]
    };
}

static PAGE: Asset = Asset {
    path: HOME,
    kind: "text/html; charset=utf-8",
    text: include_str!("index.html"),
};

static SCRIPTS: [Asset; 28] = assets!["text/javascript; charset=utf-8":
    "api.js",
    "audit.js",
    "certificate-change.js",
    "certificate-choice.js",
    "certificate-facts.js",
    "certificate-fields.js",
    "certificates.js",
    "configure.js",
    "console.js",
    "dialog.js",
    "dom.js",
    "domain-choice.js",
    "domain-form.js",
    "domain-removal.js",
    "domains.js",
    "fault.js",
    "force.js",
    "history.js",
    "hsts.js",
    "https-switch.js",
    "list.js",
    "login.js",
    "outcome.js",
    "overview.js",
    "reason.js",
    "session.js",
    "state.js",
    "texts.js"
];

static STYLES: [Asset; 1] = assets!["text/css; charset=utf-8": "console.css"];

static TEXTS: [Asset; 3] = assets!["application/json": "en.json", "reasons-zh.json", "zh.json"];
