"""The types of files in the platform's own dialog."""

from image_describer.app.dialogs.system_open import file_types


def test_the_file_types_include_upper_case() -> None:
    (name, patterns), everything = file_types((".jpg", ".png"), any_case=False)
    assert name == "Pictures and documents"
    assert set(patterns) == {"*.jpg", "*.png", "*.JPG", "*.PNG"}
    assert everything == ("All files", ("*",))
    assert file_types((".jpg",), any_case=True)[0][1] == ("*.jpg",)
