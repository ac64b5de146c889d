"""What a describing process does with a group of jobs."""

import pytest

from image_describer import Describer, PictureError
from image_describer.errors import DescriptionLanguageError
from image_describer.server import jobs
from image_describer.server.jobs import DescribeJob
from tests.support.service import sample


def test_a_group_may_be_in_several_languages(tiny_bundle):
    describer = Describer(tiny_bundle, threads=1, read_text=False)
    started = []
    group = [
        DescribeJob(sample(), "de"),
        DescribeJob(sample(), "en"),
        DescribeJob(b"no picture", "de"),
    ]
    german, english, error = jobs.describe(describer, group, started.append)
    assert (german["language"], english["language"]) == ("de", "en")
    assert isinstance(error, PictureError)
    assert started == [0, 2, -1, 1, -1]


def test_a_language_that_the_model_lacks_fails(tiny_bundle):
    describer = Describer(tiny_bundle, threads=1, read_text=False)
    with pytest.raises(DescriptionLanguageError):
        jobs.describe(describer, [DescribeJob(sample(), "fr")], lambda _index: None)
