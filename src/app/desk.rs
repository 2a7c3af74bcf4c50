use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tokio::runtime::LocalRuntime;

use super::StartError;
use crate::admin::{Access, Admin, Place, Socket, SocketFile, Tls, Work, serve};
use crate::config::{self, Settings};
use crate::state::Tokens;

/// The admin listener before it is open: its socket, and who may ask there.
pub(super) struct Desk {
    socket: Socket,
    access: Access,
    settings: config::Admin,
}

impl Desk {
    /// Binds the socket, and makes the tokens that are missing.
    pub(super) fn set_up(directory: &Path, settings: &Settings) -> Result<Self, StartError> {
        let socket = Socket::bind(directory, &settings.admin)?;
        if settings.admin.speaks_plainly_to_others() {
            let address = socket.place();
            tracing::warn!(
                %address,
                reason = "admin_insecure",
                "tokens for the admin listener go over the network in clear; \
                 add admin.certificate, and remove admin.insecure"
            );
        }
        let state = directory.join(&settings.state.directory);
        Ok(Self {
            socket,
            access: Access::start(Tokens::new(state)),
            settings: settings.admin.clone(),
        })
    }

    /// Where the socket was bound.
    pub(super) fn place(&self) -> &Place {
        self.socket.place()
    }

    /// Who may ask.
    pub(super) fn access(&self) -> Access {
        self.access.clone()
    }

    /// Begins to answer. A unix socket goes with what is returned.
    pub(super) fn open(
        self,
        runtime: &LocalRuntime,
        admin: Admin,
        provider: Arc<CryptoProvider>,
    ) -> Result<Option<SocketFile>, StartError> {
        let name = self.settings.certificate.clone();
        let name = name.filter(|_| self.settings.is_tls());
        let tls = name.map(|name| Tls::new(name, admin.status.clone(), provider));
        let tls = tls.transpose().map_err(StartError::Tls)?;
        let (listener, file) = self.socket.listen()?;
        runtime.spawn_local(serve(
            listener,
            tls,
            admin,
            Work::start("admin", LONGEST_LOOK)?,
        ));
        Ok(file)
    }
}

/// For all who ask before, and the look itself.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
