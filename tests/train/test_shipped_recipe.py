"""The bundle that ships and the recipe that made it."""

from image_describer.captioner.bundle import open_bundle
from image_describer.train import recipe


def test_it_was_made_by_the_recipe_that_ships(shipped_bundle):
    manifest = open_bundle(shipped_bundle).manifest
    now = recipe.as_dict(recipe.load(manifest["name"]))
    assert_holds(now, manifest["recipe"])


def assert_holds(now, then):
    """All that was chosen when the bundle was made is chosen still; more can be chosen now."""
    for name, value in then.items():
        if isinstance(value, dict):
            assert_holds(now[name], value)
        else:
            assert now[name] == value, name
