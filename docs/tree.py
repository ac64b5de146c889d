"""Print every package and module with the first line of its docstring."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "image_describer"


def summary(path: Path) -> str:
    """Return the first sentence of the module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def print_package(folder: Path, depth: int) -> None:
    """Print ``folder``, its modules, then its subpackages."""
    print(f"{'    ' * depth}{folder.name}/  {summary(folder / '__init__.py')}")
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            print(f"{'    ' * (depth + 1)}{path.name:<26}{summary(path)}")
    for subfolder in sorted(folder.iterdir()):
        if (subfolder / "__init__.py").is_file():
            print_package(subfolder, depth + 1)


if __name__ == "__main__":
    print_package(ROOT, 0)
