use std::io;
use std::path::PathBuf;

use crate::snapshot::Current;
use crate::state::{HstsFile, HstsKeeper, Remembered};

/// Starts to keep what browsers are told of HTTPS.
pub(super) fn keeper(state: PathBuf, current: Current) -> io::Result<HstsKeeper> {
    HstsKeeper::start(HstsFile::new(state), move |goes_on| {
        let snapshot = current.hold();
        let pledges = snapshot.pledges.iter();
        let remembered = pledges.map(|(domain, told)| {
            let served = snapshot.domains.get(&domain).filter(|_| goes_on);
            Remembered {
                told,
                in_place: served.and_then(|served| served.hsts_in_place()),
                domain,
            }
        });
        let mut remembered: Vec<_> = remembered.collect();
        remembered.sort_by(|a, b| a.domain.cmp(&b.domain));
        remembered
    })
}
