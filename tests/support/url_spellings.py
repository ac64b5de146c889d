"""Spellings of URLs that lead to internal addresses, and of some that don't.

``PORT`` is replaced by the port of a server that must never get a request.
"""

from typing import NamedTuple

ALLOWED = "photos.example.org"  # the allowed host unless a row names another

# One for each way to write an address that a parser might read as an internal one.
_IPV4 = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "6425673729",  # 2^32 more than 127.0.0.1
    "127.0.0.256",
    "127..1",
    "127%2e0%2e0%2e1",
    "１２７。０。０。１",
    "①②⑦.⓪.⓪.①",
    "١٢٧.٠.٠.١",
    "0x7f000001.",
    "127.0.0.1%00",
)
_IPV6 = (
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::1%25lo]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[::1].photos.example.org",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::80ff:fffe]",
    "[2600::5efe:7f00:1]",
)
# One for each rule about addresses that are not public.
_PRIVATE = (
    "10.0.0.1",
    "172.31.255.255",
    "192.168.257",
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[2001:db8::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
)
# Names and the address that each resolves to.
NAMES = {
    "localhost": "127.0.0.1",
    "ｌｏｃａｌｈｏｓｔ": "127.0.0.1",
    "printer.local": "fe80::1",
    "127.0.0.1.nip.io": "127.0.0.1",
    "mapped.example.org": "::ffff:127.0.0.1",
    "zone.example.org": "fe80::1%eth0",
}
_TRICKS = (
    "http://photos.example.org@127.0.0.1:PORT/dog.jpg",
    "http://127.0.0.1:PORT@photos.example.org/dog.jpg",
    "http://127.0.0.1:PORT#@photos.example.org/",
    "http://photos.example.org\\@127.0.0.1:PORT/dog.jpg",
    "http:///127.0.0.1:PORT/dog.jpg",
    "//127.0.0.1:PORT/dog.jpg",
    "",
    "http://127.0.0.1\t:PORT/dog.jpg",
    "http://photos.example.org/dog.jpg HTTP/1.1\r\nHost: 127.0.0.1",
    "http://photos.example.org:/dog.jpg",
    "http://photos.example.org:22/dog.jpg",
    "http://photos.example.org:65616/dog.jpg",  # 80, 2^16 later
    "http://photos.example.org:８０/dog.jpg",
    "http://photos..example.org/dog.jpg",
    "http://photos.example.org.evil.example/dog.jpg",
    "http://evilphotos.example.org/dog.jpg",
    "http://pհotos.example.org/dog.jpg",  # an Armenian letter
    "http://photos.example.org℀127.0.0.1/",  # becomes a/c when it is normalised
    f"http://{'a' * 64}.example.org/dog.jpg",
    f"http://photos.example.org/{'a' * 5000}",
    "http://photos.example.org/\ud800",
)
_SCHEMES = (
    "https://127.0.0.1:PORT/dog.jpg",
    "file:///etc/passwd",
    "gopher://photos.example.org/_x",
    "data:image/png;base64,iVBORw0KGgo=",
    "http+unix://%2fvar%2frun%2fdocker.sock/info",
    "\\\\photos.example.org\\share\\dog.jpg",
)

INTERNAL: tuple[str, ...] = (
    *(f"http://{host}:PORT/dog.jpg" for host in (*_IPV4, *_IPV6, *_PRIVATE)),
    *(f"http://{host}:PORT/dog.jpg" for host in NAMES),
    *_TRICKS,
    *_SCHEMES,
)


class PublicUrl(NamedTuple):
    """A URL that is fetched as ``place`` if ``hosts`` are allowed."""

    url: str
    place: str
    hosts: tuple[str, ...] = (ALLOWED,)


PUBLIC = (
    PublicUrl("http://photos.example.org/dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("https://photos.example.org", "https://photos.example.org/"),
    PublicUrl("HTTPS://PHOTOS.Example.ORG/Dog.jpg", "https://photos.example.org/Dog.jpg"),
    PublicUrl("http://photos.example.org./dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("http://photos.example.org:80/dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("https://photos.example.org:443/", "https://photos.example.org/"),
    PublicUrl("http://photos.example.org:00080/", "http://photos.example.org/"),
    PublicUrl("http://photos.example.org?a=b", "http://photos.example.org/?a=b"),
    PublicUrl("http://photos.example.org/#@127.0.0.1/", "http://photos.example.org/"),
    PublicUrl("http://photos.example.org#@127.0.0.1/", "http://photos.example.org/"),
    PublicUrl("http://photos.example.org?@127.0.0.1/", "http://photos.example.org/?@127.0.0.1/"),
    PublicUrl("http://photos.example.org/@127.0.0.1/", "http://photos.example.org/@127.0.0.1/"),
    PublicUrl(
        "http://photos.example.org//127.0.0.1/x.jpg", "http://photos.example.org//127.0.0.1/x.jpg"
    ),
    PublicUrl(
        "http://photos.example.org/%2e%2e/x?u=http://10.0.0.1/",
        "http://photos.example.org/%2e%2e/x?u=http://10.0.0.1/",
    ),
    PublicUrl("http://photos.example.org/hünd.jpg", "http://photos.example.org/h%C3%BCnd.jpg"),
    PublicUrl("http://ｐhotos.example．org/dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("http://bücher.example/x", "http://xn--bcher-kva.example/x", ("bücher.example",)),
    PublicUrl(
        "http://BÜCHER.example/x", "http://xn--bcher-kva.example/x", ("xn--bcher-kva.example",)
    ),
    PublicUrl("http://a.example.org/", "http://a.example.org/", (".example.org",)),
    PublicUrl("http://a.b.example.org/", "http://a.b.example.org/", (".Example.org.",)),
    PublicUrl("http://example.org/", "http://example.org/", (".example.org",)),
    PublicUrl(
        "https://photos.example.org:8443/",
        "https://photos.example.org:8443/",
        ("photos.example.org:8443",),
    ),
    PublicUrl("http://93.184.216.34/x", "http://93.184.216.34/x", ("93.184.216.34",)),
    PublicUrl(
        "http://[2606:2800:220:1:248:1893:25C8:1946]/x",
        "http://[2606:2800:220:1:248:1893:25c8:1946]/x",
        ("[2606:2800:0220:1:248:1893:25c8:1946]",),
    ),
    PublicUrl("http://a_b--c.example.org/", "http://a_b--c.example.org/", (".example.org",)),
    PublicUrl("http://0x7f.example.org/", "http://0x7f.example.org/", ("0x7f.example.org",)),
)
