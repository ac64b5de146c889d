"""POST /v1/match and /v1/search."""

import json

import pytest

from image_describer.captioner.describer import Describer
from tests.support.service import Service, run, sample

SENTENCES = ["a cat on a sofa", "a dog in the snow", "two men"]


def search(service: Service, **wanted):
    return service.client.post("/v1/search", json=wanted)


def test_search_answers_what_the_command_prints(library):
    service, env, _ = library
    for words in ("a cat", "coffee", "astronaut", "qqqq"):
        lines = run(env, "search", "--json", words).splitlines()
        answer = search(service, words=words)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"pictures": [json.loads(line) for line in lines]}
    assert search(service, words="a cat", limit=1).json()["pictures"][0]["file"].endswith("cat.jpg")


def test_search_within_folders(library):
    service, _, home = library
    for folder, count in (("2019", 1), ("2020", 0), ("nowhere", 0)):
        within = [str(home / "Pictures" / folder)]
        answer = search(service, words="a cat", limit=1, **{"in": within})
        assert len(answer.json()["pictures"]) == count, folder


def test_search_without_an_index_says_how_to_make_one(service):
    answer = search(service, words="a cat")
    assert answer.status_code == 409
    assert "image-describer batch" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"words": ""},
        {"words": "x" * 1001},
        {"words": 3},
        {"words": "a", "limit": 0},
        {"words": "a", "limit": 1001},
        {"words": "a", "limit": 1.5},
        {"words": "a", "in": "x"},
        {"words": "a", "in": [""]},
        {"words": "a", "in": ["a\x00b"]},
        {"words": "a", "more": 1},
        [],
        None,
    ],
)
def test_searches_that_make_no_sense(library, wanted):
    answer = library[0].client.post("/v1/search", json=wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_words_that_are_none(library):
    for words in ("?!", "\u2028", "' OR 1=1 --", '"unclosed', "NEAR(", "a*", "{caption}:x"):
        assert search(library[0], words=words).status_code in (200, 422), words


def test_deep_json_is_refused(library):
    for body in (b"[" * 200_000, b'{"words":' * 100_000, b"\xff\xfe", b"{", b"nul"):
        answer = library[0].client.post(
            "/v1/search", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422), body[:10]


def matched(service: Service, picture: bytes, *sentences: str):
    return service.client.post(
        "/v1/match",
        params={"sentence": sentences},
        content=picture,
        headers={"Content-Type": "image/jpeg"},
    )


def test_match_answers_as_the_describer_does(library, shipped_bundle):
    service = library[0]
    scores = Describer(shipped_bundle).matches(sample(), SENTENCES)
    wanted = sorted(zip(scores, SENTENCES, strict=True), reverse=True)
    assert wanted[0][1] == SENTENCES[0]
    by_form = service.client.post(
        "/v1/match", files={"picture": sample()}, data={"sentence": SENTENCES}
    )
    for answer in (by_form, matched(service, sample(), *SENTENCES)):
        assert answer.status_code == 200, answer.text
        matches = answer.json()["matches"]
        assert [one["score"] for one in matches] == pytest.approx([s for s, _ in wanted], abs=1e-3)
        assert [one["sentence"] for one in matches] == [text for _, text in wanted]


@pytest.mark.parametrize("sentences", [[], ["?!"], ["a"] * 101, ["a" * 1001], [""]])
def test_sentences_that_cannot_be_matched(library, sentences):
    answer = matched(library[0], sample(), *sentences)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_no_picture_cannot_be_matched(library):
    assert matched(library[0], b"no picture", "a cat").status_code == 422


def test_matching_needs_a_model_that_can(service):
    answer = matched(service, sample(), "a cat")
    assert answer.status_code == 409
    assert "joint space" in answer.json()["detail"]
    assert service.describe(sample()).status_code == 200
