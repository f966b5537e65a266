//! Which addresses are on the public internet, and networks that an operator names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, such as `10.2.0.0/16`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.2.0.0/16`, `fd00::/8`, or an address alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether `address` lies in it. IPv4 inside IPv6 is taken for what it leads to.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(it) => embedded_v4(it).map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(it)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(own).checked_shr(shift) == u32::from(it).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(it)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(own).checked_shr(shift) == u128::from(it).checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// Whether `address` leads to the public internet and nowhere else.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_public_v4(it),
        IpAddr::V6(it) => match embedded_v4(it) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(it),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let protocol = first == 192 && second == 0 && third == 0;
    let benchmark = first == 198 && (18..20).contains(&second);
    let reserved = first == 0 || first >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || shared
        || protocol
        || benchmark
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is assigned to the public internet; documentation ranges lie within, and so does
    // 2001::/23, which is for protocols: Teredo, which wraps IPv4, benchmarks, ORCHID.
    let [first, second, ..] = address.segments();
    let documentation = first == 0x2001 && second == 0x0db8 || first == 0x3fff;
    let protocol = first == 0x2001 && second < 0x0200;
    (0x2000..0x4000).contains(&first) && !documentation && !protocol
}

/// IPv4 inside IPv6: mapped, compatible, NAT64 and 6to4 all lead to an IPv4 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let join = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
            if (high, low) != (0, 0) && (high, low) != (0, 1) =>
        {
            Some(join(high, low))
        }
        // NAT64, as assigned and as translated locally (RFC 8215); 6to4; and translated addresses
        // (RFC 2765), which look much like the mapped ones.
        [0x64, 0xff9b, 0 | 1, _, _, _, high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(join(high, low)),
        _ => None,
    }
}
