"""Which addresses, of those others gave us, we may ask: by their form, and by what their names resolve to.

https on port 443 only, at a name or address that needs no interpretation, and public: nothing of this machine, of
this network, or of any network that carries an address of them. ``allow_private`` lifts the rules about scheme, port
and address, for the demo and tests, where strangers live here.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.errors import Invalid

URL_CHARACTERS_MAX = 2048

# RFC 3986, and a name that needs no interpretation: neither unicode dots nor 0x7f.1 nor 2130706433
_URL = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]+")
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?\.?")

# IANA's special-purpose registries: of IPv4 what is not public, of IPv6 what is
_NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
]
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # without loopback, ULA, link-local, v4-mapped, NAT64, multicast


class Unsafe(Invalid):
    """The address is not one we may ask."""

    default_code = "address_refused"


@dataclass(frozen=True)
class Place:
    """Where a URL leads: the parts we connect with and ask for."""

    scheme: str
    host: str
    port: int
    path: str
    netloc: str


def check(url: str, allow_private: bool = False) -> Place:
    """Return where ``url`` leads, without asking anybody; raise Unsafe if its very form is refused."""
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        raise Unsafe("this is not a URL") from None
    host = parts.hostname or ""
    refusals = {
        "it is too long": len(url) > URL_CHARACTERS_MAX,
        "it has characters that do not belong in a URL": not _URL.fullmatch(url),
        "it must begin with https://": parts.scheme not in (("https", "http") if allow_private else ("https",)),
        "it names a user": "@" in parts.netloc,
        "its host is neither a name nor an address": not (_NAME.fullmatch(host) or _literal(host)),
        "its port is not 443": port != 443 and not allow_private,
        "its address is not public": not allow_private and _literal(host) and not public(host),
    }
    for reason, refused in refusals.items():
        if refused:
            raise Unsafe(f"we do not ask this address: {reason}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port, path, parts.netloc)


def public(address: str) -> bool:
    """Say whether ``address``, an IPv4 or IPv6 address, is one of the public internet."""
    found = ipaddress.ip_address(address)
    if found.version == 6 and found not in _GLOBAL_UNICAST:
        return False
    return not any(found in network for network in _NOT_PUBLIC if network.version == found.version)


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host
