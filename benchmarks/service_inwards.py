"""Every spelling of a URL that leads inwards, asked of a real service: a table, and who got in.

    python benchmarks/service_inwards.py

The spellings are those of tests/url_spellings.py. The service is started with more hosts than it
should be: names and addresses of this machine. A server waits there, and counts who asks it.
"""

import sys
from collections import Counter
from urllib.parse import urlencode

import measure

sys.path.insert(0, str(measure.HERE.parent))

from image_describer import paths
from tests.support.service import Service, sample
from tests.support.url_spellings import INWARDS
from tests.support.web_server import WebServer, answer

REFUSED = (403, 422, 502)  # not allowed; too long for a URL; a name that leads nowhere
SHOWN = 60  # characters of a URL


def main() -> int:
    counted: Counter[int] = Counter()
    with WebServer() as inside:
        inside.answers["/"] = inside.answers["/cat.jpg"] = answer(sample())
        port = str(inside.port)
        hosts = [f"{name}{end}" for name in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0")
                 for end in ("", f":{port}")]  # fmt: skip
        with Service(paths.bundle_folder(), "--allow-url-hosts", *hosts) as service:
            for url in INWARDS:
                text = url.replace("PORT", port).encode("utf-8", "surrogatepass")
                found = service.client.get(f"/wowme?{urlencode({'image': text})}")
                counted[found.status_code] += 1
                print(
                    f"{found.status_code}  {ascii(url)[:SHOWN]:{SHOWN}}  {found.json()['detail']}"
                )
        asked = len(inside.requests)
    refused = sum(counted[status] for status in REFUSED)
    print(f"{len(INWARDS)} spellings tried, {refused} refused {dict(counted)}; {asked} got in")
    result = {"tried": len(INWARDS), "refused": refused, "statuses": counted, "got_in": asked}
    print(f"Written to {measure.write('service_inwards', result)}")
    return 0 if refused == len(INWARDS) and not asked else 1


if __name__ == "__main__":
    sys.exit(main())
