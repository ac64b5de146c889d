"""Which URLs a picture may be fetched from: their form, their host, the addresses behind it.

A service that fetches what it is told can be made to ask what only it can reach: the router, a
printer, a cloud's metadata. So a URL is taken apart once, here, by a grammar that knows no second
reading; its host has to be among those that were named when the service was started; and every
address that the host's name leads to has to be a public one. `fetch` connects to those addresses
and to nothing else, so that a name which answers differently the next time changes nothing.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote

import idna

from image_describer.errors import UrlError, UrlRefusedError
from image_describer.text import shorten, visible

URL_LIMIT = 4_000  # characters; longer ones are not pictures' addresses
HOST_LIMIT = 253  # characters, by RFC 1035
SHOWN = 80  # characters of a host's name in a sentence
PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^\[\]/?#@:]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]+)(?::(?P<port>[0-9]{1,5}))?")
# What programs disagree on how to read: blanks, control characters, backslashes.
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u2028\u2029]")
_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label that makes a host an IPv4 address

# IANA's registries of special addresses, and what clouds have put on public ones. Python's own
# `is_global` differs between its versions and takes multicast for global.
_CLOSED_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by a provider's customers; Alibaba's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own services, from within
            "169.254.0.0/16",  # link-local; the metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocols; Oracle's metadata
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved; broadcast
        ),
    )
)
_OPEN_6 = ip_network("2000::/3")  # all that is given out; mapped, local and multicast lie elsewhere
_CLOSED_6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols; Teredo, which carries an IPv4 address
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which carries an IPv4 address
            "2620:4f:8000::/48",
            "3ffe::/16",
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")  # an IPv4 address, seen from a network that has IPv6 only
_ISATAP = (0x00005EFE, 0x02005EFE)  # in front of an IPv4 address in the last 32 bits


@dataclass(frozen=True)
class Place:
    """Where a URL leads: ``host`` in ASCII and lower case, ``target`` the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """Host, and port where it is not the scheme's own."""
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The place in the one spelling that is used from here on."""
        return f"{self.scheme}://{self.netloc}{self.target}"


@dataclass(frozen=True)
class AllowedHost:
    """One host that was named when the service was started.

    ``below`` also allows every name that ends in it; without ``port`` only the scheme's own port
    is allowed.
    """

    name: str
    port: int | None = None
    below: bool = False

    def allows(self, place: Place) -> bool:
        """Whether pictures may be fetched from ``place``, as far as its name tells."""
        named = place.host == self.name or (self.below and place.host.endswith(f".{self.name}"))
        return named and place.port == (self.port or PORTS[place.scheme])


def allowed_host(entry: str) -> AllowedHost:
    """``entry`` as a rule: "photos.example.org", "photos.example.org:8443", or ".example.org" for
    that host and all below it. Raises UrlRefusedError for what is no host.
    """
    found = _ENTRY.fullmatch(entry.strip())
    below = entry.strip().startswith(".")
    port = int(found["port"]) if found and found["port"] else None
    name = _canonical(found["host"][below:]) if found else ""
    if not name or port == 0 or (port or 0) > 65_535 or (below and not _may_be_below(name)):
        raise UrlRefusedError(
            f'"{shorten(visible(entry), SHOWN)}" is no host that pictures can be fetched from.',
            "Write a name like photos.example.org, without http:// and without a path.",
        )
    return AllowedHost(name, port, below)


def parse(url: str, allowed: Iterable[AllowedHost]) -> Place:
    """Where ``url`` leads. Raises UrlRefusedError unless it is plain http or https to a host that
    is allowed.
    """
    found = None if len(url) > URL_LIMIT or _ODD.search(url) else _URL.fullmatch(url)
    host = _canonical(found["host"]) if found else ""
    if not found or not host or not 0 < int(found["port"] or 1) < 65_536:
        raise UrlRefusedError(
            "That is no address of a picture that I fetch.",
            "Give one like https://photos.example.org/dog.jpg: http or https, no user name, no "
            "blanks or backslashes.",
        )
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else PORTS[scheme]
    target = (found["path"] or "/") + (found["query"] or "")
    place = Place(scheme, host, port, "".join(c if c.isascii() else quote(c) for c in target))
    if not any(one.allows(place) for one in allowed):
        raise UrlRefusedError(
            f'Pictures are not fetched from "{shorten(visible(place.netloc), SHOWN)}".',
            "Whoever runs the service can allow it: --allow-url-hosts.",
        )
    return place


async def resolve(place: Place, judge: Callable[[str], bool]) -> list[str]:
    """The addresses of a place, looked up once; all of them pass ``judge``.

    Raises UrlRefusedError when one does not, UrlError when there is none.
    """
    if place.host.startswith("["):
        found = [place.host[1:-1]]
    else:
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as trouble:
            raise _nowhere(place) from trouble
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    if not found:
        raise _nowhere(place)
    if not all(judge(address) for address in found):
        raise UrlRefusedError(
            f'Pictures are not fetched from "{shorten(visible(place.host), SHOWN)}": it is not on '
            "the public internet."
        )
    return found


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's; False for whatever is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        if ip in _NAT64:
            return is_public(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
        return (
            ip in _OPEN_6
            and not any(ip in network for network in _CLOSED_6)
            and (int(ip) >> 32 & 0xFFFFFFFF) not in _ISATAP
        )
    return not any(ip in network for network in _CLOSED_4)


def _canonical(host: str) -> str:
    """A host in the one spelling that is compared and asked for; empty when it is none."""
    if host.startswith("["):
        return _canonical_6(host[1:-1])
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    name = host.lower().removesuffix(".")
    if len(name) > HOST_LIMIT or not _NAME.fullmatch(name):
        return ""
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        # 127.1, 0x7f000001, 2130706433, 0177.0.0.1: only four plain numbers are read by all alike.
        try:
            return str(IPv4Address(name))
        except ValueError:
            return ""
    return name


def _canonical_6(text: str) -> str:
    try:
        ip = IPv6Address(text)
    except ValueError:
        return ""
    return "" if ip.scope_id is not None else f"[{ip.compressed}]"


def _may_be_below(name: str) -> bool:
    """Whether names can end in this one: not in an IP address, not in a whole top-level domain."""
    return "." in name and not name.startswith("[") and not _is_ipv4(name)


def _is_ipv4(name: str) -> bool:
    return bool(_NUMBER.fullmatch(name.rpartition(".")[2]))


def _nowhere(place: Place) -> UrlError:
    return UrlError(
        f'The host "{shorten(visible(place.host), SHOWN)}" can\'t be found.',
        "Check how its name is written.",
    )
