use std::fs;
use std::path::{Path, PathBuf};

/// Calls `at` with each path that a symlink leads through after its own, the last one with what
/// they all lead to. What is no symlink leads nowhere.
pub(super) fn follow(path: &Path, mut at: impl FnMut(&Path)) {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Some(next) = target(&path) else {
            return;
        };
        at(&next);
        path = next;
    }
}

fn target(link: &Path) -> Option<PathBuf> {
    let target = fs::read_link(link).ok()?;
    Some(link.parent()?.join(target))
}

/// As many as the system follows.
const MOST_LINKS: usize = 40;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_chain_of_links_is_followed_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        symlink("two", path("one")).unwrap();
        symlink(path("three"), path("two")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let followed = |name| {
            let mut paths = Vec::new();
            follow(&path(name), |path| paths.push(path.to_owned()));
            paths
        };
        assert_eq!(followed("one"), [path("two"), path("three")]);
        assert!(followed("three").is_empty());
        assert_eq!(followed("loop").len(), MOST_LINKS);
    }
}
