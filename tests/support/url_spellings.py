"""URLs that must be refused, and public URLs.

Tests replace ``PORT`` by the port of a server that must get no request.
"""

from typing import NamedTuple

ALLOWED = "photos.example.org"  # the only allowed host unless a case lists others

# One for each spelling that a parser could take for an internal address.
_IPV4 = (
    "127.0.0.1",
    "0x7f000001",
    "6425673729",  # 2^32 more than 127.0.0.1
    "127..1",
    "127%2e0%2e0%2e1",
    "１２７。０。０。１",
    "١٢٧.٠.٠.١",
    "127.0.0.1%00",
)
_IPV6 = (
    "[::1]",
    "[::ffff:7f00:1]",
    "[::1%25lo]",
    "[::1",
    "::1",
    "[::1].photos.example.org",
    "[64:ff9b::127.0.0.1]",
    "[2001:0:7f00:1::80ff:fffe]",
    "[2600::5efe:7f00:1]",
)
# One for each kind of address that is not public.
_PRIVATE = (
    "169.254.169.254",
    "224.0.0.1",
    "[2001:db8::1]",
    "[fe80::1]",
)
# Names and the address that each resolves to.
NAMES = {
    "localhost": "127.0.0.1",
    "mapped.example.org": "::ffff:127.0.0.1",
    "zone.example.org": "fe80::1%eth0",
}
_TRICKS = (
    "http://photos.example.org@127.0.0.1:PORT/dog.jpg",
    "http://127.0.0.1:PORT@photos.example.org/dog.jpg",
    "http://photos.example.org\\@127.0.0.1:PORT/dog.jpg",
    "",
    "http://127.0.0.1\t:PORT/dog.jpg",
    "http://photos.example.org:65616/dog.jpg",  # 80, 2^16 later
    "http://photos..example.org/dog.jpg",
    "http://evilphotos.example.org/dog.jpg",
    "http://pհotos.example.org/dog.jpg",  # an Armenian letter
    "http://photos.example.org℀127.0.0.1/",  # becomes a/c when it is normalised
    f"http://{'a' * 64}.example.org/dog.jpg",
    f"http://photos.example.org/{'a' * 5000}",
    "http://photos.example.org/\ud800",
)
_SCHEMES = (
    "file:///etc/passwd",
    "http+unix://%2fvar%2frun%2fdocker.sock/info",
)

INTERNAL: tuple[str, ...] = (
    *(f"http://{host}:PORT/dog.jpg" for host in (*_IPV4, *_IPV6, *_PRIVATE)),
    *(f"http://{host}:PORT/dog.jpg" for host in NAMES),
    *_TRICKS,
    *_SCHEMES,
)


class PublicUrl(NamedTuple):
    """A URL that is normalized to ``normalized`` if ``hosts`` are allowed."""

    url: str
    normalized: str
    hosts: tuple[str, ...] = (ALLOWED,)


PUBLIC = (
    PublicUrl("https://photos.example.org", "https://photos.example.org/"),
    PublicUrl("HTTPS://PHOTOS.Example.ORG/Dog.jpg", "https://photos.example.org/Dog.jpg"),
    PublicUrl("http://photos.example.org./dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("http://photos.example.org:80/dog.jpg", "http://photos.example.org/dog.jpg"),
    PublicUrl("http://photos.example.org#@127.0.0.1/", "http://photos.example.org/"),
    PublicUrl("http://photos.example.org?@127.0.0.1/", "http://photos.example.org/?@127.0.0.1/"),
    PublicUrl(
        "http://photos.example.org/%2e%2e/x?u=http://10.0.0.1/",
        "http://photos.example.org/%2e%2e/x?u=http://10.0.0.1/",
    ),
    PublicUrl("http://photos.example.org/hünd.jpg", "http://photos.example.org/h%C3%BCnd.jpg"),
    PublicUrl(
        "http://BÜCHER.example/x", "http://xn--bcher-kva.example/x", ("xn--bcher-kva.example",)
    ),
    PublicUrl("http://a.b.example.org/", "http://a.b.example.org/", (".Example.org.",)),
    PublicUrl(
        "https://photos.example.org:8443/",
        "https://photos.example.org:8443/",
        ("photos.example.org:8443",),
    ),
    PublicUrl(
        "http://[2606:2800:220:1:248:1893:25C8:1946]/x",
        "http://[2606:2800:220:1:248:1893:25c8:1946]/x",
        ("[2606:2800:0220:1:248:1893:25c8:1946]",),
    ),
    PublicUrl("http://0x7f.example.org/", "http://0x7f.example.org/", ("0x7f.example.org",)),
)
