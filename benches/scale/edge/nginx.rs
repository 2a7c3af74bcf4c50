use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::{Edge, output};
use crate::install;
use crate::ports;
use crate::process;
use crate::set::{Fresh, Locations, Set, domain};

/// nginx with a server block per domain. It reads a certificate again when it reads all of them
/// again: at a reload.
pub(super) struct Nginx {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    locations: Locations,
}

impl Nginx {
    pub(super) fn configure(set: &Set, directory: &Path) -> anyhow::Result<Self> {
        let nginx = Self {
            program: install::program("nginx")?,
            directory: directory.to_owned(),
            address: ports::free()?,
            locations: set.locations(),
        };
        let path = nginx.file();
        let mut file = BufWriter::new(File::create(&path).context("nginx.conf")?);
        file.write_all(nginx.head().as_bytes())?;
        for index in 0..set.count() {
            file.write_all(nginx.server(index).as_bytes())?;
        }
        file.write_all(b"}\n")?;
        file.flush()?;
        Ok(nginx)
    }

    fn file(&self) -> PathBuf {
        self.directory.join("nginx.conf")
    }

    /// All but the domains. Where the default is left, its reason stands beside it.
    fn head(&self) -> String {
        let directory = self.directory.display();
        // As root the workers would become another user, who may not reach the directory.
        let user = if install::is_root() { "user root;" } else { "" };
        // Twice as many slots as names, and room in each: with the defaults nginx does not start.
        let slots = (self.locations.count() * 2).max(512);
        format!(
            "{user}\n\
             daemon off;\n\
             pid {directory}/pid;\n\
             error_log {directory}/error.log warn;\n\
             # As Debian ships it, and as many threads as the others have.\n\
             worker_processes auto;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\n\
             access_log off;\n\
             client_body_temp_path {directory}/body;\n\
             proxy_temp_path {directory}/proxy;\n\
             fastcgi_temp_path {directory}/fastcgi;\n\
             uwsgi_temp_path {directory}/uwsgi;\n\
             scgi_temp_path {directory}/scgi;\n\
             server_names_hash_max_size {slots};\n\
             server_names_hash_bucket_size 512;\n\
             # The default of Debian 12's nginx has no TLS 1.3.\n\
             ssl_protocols TLSv1.2 TLSv1.3;\n"
        )
    }

    /// One domain. Handshakes are what is measured: no origin is needed behind it.
    fn server(&self, index: u32) -> String {
        let location = self.locations.of(index);
        let (address, domain) = (self.address, domain(index));
        let (chain, key) = (location.chain(), location.key());
        format!(
            "server {{ listen {address} ssl; server_name {domain}; \
             ssl_certificate {}; ssl_certificate_key {}; return 204; }}\n",
            chain.display(),
            key.display()
        )
    }
}

impl Edge for Nginx {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-e").arg(self.directory.join("error.log"));
        command.arg("-c").arg(self.file());
        command
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stage(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        self.locations.stage(fresh)
    }

    /// One reload for all of them, by what Debian's unit and certbot run. The command reads the
    /// whole configuration itself before it sends the signal.
    fn install(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        self.locations.install(fresh)?;
        let mut reload = self.command();
        reload.args(["-s", "reload"]);
        process::run(reload, PATIENCE)
    }
}

pub(super) fn version() -> anyhow::Result<String> {
    let text = output(Command::new(install::program("nginx")?).arg("-V"))?;
    let words = ["nginx version: ", "built with "];
    let parts = words.map(|word| text.lines().find_map(|line| line.strip_prefix(word)));
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    Ok(parts.join(" "))
}

/// For the command that asks for a reload: it reads as much as nginx does when it starts.
const PATIENCE: Duration = Duration::from_secs(300);
