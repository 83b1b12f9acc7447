//! Which addresses may be asked on a server's word.
//!
//! What a server says leads this program to other hosts, and must not lead it into the network that
//! the program is in: to a loopback or private address only from a server that is at one itself, or
//! where the user allows it, and to the addresses of a cloud's own services never (RFC 9728, 7.7).
//! Names are judged by what they resolve to, at the moment of the connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What kind of network an address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Loopback,
    Private,
    /// Link-local, multicast and what is reserved: cloud metadata services among them.
    Reserved,
}

/// What may be asked when the server is here.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    server: Url,
    kind: Kind,
    allow_private: bool,
}

impl Policy {
    pub(super) fn new(server: &Url, allow_private: bool) -> Self {
        let kind = match server.host() {
            Some(Host::Ipv4(address)) => kind(address.into()),
            Some(Host::Ipv6(address)) => kind(address.into()),
            Some(Host::Domain(name)) if is_loopback_name(name) => Kind::Loopback,
            _ => Kind::Public,
        };
        Self {
            server: server.clone(),
            kind,
            allow_private,
        }
    }

    /// Whether the URL is of the server's own origin.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.server.origin()
    }

    /// Whether a URL may be asked, as far as it shows: over TLS, but for loopback and the server's own
    /// origin, and not at an address that is not to be reached from here.
    pub(super) fn allows(&self, url: &Url) -> bool {
        if self.is_own(url) {
            return true;
        }
        let kind = match url.host() {
            Some(Host::Ipv4(address)) => kind(address.into()),
            Some(Host::Ipv6(address)) => kind(address.into()),
            Some(Host::Domain(name)) if is_loopback_name(name) => Kind::Loopback,
            Some(Host::Domain(_)) => Kind::Public,
            None => return false,
        };
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && kind == Kind::Loopback);
        is_safe && self.allows_kind(kind)
    }

    fn allows_kind(&self, kind: Kind) -> bool {
        match kind {
            Kind::Public => true,
            Kind::Loopback => self.kind == Kind::Loopback,
            Kind::Private => self.allow_private || self.kind == Kind::Private,
            Kind::Reserved => false,
        }
    }
}

/// Resolves names as the system does, and leaves out what the policy does not allow. The user named
/// the server's own host, so whatever that is may be asked.
impl Resolve for Policy {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::new(self.clone());
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let is_own = policy.server.host_str() == Some(host.as_str());
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| is_own || policy.allows_kind(kind(address.ip())))
                .collect();
            if allowed.is_empty() {
                return Err(
                    format!("{host} is at an address that is not to be asked from here").into(),
                );
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => kind_v4(address),
            None => kind_v6(address),
        },
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    let [a, b, ..] = address.octets();
    if address.is_loopback() {
        Kind::Loopback
    } else if address.is_private() || (a == 100 && (64..128).contains(&b)) {
        Kind::Private
    } else if a == 0
        || address.is_link_local()
        || address.is_multicast()
        || a >= 240
        || (a == 198 && (18..20).contains(&b))
    {
        Kind::Reserved
    } else {
        Kind::Public
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    let first = address.segments()[0];
    if address.is_loopback() {
        Kind::Loopback
    } else if first & 0xfe00 == 0xfc00 {
        Kind::Private
    } else if address.is_unspecified()
        || address.is_multicast()
        || first & 0xffc0 == 0xfe80
        || address.segments()[..2] == [0x2001, 0]
        || address.segments()[..3] == [0x64, 0xff9b, 1]
    {
        Kind::Reserved
    } else {
        Kind::Public
    }
}

/// The address that an address of IPv6 stands for: mapped, compatible, NAT64 and 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(of(g, h)),
        [0, 0, 0, 0, 0, 0] if !address.is_loopback() && !address.is_unspecified() => Some(of(g, h)),
        [0x2002, ..] => Some(of(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(server: &str, allow_private: bool, url: &str) -> bool {
        Policy::new(&server.parse().unwrap(), allow_private).allows(&url.parse().unwrap())
    }

    #[test]
    fn a_public_server_leads_to_no_address_of_this_network() {
        let server = "https://mcp.example/mcp";
        assert!(allows(server, false, "https://login.example/token"));
        for url in [
            "http://login.example/token",
            "https://localhost/token",
            "http://127.0.0.1:9/token",
            "https://10.0.0.9/token",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://0.0.0.0/",
            "file:///etc/passwd",
        ] {
            assert!(!allows(server, false, url), "{url}");
        }
        assert!(allows(server, true, "https://10.0.0.9/token"));
        for url in ["https://169.254.169.254/latest", "https://127.0.0.1/token"] {
            assert!(!allows(server, true, url), "{url}");
        }
    }

    #[test]
    fn a_server_on_this_machine_may_have_its_authorization_server_here_too() {
        let server = "http://127.0.0.1:3000/mcp";
        assert!(allows(server, false, "http://localhost:4000/token"));
        assert!(allows(server, false, "http://[::1]:4000/token"));
        assert!(!allows(server, false, "http://10.0.0.1/token"));
        // Plain HTTP is as the user has it for the server itself, and for no other host.
        assert!(allows(
            "http://mcp.corp/mcp",
            false,
            "http://mcp.corp/token"
        ));
        assert!(!allows(
            "http://mcp.corp/mcp",
            false,
            "http://sso.corp/token"
        ));
    }
}
