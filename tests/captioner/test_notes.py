"""The notes on a picture limit the confidence of its captions."""

from pathlib import Path

import pytest
from PIL import Image

from image_describer import Describer
from image_describer.captioner.describer import MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH
from image_describer.imaging.notes import BLANK, NOT_A_PHOTOGRAPH
from tests.support.pictures import page_of_text


@pytest.mark.parametrize(
    ("image", "note"),
    [(page_of_text(), NOT_A_PHOTOGRAPH), (Image.new("RGB", (96, 96), "white"), BLANK)],
    ids=["page", "blank"],
)
def test_captions_of_anything_but_a_photograph_have_low_confidence(
    shipped_bundle: Path, image: Image.Image, note: str
) -> None:
    description = Describer(shipped_bundle, read_text=False).describe(image)
    confidences = [description.confidence, *(a.confidence for a in description.alternatives)]
    assert description.notes == (note,)
    assert max(confidences) <= MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH
