use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::{Edge, output};
use crate::files;
use crate::install;
use crate::ports;
use crate::set::{Fresh, Set, certificate};

/// HAProxy with a list of certificates, one combined PEM file each. It is given a new one over its
/// stats socket; the file is replaced as well, or a restart would bring the old one back.
pub(super) struct Haproxy {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
}

impl Haproxy {
    pub(super) fn configure(set: &Set, directory: &Path) -> anyhow::Result<Self> {
        let haproxy = Self {
            program: install::program("haproxy")?,
            directory: directory.to_owned(),
            address: ports::free()?,
        };
        fs::create_dir_all(haproxy.certificates())?;
        let mut list = String::new();
        let locations = set.locations();
        for index in 0..set.count() {
            let location = locations.of(index);
            let file = haproxy.certificate(index);
            let pair = [fs::read(location.chain())?, fs::read(location.key())?];
            fs::write(&file, pair.concat())?;
            writeln!(list, "{}", file.display())?;
        }
        fs::write(haproxy.list(), list)?;
        fs::write(haproxy.file(), haproxy.settings())?;
        Ok(haproxy)
    }

    fn file(&self) -> PathBuf {
        self.directory.join("haproxy.cfg")
    }

    fn list(&self) -> PathBuf {
        self.directory.join("crt-list")
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn certificates(&self) -> PathBuf {
        self.directory.join("certificates")
    }

    fn certificate(&self, index: u32) -> PathBuf {
        self.certificates().join(certificate(index) + ".pem")
    }

    /// Where the default is left, its reason stands beside it.
    fn settings(&self) -> String {
        let (address, list, socket) = (self.address, self.list(), self.socket());
        let (list, socket) = (list.display(), socket.display());
        format!(
            "global\n\
             \tstats socket {socket} mode 600 level admin\n\
             \t# Looking for .key, .ocsp and .sctl beside each file takes time, and there are none.\n\
             \tssl-load-extra-files none\n\
             \t# As many connections as nginx has.\n\
             \tmaxconn 4096\n\
             defaults\n\
             \tmode http\n\
             \ttimeout connect 5s\n\
             \ttimeout client 30s\n\
             \ttimeout server 30s\n\
             frontend edge\n\
             \t# strict-sni: an unknown name gets an alert, as from Lockgate.\n\
             \tbind {address} ssl crt-list {list} strict-sni ssl-min-ver TLSv1.2 alpn h2,http/1.1\n\
             \t# Handshakes are what is measured: no origin is needed.\n\
             \thttp-request return status 204\n"
        )
    }

    fn tell(&self, fresh: &Fresh) -> anyhow::Result<()> {
        let file = self.certificate(fresh.index);
        let file = file.display();
        let pair = combined(fresh);
        self.say(&format!("set ssl cert {file} <<\n{pair}\n"))?;
        let answer = self.say(&format!("commit ssl cert {file}\n"))?;
        ensure!(answer.contains("Success"), "commit ssl cert: {answer}");
        Ok(())
    }

    /// One connection per command: HAProxy closes it after its answer.
    fn say(&self, command: &str) -> anyhow::Result<String> {
        let mut stream = UnixStream::connect(self.socket()).context("the stats socket")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(command.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Edge for Haproxy {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-db").arg("-f").arg(self.file());
        command
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stage(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        let mut fresh = fresh.iter();
        fresh.try_for_each(|it| files::stage(&self.certificate(it.index), &combined(it)))
    }

    fn install(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        fresh.iter().try_for_each(|fresh| {
            files::install(&self.certificate(fresh.index))?;
            self.tell(fresh)
        })
    }
}

/// Everything in one file, without an empty line: on the socket that ends a payload.
fn combined(fresh: &Fresh) -> String {
    let text = format!("{}{}", fresh.chain, fresh.key);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

pub(super) fn version() -> anyhow::Result<String> {
    let text = output(Command::new(install::program("haproxy")?).arg("-vv"))?;
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "version");
    let version = words.nth(1).context("haproxy -vv")?;
    let mut lines = text.lines();
    let library = lines.find_map(|line| line.strip_prefix("Running on OpenSSL version : "));
    Ok(format!("haproxy {version} {}", library.unwrap_or_default()))
}

/// For one answer. It stands still while HAProxy is busy.
const PATIENCE: Duration = Duration::from_secs(120);
