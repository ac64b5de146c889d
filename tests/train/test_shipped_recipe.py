"""The bundle that ships and the recipe that made it."""

import json

from image_describer.captioner.bundle import open_bundle
from image_describer.train import recipe


def test_it_was_made_by_the_recipe_that_ships(shipped_bundle):
    manifest = open_bundle(shipped_bundle).manifest
    now = json.loads(json.dumps(recipe.as_dict(recipe.load(manifest["name"]))))  # tuples as lists
    assert_holds(now, manifest["recipe"])


def assert_holds(now, then):
    """Every setting of the bundle's recipe has the same value now; there may be new ones."""
    for name, value in then.items():
        if isinstance(value, dict):
            assert_holds(now[name], value)
        else:
            assert now[name] == value, name
