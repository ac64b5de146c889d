"""file:// URLs are turned into paths."""

import os

import pytest

from image_describer.imaging.file_url import file_url_path, is_file_url


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a%20b.jpg", "/a b.jpg"),
        ("FILE:///a.jpg", "/a.jpg"),
        ("file://localhost/a.jpg", "/a.jpg"),
        ("file:/a.jpg", "/a.jpg"),
        ("file:///caf%E9.jpg", os.fsdecode(b"/caf\xe9.jpg")),
        ("file://127.0.0.1/a.jpg", "/a.jpg"),
        ("file://Desk/a.jpg", "/a.jpg"),
        ("file://desk.example.org/a.jpg", "/a.jpg"),
        ("file://elsewhere/a.jpg", None),
        ("file://desktop/a.jpg", None),
        ("file://[/a.jpg", None),
    ],
)
def test_a_url_of_this_computer_is_a_path(monkeypatch, url: str, path: str | None) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "desk.local")
    assert is_file_url(url)
    assert file_url_path(url) == path


@pytest.mark.parametrize("text", ["", "/a.jpg", "files.jpg", "https://example.org/a.jpg"])
def test_other_text_is_not_a_file_url(text: str) -> None:
    assert not is_file_url(text)
