use std::fmt::{self, Write};

use super::Show;
use crate::admin::view::{Domain, Policy, Proof};
use crate::cli::text::{line, show_problems};

impl Show for Domain {
    fn show(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "domain {}", self.name)?;
        line(out, "state", &self.state)?;
        line(out, "certificate", self.certificate())?;
        line(out, "wanted", &self.wanted)?;
        line(out, "served", self.served())?;
        line(out, "HTTPS", self.https())?;
        line(out, "HTTP", self.http())?;
        line(out, "origins", self.origins.join(", "))?;
        match &self.policy {
            Some(policy) => line(out, "TLS", tls(policy))?,
            None => line(out, "TLS", "never usable")?,
        }
        line(out, "viewers", self.viewers)?;
        line(out, "defined at", &self.place)?;
        if !self.remarks.is_empty() {
            line(out, "remarks", &self.remarks)?;
        }
        show_problems(out, &self.problems, self.problems.len())
    }

    fn is_well(&self) -> bool {
        self.problems.is_empty() && !self.proof.as_ref().is_some_and(differs)
    }
}

impl Domain {
    fn certificate(&self) -> String {
        match &self.certificate {
            None if self.binding == "auto" => "none matches (auto)".to_owned(),
            None => "none is bound".to_owned(),
            Some(name) if self.binding == "auto" => format!("{name} (auto)"),
            Some(name) => name.clone(),
        }
    }

    fn served(&self) -> String {
        let Some(proof) = &self.proof else {
            return "not looked at yet".to_owned();
        };
        let Proof {
            served,
            since,
            checked,
            ..
        } = proof;
        let differs = match differs(proof) {
            true => format!(", where {} was wanted", proof.wanted),
            false => String::new(),
        };
        format!("{served}{differs}, since {since}, looked at {checked}")
    }

    fn https(&self) -> String {
        let switch = if self.https { "on" } else { "off" };
        format!("{switch}; on_expiry = \"{}\"", self.on_expiry)
    }

    fn http(&self) -> String {
        match self.redirect_status {
            Some(status) => format!("{} ({status})", self.http),
            None => self.http.clone(),
        }
    }
}

fn differs(proof: &Proof) -> bool {
    proof.served != proof.wanted
}

fn tls(policy: &Policy) -> String {
    let (version, alpn) = (&policy.min_version, policy.alpn.join(", "));
    let clients = match &policy.client_ca {
        Some(path) => format!("{}, of {path}", policy.client_auth),
        None => policy.client_auth.clone(),
    };
    format!("{version} or newer; {alpn}; client certificates: {clients}")
}
