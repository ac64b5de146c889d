"""The service against its OpenAPI description, by Schemathesis.

A longer run by hand:

    image-describer serve
    st --config-file tests/support/schemathesis.toml run http://127.0.0.1:8470/openapi.json -n 1000
"""

import json
import subprocess
import sys

import pytest

from tests.support import tiny

CONFIG = tiny.REPO / "tests" / "support" / "schemathesis.toml"
CASES = 50  # at most, for each operation; those at the schema's limits come on top
OPERATIONS = 8


@pytest.mark.slow
def test_the_service_follows_its_schema(library, tmp_path):
    service, report = library[0], tmp_path / "report.json"
    program = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    command = [sys.executable, "-c", program, "--config-file", str(CONFIG), "run"]
    command += ["--max-examples", str(CASES), "--seed", "1", "--no-color", "--warnings", "off"]
    command += ["--report", "json", "--report-json-path", str(report)]
    done = subprocess.run(
        [*command, f"{service.url}/openapi.json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,  # Schemathesis leaves a folder of examples there
        timeout=250,
    )
    assert done.returncode == 0, done.stdout
    found = json.loads(report.read_text())
    assert found["operations"]["tested"] == found["operations"]["total"] == OPERATIONS
    cases = found["test_cases"]
    assert cases["with_failures"] == cases["errored"] == 0
    assert cases["generated"] > OPERATIONS * 20
    # Every operation accepted some of its requests. /wowme is off.
    rates = found["valid_rates"]
    refused = [
        operation
        for operation, phases in rates.items()
        if operation != "GET /wowme" and not any(phase["accepted"] for phase in phases.values())
    ]
    assert not refused, rates
    print(f"{cases['generated']} cases, none with a 5xx or against the schema")


def test_wowme_responses_follow_the_schema(fetching, web):
    import schemathesis  # slow to import

    openapi = schemathesis.openapi.from_url(f"{fetching.url}/openapi.json")
    for file, status in (("cat.jpg", 200), ("none.jpg", 502)):
        image = f"http://127.0.0.1:{web.port}/{file}"
        case = openapi["/wowme"]["GET"].Case(query={"image": image})
        response = case.call()
        assert response.status_code == status
        case.validate_response(response, excluded_checks=[schemathesis.checks.not_a_server_error])
