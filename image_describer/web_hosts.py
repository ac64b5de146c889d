"""Host names of web addresses, normalized by one grammar, so that no two readers see different
hosts in an address.
"""

import re
from ipaddress import IPv4Address, IPv6Address

HOST_LIMIT = 253  # characters, by RFC 1035

# Parsers disagree on these in an address: blanks, control characters, backslashes.
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u2028\u2029]")

_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label that makes a host an IPv4 address


def canonical(host: str) -> str:
    """Return the normalized host in lower-case ASCII, "" if it is invalid.

    Names in other letters become Punycode (RFC 5891); IPv6 addresses are in brackets.
    """
    if host.startswith("["):
        return _canonical_6(host[1:-1])
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    name = host.lower().removesuffix(".")
    if len(name) > HOST_LIMIT or not _NAME.fullmatch(name):
        return ""
    if is_ipv4(name):
        # 127.1, 0x7f000001, 2130706433, 0177.0.0.1: parsers agree only on four decimal numbers.
        try:
            return str(IPv4Address(name))
        except ValueError:
            return ""
    return name


def is_ipv4(name: str) -> bool:
    """Whether a host is a number rather than a name."""
    return bool(_NUMBER.fullmatch(name.rpartition(".")[2]))


def _canonical_6(text: str) -> str:
    try:
        ip = IPv6Address(text)
    except ValueError:
        return ""
    return "" if ip.scope_id is not None else f"[{ip.compressed}]"
