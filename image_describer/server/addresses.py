"""Rules for URLs to fetch pictures from, against server-side request forgery (SSRF).

A service that fetches any URL could reach a router, a printer or a cloud's metadata. So a URL is
parsed once, here, by an unambiguous grammar; its host must be one that the service was started
with; and every address that the host resolves to must be public. `fetch` connects to those
addresses only, so that DNS rebinding has no effect.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote

from image_describer import web_hosts
from image_describer.errors import UrlError, UrlRefusedError
from image_describer.i18n import _
from image_describer.text import shorten, visible

URL_LIMIT = 4_000  # characters
SHOWN_CHARACTERS = 80  # of a host's name in a sentence
PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^\[\]/?#@:]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^\[\]:]+)(?::(?P<port>[0-9]{1,5}))?")

# IANA's special-purpose addresses, and those that clouds use internally. Python's own `is_global`
# differs between versions and includes multicast.
_PRIVATE_4 = tuple(
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
_GLOBAL_6 = ip_network("2000::/3")  # all allocated addresses
_PRIVATE_6 = tuple(
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
_NAT64 = ip_network("64:ff9b::/96")  # IPv4 addresses in networks with IPv6 only
_ISATAP = (0x00005EFE, 0x02005EFE)  # before an IPv4 address in the last 32 bits


@dataclass(frozen=True)
class FetchTarget:
    """A parsed URL: ``host`` in lower-case ASCII, ``path`` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """The host, with the port unless it is the default."""
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The normalized URL."""
        return f"{self.scheme}://{self.netloc}{self.path}"


@dataclass(frozen=True)
class AllowedHost:
    """A host that pictures may be fetched from.

    ``subdomains`` also allows all names below it; without ``port``, only the default port is
    allowed.
    """

    name: str
    port: int | None = None
    subdomains: bool = False

    def allows(self, target: FetchTarget) -> bool:
        """Whether ``target`` has this host and port."""
        matches = target.host == self.name or (
            self.subdomains and target.host.endswith(f".{self.name}")
        )
        return matches and target.port == (self.port or PORTS[target.scheme])


def allowed_host(entry: str) -> AllowedHost:
    """Parse "photos.example.org", "photos.example.org:8443", or ".example.org" for subdomains, too.

    Raises UrlRefusedError for an invalid host.
    """
    found = _ENTRY.fullmatch(entry.strip())
    subdomains = entry.strip().startswith(".")
    port = int(found["port"]) if found and found["port"] else None
    name = web_hosts.canonical(found["host"][subdomains:]) if found else ""
    if (
        not name
        or port == 0
        or (port or 0) > 65_535
        or (subdomains and not _can_have_subdomains(name))
    ):
        raise UrlRefusedError(
            _('"{host}" is not a valid host name.').format(
                host=shorten(visible(entry), SHOWN_CHARACTERS)
            ),
            _("Use a name such as photos.example.org, without http:// and without a path."),
        )
    return AllowedHost(name, port, subdomains)


def parse(url: str, allowed: Iterable[AllowedHost]) -> FetchTarget:
    """Parse ``url``. Raises UrlRefusedError unless it is HTTP or HTTPS on an allowed host."""
    found = None if len(url) > URL_LIMIT or web_hosts.AMBIGUOUS.search(url) else _URL.fullmatch(url)
    host = web_hosts.canonical(found["host"]) if found else ""
    if not found or not host or not 0 < int(found["port"] or 1) < 65_536:
        raise UrlRefusedError(
            _("This address is not allowed."),
            _(
                "Use one such as https://photos.example.org/dog.jpg: http or https, without a user "
                "name, blanks or backslashes."
            ),
        )
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else PORTS[scheme]
    path = (found["path"] or "/") + (found["query"] or "")
    target = FetchTarget(scheme, host, port, "".join(c if c.isascii() else quote(c) for c in path))
    if not any(host_rule.allows(target) for host_rule in allowed):
        raise UrlRefusedError(
            _('Fetching from "{host}" is not allowed.').format(
                host=shorten(visible(target.netloc), SHOWN_CHARACTERS)
            ),
            _("To allow it, start the service with --allow-url-hosts."),
        )
    return target


async def resolve(target: FetchTarget, is_allowed_ip: Callable[[str], bool]) -> list[str]:
    """Return the IP addresses of a host, which all pass ``is_allowed_ip``.

    Raises UrlRefusedError if one does not, and UrlError if there are none.
    """
    if target.host.startswith("["):
        found = [target.host[1:-1]]
    else:
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _not_found_error(target) from error
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    if not found:
        raise _not_found_error(target)
    if not all(is_allowed_ip(address) for address in found):
        raise UrlRefusedError(
            _('The host "{host}" is not on the public internet.').format(
                host=shorten(visible(target.host), SHOWN_CHARACTERS)
            )
        )
    return found


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet; False if it is not an address."""
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
            ip in _GLOBAL_6
            and not any(ip in network for network in _PRIVATE_6)
            and (int(ip) >> 32 & 0xFFFFFFFF) not in _ISATAP
        )
    return not any(ip in network for network in _PRIVATE_4)


def _can_have_subdomains(name: str) -> bool:
    """Whether a host may have subdomains: IP addresses and top-level domains may not."""
    return "." in name and not name.startswith("[") and not web_hosts.is_ipv4(name)


def _not_found_error(target: FetchTarget) -> UrlError:
    return UrlError(
        _('The host "{host}" can\'t be found.').format(
            host=shorten(visible(target.host), SHOWN_CHARACTERS)
        ),
        _("Check the spelling of the name."),
    )
