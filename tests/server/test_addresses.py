"""Checks of URLs: internal addresses are refused in every spelling, public ones are accepted."""

import asyncio
import ipaddress
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import web_hosts
from image_describer.errors import UrlError, UrlRefusedError
from image_describer.server import addresses
from image_describer.server.addresses import is_public
from tests.support.url_spellings import ALLOWED, INTERNAL, NAMES, PUBLIC

PORT = "8080"


class EveryHost(addresses.AllowedHost):
    """The worst configuration: every host is allowed."""

    def allows(self, place):
        return True


def resolved(url, allowed):
    """Return the addresses that a URL would be fetched from."""
    place = addresses.parse(url.replace("PORT", PORT), allowed)
    return asyncio.run(addresses.resolve(place, is_public))


@pytest.fixture
def names(monkeypatch):
    """Resolve the names of the table; the system reads numeric addresses."""
    known = {web_hosts.canonical(name): address for name, address in NAMES.items()}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *rest, **more):
        assert isinstance(host, str)
        address = known.get(host, host)
        if address.endswith("%eth0"):
            return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 2))]
        # Tests send no DNS queries.
        return real(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def no_lookup(monkeypatch):
    def getaddrinfo(host, *rest, **more):
        raise AssertionError(f"{host} was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_internal_urls_are_refused_without_a_lookup(no_lookup):
    for url in INTERNAL:
        with pytest.raises(UrlRefusedError) as refused:
            resolved(url, [addresses.allowed_host(ALLOWED)])
        assert refused.value.status == 403, url
        assert "\n" not in str(refused.value), url


@pytest.mark.parametrize("url", INTERNAL, ids=ascii)
def test_internal_urls_are_refused_even_if_every_host_is_allowed(url, names):
    with pytest.raises(UrlError) as refused:
        resolved(url, [EveryHost("")])
    # Other names are not found.
    assert refused.value.status == 403 or "can't be found" in str(refused.value)


def test_names_of_internal_addresses_are_refused(names):
    for name in NAMES:
        with pytest.raises(UrlRefusedError, match="public internet"):
            resolved(f"http://{name}/", [EveryHost("")])


@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: ascii(row.url))
def test_public_urls_are_normalized(row):
    place = addresses.parse(row.url, [addresses.allowed_host(host) for host in row.hosts])
    assert place.url == row.normalized


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("photos.example.org:8443", "https://photos.example.org/"),
        ("photos.example.org", "http://photos.example.org:443/"),
        (".example.org", "http://badexample.org/"),
        ("example.org", "http://www.example.org/"),
    ],
)
def test_an_entry_allows_only_its_own_host_and_port(entry, url):
    with pytest.raises(UrlRefusedError, match="not allowed"):
        addresses.parse(url, [addresses.allowed_host(entry)])


@pytest.mark.parametrize(
    "entry",
    ["", ".org", ".[2606:2800::1]", ".8.8.8.8", "*.example.org", "http://a.org", "a.org:0",
     "a.org:65536", "127.1", "[::1", "[fe80::1%eth0]"],
)  # fmt: skip
def test_invalid_hosts_cannot_be_allowed(entry):
    with pytest.raises(UrlRefusedError, match="not a valid host"):
        addresses.allowed_host(entry)


@pytest.mark.parametrize("address", ["", "127.1", "fe80::1%eth0"])
def test_other_spellings_of_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "172.32.0.0", "2a00:1450:4001::1", "64:ff9b::8.8.8.8"],
)
def test_public_addresses_are_public(address):
    assert is_public(address)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_addresses_that_python_calls_special_are_not_public(ip):
    special = (
        ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    )
    embedded = int(ip) & 0xFFFFFFFF
    nat64 = ip in ipaddress.ip_network("64:ff9b::/96") if ip.version == 6 else False
    if nat64:
        assert is_public(str(ip)) == is_public(str(ipaddress.IPv4Address(embedded)))
    elif special or ip.is_unspecified or not ip.is_global:
        assert not is_public(str(ip))


PRIVATE = st.one_of(
    *(
        st.ip_addresses(network=network)
        for network in (
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "0.0.0.0/8",
        )
    )
)
NUMBER = st.sampled_from(("{:d}", "0x{:x}", "0X{:X}", "0{:o}", "{:03d}", "0x0{:x}", "00{:o}"))


@st.composite
def private_hosts(draw):
    """A private IPv4 address, written as inet_aton or an IPv6 address allows."""
    ip = int(draw(PRIVATE))
    if draw(st.booleans()):
        form = draw(st.sampled_from(("::ffff:{}", "::{}", "64:ff9b::{}", "2002:{}::1", "{}")))
        high, low = f"{ip >> 16:x}", f"{ip & 0xFFFF:x}"
        return f"[{form.format(f'{high}:{low}')}]"
    parts = draw(st.integers(1, 4))
    numbers = [ip >> 24 - 8 * index & 0xFF for index in range(parts - 1)]
    numbers.append(ip & (1 << 32 - 8 * (parts - 1)) - 1)
    text = ".".join(draw(NUMBER).format(number) for number in numbers)
    wide = {
        ord(ascii_char): wide_char
        for ascii_char, wide_char in zip("0123456789.", "０１２３４５６７８９．", strict=True)
    }
    text = text.translate(wide) if draw(st.booleans()) else text
    return text + draw(st.sampled_from(("", ".")))


@given(private_hosts(), st.sampled_from(("http", "https", "HTTP")), st.sampled_from(("", ":8080")))
def test_no_spelling_of_a_private_address_gets_through(host, scheme, port):
    with pytest.raises(UrlRefusedError):
        resolved(f"{scheme}://{host}{port}/x.jpg", [EveryHost("")])


@given(st.text(max_size=200) | st.text("http:/\\@#?.[]%0127afx \t").map("http://".__add__))
def test_no_text_is_parsed_as_another_host(text):
    try:
        place = addresses.parse(text, [addresses.allowed_host(ALLOWED)])
    except UrlRefusedError:
        return
    assert place.host == ALLOWED
    assert place.port in (80, 443)
    assert re.fullmatch("[!-~]+", place.path)


@pytest.mark.parametrize(
    "found",
    [
        ["93.184.216.34", "127.0.0.1"],
        ["93.184.216.34", "::ffff:10.0.0.1"],
    ],
)
def test_one_internal_address_refuses_the_host(found, monkeypatch):
    def getaddrinfo(host, port, *rest, **more):
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(UrlRefusedError, match="public internet") as refused:
        resolved(f"http://{ALLOWED}/", [addresses.allowed_host(ALLOWED)])
    assert not any(address in str(refused.value) for address in found)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "x"), OSError(), UnicodeError()])
def test_a_name_without_an_address_is_reported(error, monkeypatch):
    def getaddrinfo(*rest, **more):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(UrlError, match="can't be found") as failed:
        resolved(f"http://{ALLOWED}/", [addresses.allowed_host(ALLOWED)])
    assert failed.value.status == 502
