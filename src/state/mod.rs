//! What outlives the process: earlier versions of certificates, the pins of rollbacks, what browsers
//! were told of HTTPS, the audit log, and the tokens that let somebody in at the admin listener.
//!
//! ```text
//! STATE/                                                 `[state] directory`
//! ├─ history/                                            0700
//! │  └─ play-2026/                                       0700, one directory a certificate
//! │     ├─ 20261124T101502.123Z-1a2b3c4d5e6f.pem         0600, one file a version
//! │     ├─ deleted                                       the operator deleted it, and when
//! │     └─ .9f86d081884c7d65.draft                       a version that is being written
//! ├─ hsts                                                0600, what browsers were told, by domain
//! ├─ audit/                                              0700, what was changed, and by whom
//! ├─ rollback/                                           0700
//! │  └─ play-2026.toml                                   serve that version in place of the files
//! └─ tokens/                                             0700
//!    ├─ operator                                         0600, who has it may do everything
//!    └─ viewer                                           0600, who has it may look
//! ```
//!
//! The reload thread and the command line read it; what a running process writes goes through the
//! [`Archivist`]. A file is written as a draft, brought to the disk, and only then given its name,
//! so at every moment a name stands for a whole file. What a disk tears all the same, a record's
//! seal tells.
//!
//! All of it blocks, so nothing on the way of a handshake or request may use it.

mod archivist;
mod audit;
mod digest;
mod disk;
mod history;
mod hsts;
mod millis;
mod pins;
mod record;
mod throttle;
mod tokens;
mod version;
mod warning;

pub use archivist::{Archivist, Job, Notice};
pub use audit::AuditLog;
pub use digest::{FilesDigest, InvalidDigest};
pub use history::{History, HistoryError, Recorded, Skipped, Swept};
pub use hsts::{HstsFile, HstsKeeper, Remembered};
pub use pins::{Pin, PinError, PinProblem, Pins};
pub use record::{Record, RecordError, RecordPair};
pub use tokens::{InvalidToken, Role, Token, TokenError, Tokens};
pub use version::{InvalidVersion, Version};
pub use warning::Warning;
