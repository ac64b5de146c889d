"""The service against its own OpenAPI description: as Schemathesis asks, by the schema and against
it, and its answers by the schema. For longer than here, and with the number of cases:

    image-describer serve
    st --config-file tests/support/schemathesis.toml run http://127.0.0.1:8470/openapi.json -n 1000
"""

import json
import subprocess
import sys

import pytest
import schemathesis

from tests.support import tiny
from tests.support.service import ON_LOOPBACK, Service, sample
from tests.support.web_server import WebServer, answer

CONFIG = tiny.REPO / "tests" / "support" / "schemathesis.toml"
CASES = 50  # of each operation, at most; beside those that try every limit of the schema once
OPERATIONS = 7


@pytest.mark.slow
def test_no_case_finds_a_fault_of_the_server_or_breaks_the_schema(library, tmp_path):
    service, report = library[0], tmp_path / "report.json"
    program = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    command = [sys.executable, "-c", program, "--config-file", str(CONFIG), "run"]
    command += ["--max-examples", str(CASES), "--seed", "1", "--no-color", "--warnings", "off"]
    command += ["--report", "json", "--report-json-path", str(report)]
    done = subprocess.run(
        [*command, f"{service.url}/openapi.json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,  # it keeps a folder of examples where it runs
        timeout=250,
    )
    assert done.returncode == 0, done.stdout
    found = json.loads(report.read_text())
    assert found["operations"]["tested"] == found["operations"]["total"] == OPERATIONS
    cases = found["test_cases"]
    assert cases["with_failures"] == cases["errored"] == 0
    assert cases["generated"] > OPERATIONS * 20
    # It got through to what the service does, and not only to what it refuses: by the cases at the
    # limits, which are always the same, or by those drawn, of which few may be valid.
    rates = found["valid_rates"]
    refused = [
        way
        for way, phases in rates.items()
        if way != "GET /wowme" and not any(counted["accepted"] for counted in phases.values())
    ]
    assert not refused, rates
    print(f"{cases['generated']} cases, none with a 5xx or against the schema")


def test_a_picture_by_its_url_is_answered_by_the_schema(tiny_bundle):
    with WebServer() as web:
        web.answers["/cat.jpg"] = answer(sample())
        hosts = ("--allow-url-hosts", f"127.0.0.1:{web.port}")
        with Service(tiny_bundle, "--workers", "1", *hosts, before=ON_LOOPBACK) as fetching:
            openapi = schemathesis.openapi.from_url(f"{fetching.url}/openapi.json")
            for url, status in (("cat.jpg", 200), ("none.jpg", 502)):
                image = f"http://127.0.0.1:{web.port}/{url}"
                case = openapi["/wowme"]["GET"].Case(query={"image": image})
                given = case.call()
                assert given.status_code == status
                case.validate_response(
                    given, excluded_checks=[schemathesis.checks.not_a_server_error]
                )
