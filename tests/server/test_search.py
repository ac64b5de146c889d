"""POST /v1/match and /v1/search."""

import json

import pytest

from image_describer.captioner.describer import Describer
from tests.support.service import Service, run, sample

SENTENCES = ["a cat on a sofa", "a dog in the snow", "two men"]


def search(service: Service, **query):
    return service.client.post("/v1/search", json=query)


def test_search_returns_what_the_command_prints(library):
    service, env, _ = library
    for words in ("a cat", "qqqq"):
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
    "query",
    [
        {},
        {"words": ""},
        {"words": "x" * 1001},
        {"words": "a", "limit": 0},
        {"words": "a", "limit": 1001},
        {"words": "a", "in": "x"},
        {"words": "a", "in": ["a\x00b"]},
        {"words": "a", "more": 1},
        [],
        None,
    ],
)
def test_invalid_searches_are_refused(library, query):
    answer = library[0].client.post("/v1/search", json=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_search_accepts_any_text(library):
    for words in ("?!", "\u2028", "' OR 1=1 --", '"unclosed', "NEAR(", "a*", "{caption}:x"):
        assert search(library[0], words=words).status_code in (200, 422), words


def test_invalid_json_is_refused(library):
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


def test_match_returns_the_describers_scores(library, shipped_bundle):
    service = library[0]
    scores = Describer(shipped_bundle).matches(sample(), SENTENCES)
    expected = sorted(zip(scores, SENTENCES, strict=True), reverse=True)
    assert expected[0][1] == SENTENCES[0]
    by_form = service.client.post(
        "/v1/match", files={"picture": sample()}, data={"sentence": SENTENCES}
    )
    for answer in (by_form, matched(service, sample(), *SENTENCES)):
        assert answer.status_code == 200, answer.text
        matches = answer.json()["matches"]
        found = [match["score"] for match in matches]
        assert found == pytest.approx([score for score, _ in expected], abs=1e-3)
        assert [match["sentence"] for match in matches] == [text for _, text in expected]


@pytest.mark.parametrize("sentences", [[], ["?!"], ["a"] * 101, ["a" * 1001], [""]])
def test_invalid_sentences_are_refused(library, sentences):
    answer = matched(library[0], sample(), *sentences)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_match_refuses_other_content(library):
    assert matched(library[0], b"not a picture", "a cat").status_code == 422


def test_match_needs_a_model_with_a_joint_space(service):
    answer = matched(service, sample(), "a cat")
    assert answer.status_code == 409
    assert "joint space" in answer.json()["detail"]
    assert service.describe(sample()).status_code == 200
