"""What importing the package loads, and where its folders of data are found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import image_describer

CHECKOUT = Path(__file__).resolve().parents[1]
HEAVY = {
    *("PIL", "ai_edge_litert", "gtts", "keras", "miniaudio", "platformdirs", "playsound3"),
    *("requests", "tensorflow", "tkinter"),
}
FOLDERS = (
    "from image_describer import paths; "
    "print(paths.bundle_folder(), paths.assets_folder(), paths.recipes_folder(), sep='\\n')"
)


def run(code: str, cwd: Path = CHECKOUT) -> list[str]:
    """The lines that ``code`` prints in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "IMAGE_DESCRIBER_BUNDLE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env=environment,
        timeout=120,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("module", ["image_describer", "image_describer.cli.main"])
def test_importing_loads_nothing_heavy(module):
    loaded = run(f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})")
    assert not set(loaded[0].split()) & HEAVY


def test_the_public_api_is_what_all_names():
    for name in image_describer.__all__:
        assert getattr(image_describer, name) is not None
    assert {"Describer", "Description", "ImageDescriberError"} <= set(image_describer.__all__)


def test_the_version_is_written_once():
    setup = (CHECKOUT / "setup.py").read_text("utf-8")
    assert image_describer.__version__ not in setup


def test_no_class_name_is_used_twice():
    import ast

    places: dict[str, list[str]] = {}
    for path in (CHECKOUT / "image_describer").rglob("*.py"):
        if "train" in path.relative_to(CHECKOUT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_data_is_found_from_another_folder(tmp_path):
    bundle, assets, recipes = map(Path, run(FOLDERS, tmp_path))
    assert bundle.is_dir()
    assert (assets / "icon.png").is_file()
    assert (recipes / "best.toml").is_file()


def test_data_is_found_where_a_wheel_puts_it(tmp_path):
    package = tmp_path / "site" / "image_describer"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "image_describer", package, ignore=ignored)
    shutil.copytree(CHECKOUT / "assets", package / "assets")
    shutil.copytree(CHECKOUT / "train" / "recipes", package / "train" / "recipes")
    (package / "models").mkdir()
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r}); {FOLDERS}"
    bundle, assets, recipes = map(Path, run(code, tmp_path))
    assert bundle == package / "models"
    assert assets == package / "assets"
    assert recipes == package / "train" / "recipes"
