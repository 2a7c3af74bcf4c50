use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tokio::runtime::LocalRuntime;
use tokio::task::AbortHandle;

use super::StartError;
use super::bound::copy;
use super::inherited::Inherited;
use crate::admin::{Access, Admin, Place, Socket, SocketFile, Tls, Work, serve};
use crate::config::{self, Settings};
use crate::handover::{self, Handed, Role};
use crate::state::Tokens;

/// The admin listener before it is open: its socket, and who may ask there.
pub(super) struct Desk {
    socket: Socket,
    access: Access,
    settings: config::Admin,
}

impl Desk {
    /// Binds the socket, and makes the tokens that are missing.
    pub(super) fn set_up(
        directory: &Path,
        settings: &Settings,
        inherited: &mut Inherited,
    ) -> Result<Self, StartError> {
        let at = settings.admin.listen.to_string();
        let socket = match inherited.take(Role::Admin, &at).pop() {
            Some(socket) => Socket::adopt(directory, &settings.admin, socket)?,
            None => Socket::bind(directory, &settings.admin)?,
        };
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

    /// The socket, for the process that is to follow.
    pub(super) fn handed(&self) -> Result<Handed, StartError> {
        let place = handover::Place {
            role: Role::Admin,
            group: 0,
            at: self.settings.listen.to_string(),
        };
        let socket = copy(&self.socket)?;
        Ok(Handed { place, socket })
    }

    /// Begins to answer. A unix socket goes with what is returned.
    pub(super) fn open(
        self,
        runtime: &LocalRuntime,
        admin: Admin,
        provider: Arc<CryptoProvider>,
    ) -> Result<Open, StartError> {
        let name = self.settings.certificate.clone();
        let name = name.filter(|_| self.settings.is_tls());
        let tls = name.map(|name| Tls::new(name, admin.status.clone(), provider));
        let tls = tls.transpose().map_err(StartError::Tls)?;
        let (listener, file) = self.socket.listen()?;
        let serving = runtime.spawn_local(serve(
            listener,
            tls,
            admin,
            Work::start("admin", LONGEST_LOOK)?,
        ));
        Ok(Open {
            serving: serving.abort_handle(),
            file,
        })
    }
}

/// The admin listener while it answers.
#[derive(Debug)]
pub(super) struct Open {
    serving: AbortHandle,
    /// Removed with the value.
    file: Option<SocketFile>,
}

impl Open {
    /// Leaves it to the process that has taken over. What is being answered goes on.
    pub(super) fn leave(&mut self) {
        self.serving.abort();
        if let Some(file) = self.file.take() {
            file.leave();
        }
    }
}

/// For all who ask before, and the look itself.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
