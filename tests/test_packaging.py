"""The wheel: what lies in it, what it asks for, and that it works far from the checkout."""

import email
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import image_describer

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCES = (
    "image_describer",
    "models",
    "assets",
    "train",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
)
# The bundle stays under 40 MB, and little else has weight.
SIZE_LIMIT_BYTES = 45_000_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from a copy, so that nothing of the checkout's build/ gets in."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    leave_out = shutil.ignore_patterns("__pycache__", "runs", "results", "*.egg-info", ".*")
    for name in SOURCES:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=leave_out)
        else:
            shutil.copy(source, tree / name)
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--no-index", "--wheel-dir", str(out), str(tree)),
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> "email.message.Message":
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder the wheel is installed in, as pip does it; what it needs comes from around it."""
    folder = tmp_path_factory.mktemp("site")
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--no-compile", "--target", str(folder), str(wheel)),
    )
    return folder


def _run(*command: str, **more: str) -> str:
    """stdout of a command that must succeed. ``more`` goes into its environment."""
    environment = {k: v for k, v in os.environ.items() if k != "IMAGE_DESCRIBER_BUNDLE"} | more
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=environment, cwd="/"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of(folder: Path) -> set[str]:
    """The files that a folder of the checkout should bring, hidden ones left out."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("models", "image_describer/models"),
        ("assets", "image_describer/assets"),
        ("train/recipes", "image_describer/train/recipes"),
    ],
)
def test_folders_of_data_lie_in_the_wheel(names, folder, place):
    expected = {f"{place}/{name}" for name in files_of(CHECKOUT / folder)}
    assert expected
    assert {name for name in names if name.startswith(f"{place}/")} == expected


def test_the_bundle_in_the_wheel_is_whole(wheel):
    with zipfile.ZipFile(wheel) as archive:
        manifest = json.loads(archive.read("image_describer/models/manifest.json"))
        for name, entry in manifest["files"].items():
            assert archive.getinfo(f"image_describer/models/{name}").file_size == entry["bytes"]


def test_every_module_lies_in_the_wheel_and_nothing_else(names):
    modules = {name for name in names if name.endswith(".py")}
    expected = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "image_describer").rglob("*.py")
    }
    assert modules == expected
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "image_describer",
        f"image_describer-{image_describer.__version__}.dist-info",
    }


def test_the_wheel_is_small_enough(wheel):
    assert wheel.stat().st_size < SIZE_LIMIT_BYTES


def test_the_wheel_serves_every_platform(wheel):
    assert wheel.name == f"image_describer-{image_describer.__version__}-py3-none-any.whl"


def test_metadata(metadata):
    assert metadata["Name"] == "image-describer"
    assert metadata["Version"] == image_describer.__version__
    assert metadata["License-Expression"] == "MIT" or metadata["License"] == "MIT"
    assert set(metadata["Requires-Python"].split(",")) == {">=3.10", "<3.14"}
    assert set(metadata.get_all("Provides-Extra")) == {"train", "server", "cluster", "dev"}


def test_what_is_installed_by_default_has_no_tensorflow(metadata):
    plain = {
        line.split(";")[0].split(">")[0].strip().lower()
        for line in metadata.get_all("Requires-Dist")
        if "extra ==" not in line
    }
    assert {
        *("ai-edge-litert", "numpy", "pillow", "gtts", "playsound3", "miniaudio"),
        *("espeakng-loader", "platformdirs", "tqdm"),
    } <= plain
    assert not plain & {"tensorflow", "keras", "matplotlib", "fastapi", "uvicorn", "pytest"}


def test_what_the_modules_import_is_asked_for(metadata):
    """A requirement that only the developer's environment satisfies would be missed elsewhere."""
    from tests.test_layout import MODULES, PACKAGE, imports

    asked = {
        line.split(";")[0].split(">")[0].strip().lower().replace("-", "_")
        for line in metadata.get_all("Requires-Dist")
    }
    known_as = {"PIL": "pillow"}
    missing = {
        f"{path.relative_to(PACKAGE)}: {top}"
        for path in MODULES
        for _, name in imports(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names
        and top not in ("image_describer", "")
        and known_as.get(top, top).lower() not in asked
    }
    assert not missing


def test_entry_points(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        text = archive.read(name).decode()
    assert "[console_scripts]\nimage-describer = image_describer.cli:main" in text
    assert "[gui_scripts]\nimage-describer-app = image_describer.app.main:main" in text


def test_the_licence_goes_with_it(names):
    assert any(".dist-info/" in name and name.endswith("LICENSE") for name in names)


def test_installed_it_finds_its_own_folders(site):
    code = (
        "import image_describer, image_describer.paths as p; "
        "print(image_describer.__file__, p.bundle_folder(), p.assets_folder(), "
        "p.recipes_folder(), sep='\\n')"
    )
    places = _run(sys.executable, "-c", code, PYTHONPATH=str(site)).splitlines()
    inside = site / "image_describer"
    assert [Path(place) for place in places] == [
        inside / "__init__.py",
        inside / "models",
        inside / "assets",
        inside / "train" / "recipes",
    ]


def test_installed_it_describes_the_samples(site):
    samples = sorted((site / "image_describer" / "assets" / "samples").glob("*.jpg"))
    script = str(site / "bin" / "image-describer")
    out = _run(script, "describe", "--json", "--offline", *map(str, samples), PYTHONPATH=str(site))
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["file"] for record in records] == [str(sample) for sample in samples]
    assert all(len(record["caption"].split()) > 2 for record in records)
