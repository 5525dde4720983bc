"""Where a webhook may be sent: a host is resolved once, and nothing private is reached that is not
allowed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from service.webhooks.endpoints import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(Exception):
    """A host leads to where no webhook may go, or nowhere."""


def resolved(host: str, port: int, allowed: Sequence[Network], *, secure: bool) -> str:
    """The address to connect to: every one that the host has must be public, or in a network that is
    `allowed`. Without TLS (not `secure`) it must be in one of these. Raises AddressRefusedError.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError("the host's name cannot be resolved") from error
    addresses = [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    if not addresses:
        raise AddressRefusedError("the host's name cannot be resolved")
    for one in addresses:
        own = any(one.version == network.version and one in network for network in allowed)
        if not own and not is_public(one):
            raise AddressRefusedError("the address is not public and in no network of the settings")
        if not own and not secure:
            raise AddressRefusedError("http goes to the networks of the settings alone: give https")
    return str(addresses[0])


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could be there; an address that wraps another one is what it wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if wrapped is None and address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast and not address.is_reserved
