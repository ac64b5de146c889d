"""POST /v1/read: the text of a picture, as JSON and as speech."""

import miniaudio
import pytest

from image_describer.wording.sentence import NO_TEXT
from tests.support.pictures import encoded, with_text
from tests.support.service import sample

SIGN = encoded(with_text(["Fire exit", "Push bar"]), "PNG")


def test_the_text_is_read_and_in_the_description(service):
    answer = service.client.post("/v1/read", content=SIGN)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == "Fire exit\nPush bar"
    assert set(answer.json()) == {"text", "lines", "codes"}
    record = service.describe(SIGN).json()
    assert record["text"] == answer.json()["text"]
    assert record["sentence"].endswith("It says: Fire exit Push bar.")
    form = service.client.post("/v1/read", files={"picture": ("a.png", SIGN, "image/png")})
    assert form.json() == answer.json()


@pytest.mark.parametrize("picture", [SIGN, sample()], ids=["text", NO_TEXT])
def test_the_text_is_spoken(service, picture):
    answer = service.client.post("/v1/read", content=picture, headers={"Accept": "audio/mpeg"})
    assert answer.status_code == 200
    assert miniaudio.decode(answer.content).duration > 0.5


def test_refusals(service):
    assert service.client.post("/v1/read", content=b"no picture").status_code == 422
    refused = service.client.post("/v1/read", content=SIGN, headers={"Accept": "text/html"})
    assert refused.status_code == 406
