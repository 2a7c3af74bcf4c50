use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Content;
use crate::certificate::Unreadable;

pub(super) fn read(path: &Path) -> Content {
    // Looked at before it is opened, since opening can have effects on a device; and again after,
    // since it may have been replaced. Without O_NONBLOCK, opening a FIFO waits for a writer.
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    check(&file.metadata()?)?;
    read_bounded(file)
}

fn check(metadata: &Metadata) -> Result<(), Unreadable> {
    if !metadata.is_file() {
        return Err(Unreadable::NotAFile);
    }
    if metadata.len() > MAX_FILE {
        return Err(Unreadable::TooLarge { limit: MAX_FILE });
    }
    Ok(())
}

fn read_bounded(file: File) -> Content {
    let mut content = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(Unreadable::TooLarge { limit: MAX_FILE });
    }
    Ok(content)
}

/// The most bytes of one file: far above any chain, far below what would hurt.
const MAX_FILE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_small_regular_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        fs::write(path("small"), "x").unwrap();
        assert_eq!(read(&path("small")).unwrap(), b"x");
        fs::create_dir(path("directory")).unwrap();
        let large = File::create(path("large")).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        let code = |name| read(&path(name)).unwrap_err().code();
        assert_eq!(code("directory"), "not_a_file");
        assert_eq!(code("large"), "too_large");
        assert_eq!(code("absent"), "unreadable");
    }
}
