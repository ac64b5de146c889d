"""Finds strings that users see but that are not marked for translation.

    python -m tests.support.unmarked_strings [FILE ...]

A string counts as a user's if it has several words or ends like a sentence. What only developers
and machines read is left out: docstrings, logs, patterns, SQL, annotations, built-in exceptions,
and lines with the comment ``# untranslated``, or whole assignments with it in their first or last
line.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "image_describer"
# For developers and machines, in English.
NOT_FOR_USERS = (
    "train/",
    *("server/docs.py", "server/metrics.py", "server/schemas.py", "server/wowme.py"),
)

COMMENT = "# untranslated"
MARKS = frozenset({"_", "N_", "gettext", "ngettext", "pgettext", "plural"})
FOR_MACHINES = frozenset(
    {"compile", "execute", "executemany", "executescript", "getLogger", "ContextVar", "TypeVar"}
    | {"debug", "info", "warning", "exception", "critical", "log", "warn", "cast"}
    | {"fullmatch", "match", "search", "sub", "findall", "finditer", "strptime", "strftime"}
    | {"FilePart"}
)
FOR_DEVELOPERS = re.compile(
    r"(Value|Type|Runtime|Assertion|NotImplemented|Key|Lookup|Index|OS|EOF|Overflow|Attribute"
    r"|Unpickling)Error"
)
WORDS = re.compile(r"[A-Za-z']{2,}[,:;]? [A-Za-z{'\"(]|^[A-Z][a-z]+[.!?:…]$")
NOT_WORDS = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|BEGIN|ATTACH|REPLACE|WITH|FROM|AND|"
    r"WHERE|ORDER|<[a-z!/]|<\?|https?:|%)"
)


def unmarked(path: Path) -> list[tuple[int, str]]:
    """Return (line, string) of each string in a file of Python that users see in English only."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    left_out = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for first, last in [(node.lineno, node.end_lineno or node.lineno)]
        if COMMENT in lines[first - 1] + lines[last - 1]
        for line in range(first, last + 1)
    }
    return [
        (line, text)
        for line, text in _strings(tree)
        if WORDS.search(text)
        and not NOT_WORDS.match(text)
        and COMMENT not in lines[line - 1]
        and line not in left_out
    ]


def modules() -> list[Path]:
    """All modules whose strings users see."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(NOT_FOR_USERS)
    ]


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Call) and (
        _name(node.func) in MARKS | FOR_MACHINES or ast.unparse(node.func) == "log.error"
    ):
        return
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        name = _name(node.exc.func)
        if FOR_DEVELOPERS.fullmatch(name) or name.startswith("_"):
            return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
        return
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{x}" for part in node.values)
        yield node.lineno, "".join(str(part) for part in parts)
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _strings(child)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


if __name__ == "__main__":
    for file in [Path(name) for name in sys.argv[1:]] or modules():
        for line, text in unmarked(file):
            print(f"{file}:{line}: {text!r}")
