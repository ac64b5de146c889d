"""How far a column scrolls to bring a widget into view."""

import pytest

from image_describer.app.widgets.scrolled_column import scroll_distance


@pytest.mark.parametrize("view_top", [0, 90, 100, 180, 500])
@pytest.mark.parametrize("height", [10, 95, 99, 100, 101, 300])
def test_scrolling_shows_the_widget_and_comes_to_rest(view_top: int, height: int) -> None:
    view_height, top = 100, 200
    moved = view_top + scroll_distance(view_top, view_height, top, top + height)
    assert scroll_distance(moved, view_height, top, top + height) == 0
    assert moved <= top
    assert moved + view_height >= min(top + height, top + view_height)
