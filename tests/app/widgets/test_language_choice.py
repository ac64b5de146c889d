"""The choice of languages keeps the language that is set."""

from image_describer.app.widgets.language_choice import as_listed, with_key


def test_a_language_is_found_whatever_its_case_and_never_lost() -> None:
    choices = [("en-US", "English"), ("de", "German")]
    assert as_listed(choices, "EN-us") == "en-US"
    assert with_key(choices, "de") == choices
    assert with_key(choices, "tlh") == [("tlh", "tlh"), *choices]
