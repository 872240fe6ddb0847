//! Where a request may go when somebody else's words name the place: redirects, token realms, upload locations, next
//! pages. Decides on URLs and on the addresses behind names; sends nothing.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The registry the user named: what it may do, others may not.
#[derive(Clone, Debug)]
pub(super) struct Destinations {
    home: String,
    home_is_loopback: bool,
}

impl Destinations {
    /// `home` is the registry's host without port.
    pub(super) fn of(home: &str, home_is_loopback: bool) -> Self {
        let home = home.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Self { home, home_is_loopback }
    }

    /// Whether something at `from` may send us to `to`; the reason when not.
    pub(super) fn permit(&self, from: &Url, to: &Url) -> Result<(), String> {
        let shown = redacted(to);
        match to.scheme() {
            "https" => {}
            "http" if from.scheme() == "http" => {}
            "http" => return Err(format!("{shown}: from https down to http")),
            other => return Err(format!("{shown}: scheme {other}")),
        }
        if !to.username().is_empty() || to.password().is_some() {
            return Err(format!("{shown}: carries credentials"));
        }
        let Some(host) = to.host_str() else { return Err(format!("{shown}: no host")) };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if host == self.home {
            return Ok(());
        }
        let local_name = host == "localhost" || host.ends_with(".localhost");
        if local_name && !self.home_is_loopback {
            return Err(format!("{shown}: this machine"));
        }
        match host.parse::<IpAddr>() {
            Ok(address) => self.permit_address(address).map_err(|why| format!("{shown}: {why}")),
            Err(_) => Ok(()),
        }
    }

    fn permit_address(&self, address: IpAddr) -> Result<(), &'static str> {
        let address = address.to_canonical();
        let link_local = match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        if link_local {
            Err("link-local address")
        } else if address.is_loopback() && !self.home_is_loopback {
            Err("loopback address")
        } else if address.is_unspecified() || address.is_multicast() {
            Err("no address of a host")
        } else {
            Ok(())
        }
    }

    fn permit_resolved(&self, name: &str, address: IpAddr) -> bool {
        // URLs that say localhost are judged before; here it is a proxy the user has set up on this machine.
        name.eq_ignore_ascii_case(&self.home) || name == "localhost" || self.permit_address(address).is_ok()
    }
}

/// Names other than the registry's own may not lead where their addresses could not.
impl Resolve for Destinations {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            let kept: Vec<SocketAddr> =
                found.iter().copied().filter(|address| rules.permit_resolved(name, address.ip())).collect();
            if kept.is_empty() && !found.is_empty() {
                return Err("R-04: the name leads to this machine or a link-local address".into());
            }
            let kept: Addrs = Box::new(kept.into_iter());
            Ok(kept)
        })
    }
}

/// A URL fit to be shown: no credentials, no query, where signatures and tokens travel (K-03).
pub(super) fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    // Both can only fail on URLs that have no host, and then there is nothing to hide in them.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    crate::domain::text::escape(shown.as_str()).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(home: &str, loopback: bool, from: &str, to: &str) -> bool {
        Destinations::of(home, loopback).permit(&from.parse().unwrap(), &to.parse().unwrap()).is_ok()
    }

    #[test]
    fn r04_public_registries_lead_neither_here_nor_to_metadata() {
        for to in [
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://localhost/",
            "https://a.localhost/",
            "http://storage.example/x",
            "file:///etc/passwd",
            "ftp://storage.example/",
            "https://user:secret@storage.example/",
        ] {
            assert!(!verdict("registry.example", false, "https://registry.example/v2/", to), "{to}");
        }
        assert!(verdict("registry.example", false, "https://registry.example/v2/", "https://storage.example/x?sig=1"));
    }

    #[test]
    fn r04_a_loopback_registry_may_stay_on_this_machine() {
        let from = "http://127.0.0.1:5000/v2/";
        assert!(verdict("127.0.0.1", true, from, "http://127.0.0.1:6000/"));
        assert!(verdict("127.0.0.1", true, from, "http://localhost:6000/"));
        assert!(!verdict("127.0.0.1", true, from, "http://169.254.169.254/"));
        assert!(!verdict("127.0.0.1", true, "https://127.0.0.1:5000/", "http://127.0.0.1:6000/"));
    }

    #[test]
    fn r04_names_are_judged_by_where_they_lead() {
        let rules = Destinations::of("registry.example", false);
        assert!(!rules.permit_resolved("evil.example", "127.0.0.1".parse().unwrap()));
        assert!(!rules.permit_resolved("evil.example", "::ffff:169.254.169.254".parse().unwrap()));
        assert!(rules.permit_resolved("registry.example", "127.0.0.1".parse().unwrap()));
        assert!(rules.permit_resolved("cdn.example", "10.0.0.7".parse().unwrap()));
    }

    #[test]
    fn k03_secrets_are_cut_from_shown_urls() {
        let shown = redacted(&"https://u:p@h.example/a?X-Signature=secret#f".parse().unwrap());
        assert_eq!(shown, "https://h.example/a");
    }
}
