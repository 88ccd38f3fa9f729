//! Addresses of this machine, and which addresses of others are asked.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::net::Family;

pub(super) fn source_address(cli: &RntpdateCli) -> Result<Option<IpAddr>, UsageError> {
    let Some(text) = &cli.source_address else { return Ok(None) };
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified() && !address.is_multicast());
    let range = "an address of this machine, which \"ip address\" shows";
    let address = address.ok_or_else(|| UsageError::Value { name: "--source-address", value: text.clone(), range })?;
    match address {
        IpAddr::V4(_) if cli.ipv6 => Err(UsageError::SourceFamily(address, "-6")),
        IpAddr::V6(_) if cli.ipv4 => Err(UsageError::SourceFamily(address, "-4")),
        _ => Ok(Some(address)),
    }
}

/// The kind of addresses that are asked: the one that is typed, else that of the address to send from.
pub(super) fn family(cli: &RntpdateCli, source: Option<IpAddr>) -> Family {
    match source {
        _ if cli.ipv4 => Family::V4,
        _ if cli.ipv6 => Family::V6,
        Some(IpAddr::V4(_)) => Family::V4,
        Some(IpAddr::V6(_)) => Family::V6,
        None => Family::Any,
    }
}
