"""The sentences of the house: who may import what, and where the folders of data are found."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import image_describer

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "image_describer"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

# What may be imported where: folders end in a slash.
KEPT_TO = {
    "tensorflow": ("train/",),
    "keras": ("train/",),
    "h5py": ("train/",),
    "matplotlib": ("train/",),
    "pycocoevalcap": ("train/",),
    "tkinter": ("app/",),
    "tkinterdnd2": ("app/sources/drop.py",),
    "ai_edge_litert": ("captioner/",),
    "gtts": ("speech/",),
    "playsound3": ("speech/",),
    "miniaudio": ("speech/",),
    "defusedxml": ("metadata/",),
    "espeakng_loader": ("speech/",),
    "dask": ("library/cluster_client.py",),
    "distributed": ("library/cluster_client.py",),
}
LINES_LIMIT = 400  # "near 300"; a file beyond this has more than one job
HEAVY = (
    "PIL",
    "ai_edge_litert",
    "gtts",
    "keras",
    "miniaudio",
    "platformdirs",
    "playsound3",
    "requests",
    "tensorflow",
    "tkinter",
)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, at its top or inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, first.value


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 20


@pytest.mark.parametrize("library", KEPT_TO)
def test_libraries_are_imported_only_in_their_rooms(library):
    strays = [
        f"{place}:{line} imports {name}"
        for path in MODULES
        if not (place := path.relative_to(PACKAGE).as_posix()).startswith(KEPT_TO[library])
        for line, name in imports(path)
        if name.split(".")[0] == library
    ]
    assert not strays, "\n".join(strays)


def test_training_is_not_needed_to_describe():
    strays = [
        f"{place}:{line}"
        for path in MODULES
        if not (place := path.relative_to(PACKAGE).as_posix()).startswith("train/")
        for line, name in imports(path)
        if name.startswith("image_describer.train")
    ]
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("module", ["image_describer", "image_describer.cli.main"])
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted({{n.split('.')[0] for n in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & set(HEAVY)


def test_describing_and_speaking_need_no_tensorflow_to_import():
    rooms = [
        path
        for path in MODULES
        if not path.relative_to(PACKAGE).as_posix().startswith(("train/", "app/"))
    ]
    names = [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for path in rooms
        if path.name != "__main__.py"
    ]
    code = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\n"
    code += "print(*sorted({n.split('.')[0] for n in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"tensorflow", "keras", "tkinter", "matplotlib"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_has_one_job(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_LIMIT
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "it has no docstring"


def test_version_is_written_once():
    setup = (CHECKOUT / "setup.py").read_text(encoding="utf-8")
    assert image_describer.__version__ not in setup


def test_folders_of_data_are_found_from_another_folder(tmp_path):
    done = _ask_for_folders(tmp_path)
    assert done["assets"].joinpath("icon.png").is_file()
    assert done["assets"].joinpath("samples").is_dir()
    assert done["recipes"].is_dir()
    assert done["bundle"].is_dir()


def test_folders_of_data_are_found_as_a_wheel_lays_them_out(tmp_path):
    site = tmp_path / "site"
    for source, target in (
        ("image_describer", "image_describer"),
        ("assets", "image_describer/assets"),
        ("train/recipes", "image_describer/train/recipes"),
    ):
        _copy(CHECKOUT / source, site / target)
    (site / "image_describer" / "models").mkdir(parents=True)
    done = _ask_for_folders(tmp_path, site)
    inside = site / "image_describer"
    assert done["assets"] == inside / "assets"
    assert done["recipes"] == inside / "train" / "recipes"
    assert done["bundle"] == inside / "models"


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            goal = target / path.relative_to(source)
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(path.read_bytes())


def _ask_for_folders(cwd: Path, site: Path | None = None) -> dict[str, Path]:
    code = (
        "from image_describer import paths as p; "
        "print(p.bundle_folder(), p.assets_folder(), p.recipes_folder(), sep='\\n')"
    )
    if site:
        code = f"import sys; sys.path.insert(0, {str(site)!r}); " + code
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env=_without_bundle(),
        timeout=60,
    )
    return dict(
        zip(("bundle", "assets", "recipes"), map(Path, done.stdout.splitlines()), strict=True)
    )


def _without_bundle() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "IMAGE_DESCRIBER_BUNDLE"}
