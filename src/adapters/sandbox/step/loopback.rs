//! The loopback interface of a network namespace of one's own, which is down at first.

use std::io;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Puts `lo` up: one RTM_NEWLINK message (rtnetlink(7)).
pub(super) fn raise() -> io::Result<()> {
    // No protocol named is number 0: NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &message(), SendFlags::empty(), &kernel)?;
    let mut answer = [0; 256];
    let (count, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    // nlmsghdr (16 bytes), then the error number: 0 is an acknowledgement.
    let code = answer.get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (count >= 20, code) {
        (true, Some(0)) => Ok(()),
        (true, Some(code)) => Err(io::Error::from_raw_os_error(-code)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// `nlmsghdr` and `ifinfomsg`: interface 1, which is always `lo`, with IFF_UP set and nothing else changed.
fn message() -> Vec<u8> {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_ACK: u16 = 0x1 | 0x4;
    const IFF_UP: u32 = 1;
    let mut bytes = Vec::with_capacity(32);
    bytes.extend(32_u32.to_ne_bytes());
    bytes.extend(RTM_NEWLINK.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    bytes.extend([0; 8]);
    // Family and padding, type, index, flags, mask of flags to change.
    bytes.extend([0; 4]);
    bytes.extend(1_i32.to_ne_bytes());
    bytes.extend(IFF_UP.to_ne_bytes());
    bytes.extend(IFF_UP.to_ne_bytes());
    bytes
}
