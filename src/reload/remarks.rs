use std::sync::Arc;

use crate::certificate::Name;
use crate::table::Table;

/// What the operator says of certificates.
///
/// It stands apart from the certificates, so that no connection and no snapshot has to do with it;
/// and a certificate of which nothing is said takes no room.
#[derive(Debug, Default)]
pub(super) struct Remarks(Table<Name, Arc<str>>);

impl Remarks {
    /// Notes what is said of a certificate now; returns whether that is something else than before.
    pub(super) fn note(&mut self, name: &Name, text: &str) -> bool {
        let before = self.0.get(name).map_or("", |it| it);
        if before == text {
            return false;
        }
        match text {
            "" => drop(self.0.remove(name)),
            text => drop(self.0.insert(name.clone(), text.into())),
        }
        true
    }

    /// All that is said, as of now.
    pub(super) fn all(&self) -> Table<Name, Arc<str>> {
        self.0.clone()
    }
}
