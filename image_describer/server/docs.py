"""The OpenAPI description as a plain HTML page for developers.

FastAPI's pages load Swagger UI or ReDoc from a CDN, and axe-core 4.12 finds 39 and 27 violations in
them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from image_describer.server.problems import MEDIA_TYPE

Node = Mapping[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
_CODE = re.compile(r"(`+)(.+?)\1")
DEPTH = 3  # of nested schemas; deeper ones are shown by name

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} for developers</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page.css">
</head>
<body>
<main>
<h1>{title} for developers</h1>
<p>Version {version}. {description}</p>
<p>As OpenAPI: <a href="openapi.json">openapi.json</a>.</p>
<p>Errors are <code>{problem}</code> (RFC 9457); <code>detail</code> is a sentence for people.</p>
<nav aria-label="Contents"><ul>
{contents}
</ul></nav>
{operations}
</main>
<footer><p><a href="./">Describe a picture</a></p></footer>
</body>
</html>
"""


def page(openapi: Node) -> str:
    """Return an OpenAPI 3.1 description as HTML, with relative links."""
    operations = list(_operations(openapi))
    names = [(f"{method.upper()} {path}", operation) for path, method, operation in operations]
    contents = "\n".join(
        f'<li><a href="#o{number}">{escape(name)}</a>: {escape(operation.get("summary", ""))}</li>'
        for number, (name, operation) in enumerate(names)
    )
    sections = "\n".join(
        f'<section class="operation" aria-labelledby="o{number}">\n'
        f'<h2 id="o{number}"><code>{escape(name)}</code></h2>\n'
        + "\n".join(_operation(operation, openapi))
        + "\n</section>"
        for number, (name, operation) in enumerate(names)
    )
    info = openapi.get("info", {})
    return _PAGE.format(
        title=escape(info.get("title", "")),
        version=escape(info.get("version", "")),
        description=escape(info.get("description", "")),
        problem=MEDIA_TYPE,
        contents=contents,
        operations=sections,
    )


def _operations(openapi: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in openapi.get("paths", {}).items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def _operation(operation: Node, openapi: Node) -> Iterator[str]:
    yield from _paragraphs(operation.get("description") or operation.get("summary", ""))
    parameters = [_resolved(parameter, openapi) for parameter in operation.get("parameters", ())]
    if parameters:
        yield "<h3>Parameters</h3>"
        yield _definitions((_parameter(item), item.get("description", "")) for item in parameters)
    body = _resolved(operation.get("requestBody", {}), openapi)
    if body:
        yield "<h3>Body</h3>"
        yield from _paragraphs(body.get("description", ""))
        yield from _contents(body.get("content", {}), openapi)
    yield "<h3>Responses</h3>"
    errors = []
    for status, response in sorted(operation.get("responses", {}).items()):
        response = _resolved(response, openapi)
        line = f"<strong>{escape(status)}</strong>: {_text(response.get('description', ''))}"
        if status.startswith("2"):
            yield f"<p>{line}</p>"
            yield from _contents(response.get("content", {}), openapi)
        else:  # nearly always problem JSON
            others = [kind for kind in response.get("content", {}) if kind != MEDIA_TYPE]
            errors.append(" ".join([line, *(f"<code>{escape(kind)}</code>" for kind in others)]))
    yield "<ul>" + "\n".join(f"<li>{error}</li>" for error in errors) + "</ul>" if errors else ""


def _contents(content: Node, openapi: Node) -> Iterator[str]:
    for kind, media_type in content.items():
        yield f"<p><code>{escape(kind)}</code></p>"
        shape = _shape(media_type.get("schema", {}), openapi, DEPTH)
        if isinstance(shape, (dict, list)):
            yield f"<pre>{escape(json.dumps(shape, indent=2))}</pre>"


def _parameter(parameter: Node) -> str:
    schema = parameter.get("schema", {})
    facts = [f"{parameter.get('in', '')} parameter", _kind(schema)]
    facts += ["required"] if parameter.get("required") else []
    if schema.get("default") is not None:
        facts.append(f"default {schema['default']}")
    return f"{parameter.get('name', '')} ({', '.join(facts)})"


def _definitions(pairs: Iterator[tuple[str, str]]) -> str:
    lines = (f"<dt>{escape(term)}</dt><dd>{_text(text)}</dd>" for term, text in pairs)
    return "<dl>" + "\n".join(lines) + "</dl>"


def _paragraphs(text: str) -> Iterator[str]:
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    yield from (f"<p>{_text(part)}</p>" for part in parts if part)


def _text(text: str) -> str:
    """Return Markdown as HTML; only code in backticks is supported."""
    return _CODE.sub(r"<code>\2</code>", escape(text))


def _resolved(node: Node, openapi: Node) -> Node:
    """Return what a ``$ref`` refers to, or the node itself."""
    name = node.get("$ref", "")
    if not name.startswith("#/"):
        return node
    found: Any = openapi
    for step in name[2:].split("/"):
        found = found.get(step, {})
    return found


def _shape(schema: Node, openapi: Node, depth: int) -> Any:
    """Return an example with objects and arrays as they are, and types instead of values."""
    schema = _resolved(schema, openapi)
    options = [item for item in schema.get("anyOf", ()) if item.get("type") != "null"]
    if len(options) == 1 and "$ref" in options[0]:
        return _shape(options[0], openapi, depth)
    if depth and schema.get("properties"):
        return {
            name: _shape(inner, openapi, depth - 1) for name, inner in schema["properties"].items()
        }
    if depth and schema.get("type") == "array" and schema.get("items"):
        return [_shape(schema["items"], openapi, depth - 1)]
    return _kind(schema)


def _kind(schema: Node) -> str:
    """Return a schema's type in words: "string", "number or null", "one of en, de"."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(item) for item in schema["anyOf"]))
    kind = schema.get("type") or schema.get("title") or "anything"
    return str(schema.get("format") or kind)
