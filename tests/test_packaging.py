"""The wheel: its content, its requirements, and that it works outside the checkout."""

import ast
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
# The bundle stays under 42 MB, and 12 MB for German; everything else is small.
SIZE_LIMIT_BYTES = 57_000_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from a copy without the build/ of the checkout."""
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
    """A folder into which pip installed the wheel; its requirements come from this environment."""
    folder = tmp_path_factory.mktemp("site")
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--no-compile", "--target", str(folder), str(wheel)),
    )
    return folder


def _run(*command: str, **variables: str) -> str:
    """Return the stdout of a command that must succeed; ``variables`` go into its environment."""
    environment = {k: v for k, v in os.environ.items() if k != "IMAGE_DESCRIBER_BUNDLE"} | variables
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=environment, cwd="/"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of(folder: Path) -> set[str]:
    """The files in a folder of the checkout, without hidden ones."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize(
    ("folder", "target"),
    [
        ("models", "image_describer/models"),
        ("assets", "image_describer/assets"),
        ("train/recipes", "image_describer/train/recipes"),
    ],
)
def test_data_folders_are_in_the_wheel(names, folder, target):
    expected = {f"{target}/{name}" for name in files_of(CHECKOUT / folder)}
    assert expected
    assert {name for name in names if name.startswith(f"{target}/")} == expected


def test_the_bundle_in_the_wheel_is_complete(wheel):
    with zipfile.ZipFile(wheel) as archive:
        manifest = json.loads(archive.read("image_describer/models/manifest.json"))
        for name, entry in manifest["files"].items():
            assert archive.getinfo(f"image_describer/models/{name}").file_size == entry["bytes"]


def test_every_module_is_in_the_wheel_and_nothing_else(names):
    modules = {name for name in names if name.endswith(".py")}
    expected = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "image_describer").rglob("*.py")
    }
    assert modules == expected
    assert "image_describer/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "image_describer",
        f"image_describer-{image_describer.__version__}.dist-info",
    }


def test_the_wheel_is_small_enough(wheel):
    assert wheel.stat().st_size < SIZE_LIMIT_BYTES


def test_the_wheel_is_for_every_platform(wheel):
    assert wheel.name == f"image_describer-{image_describer.__version__}-py3-none-any.whl"


def test_metadata(metadata):
    assert metadata["Name"] == "image-describer"
    assert metadata["Version"] == image_describer.__version__
    assert metadata["License-Expression"] == "MIT" or metadata["License"] == "MIT"
    assert set(metadata["Requires-Python"].split(",")) == {">=3.10", "<3.14"}
    extras = {"train", "server", "cluster", "screen-reader", "dev"}
    assert set(metadata.get_all("Provides-Extra")) == extras


def test_tensorflow_is_not_a_default_requirement(metadata):
    default = {
        line.split(";")[0].split(">")[0].strip().lower()
        for line in metadata.get_all("Requires-Dist")
        if "extra ==" not in line
    }
    assert {
        *("ai-edge-litert", "numpy", "pillow", "gtts", "playsound3", "miniaudio"),
        *("espeakng-loader", "platformdirs", "tqdm"),
    } <= default
    assert not default & {"tensorflow", "keras", "matplotlib", "fastapi", "uvicorn", "pytest"}


# That have another name.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "prism": "prismatoid",
    "sklearn": "scikit_learn",
    "zxingcpp": "zxing_cpp",
}


def test_every_imported_package_is_required(metadata):
    """A package that only the developer's environment has would be missing elsewhere."""
    required = {
        line.split(";")[0].split(">")[0].strip().lower().replace("-", "_")
        for line in metadata.get_all("Requires-Dist")
    }
    missing = {
        f"{path.relative_to(CHECKOUT)}: {package}"
        for path in (CHECKOUT / "image_describer").rglob("*.py")
        for package in imported_packages(path)
        if package not in sys.stdlib_module_names
        and package != "image_describer"
        and DISTRIBUTIONS.get(package, package).lower() not in required
    }
    assert not missing


def imported_packages(path: Path) -> set[str]:
    """The top packages that a module imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def test_entry_points(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        text = archive.read(name).decode()
    assert "[console_scripts]\nimage-describer = image_describer.cli.main:main" in text
    assert "[gui_scripts]\nimage-describer-app = image_describer.app.main:main" in text


def test_the_license_is_included(names):
    assert any(".dist-info/" in name and name.endswith("LICENSE") for name in names)


def test_the_installed_package_finds_its_data_folders(site):
    code = (
        "import image_describer, image_describer.paths as p; "
        "print(image_describer.__file__, p.bundle_folder(), p.assets_folder(), "
        "p.recipes_folder(), sep='\\n')"
    )
    paths = _run(sys.executable, "-c", code, PYTHONPATH=str(site)).splitlines()
    inside = site / "image_describer"
    assert [Path(path) for path in paths] == [
        inside / "__init__.py",
        inside / "models",
        inside / "assets",
        inside / "train" / "recipes",
    ]


def test_the_installed_package_describes_the_samples(site):
    samples = sorted((site / "image_describer" / "assets" / "samples").glob("*.jpg"))
    script = str(site / "bin" / "image-describer")
    out = _run(script, "describe", "--json", "--offline", *map(str, samples), PYTHONPATH=str(site))
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["file"] for record in records] == [str(sample) for sample in samples]
    assert all(len(record["caption"].split()) > 2 for record in records)
