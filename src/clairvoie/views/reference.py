"""The API's description for people, at ``/api/docs``: made here from the OpenAPI document, asking no other host."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clairvoie.views.page import HERE

router = APIRouter(include_in_schema=False)

TAGS = [
    {"name": "reading", "description": "What programs may read"},
    {"name": "levels", "description": "Levels, as JSON and as CSV"},
    {"name": "acting", "description": "What a person may do through a program"},
    {"name": "ledger", "description": "The published ledger; its files are under /tlog"},
    {"name": "nodes", "description": "What nodes deliver"},
    {"name": "operation", "description": "For whoever keeps the hub running"},
]


@router.get("/api/docs")
def docs(request: Request) -> HTMLResponse:
    """The description as one page."""
    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    document = request.app.openapi()
    text = templates.get_template("reference.html").render(
        document=document, tags=TAGS, operations=operations(document), schemas=schemas(document)
    )
    return HTMLResponse(text)


def operations(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations of an OpenAPI document by tag, each with what the page shows of it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            bodies = operation.get("requestBody", {}).get("content", {})
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": [_parameter(parameter) for parameter in operation.get("parameters", ())],
                "bodies": [(kind, kind_of(body.get("schema", {}))) for kind, body in bodies.items()],
                "answers": [
                    (status, answer.get("description", ""), _answer(answer))
                    for status, answer in operation["responses"].items()
                ],
            }
            found.setdefault(operation.get("tags", [""])[0], []).append(shown)
    return found


def schemas(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The named types of an OpenAPI document, each with its fields or values."""
    return [
        {
            "name": name,
            "description": schema.get("description", ""),
            "values": schema.get("enum", ()),
            "fields": [(field, kind_of(kind)) for field, kind in schema.get("properties", {}).items()],
        }
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "required": parameter.get("required", False),
        "kind": kind_of(parameter["schema"]),
        "description": parameter.get("description", ""),
    }


def _answer(answer: dict[str, Any]) -> str:
    return ", ".join(kind_of(body.get("schema", {})) or kind for kind, body in answer.get("content", {}).items())


def kind_of(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words.

    >>> kind_of({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]})
    'string (date-time) or null'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(kind_of(one) for one in schema[several])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        inner = [kind_of(one) for one in schema.get("prefixItems", ())] or [kind_of(schema.get("items") or {})]
        return f"list of {', '.join(inner)}".rstrip()
    shape = f" ({schema['format']})" if "format" in schema else ""
    return f"{schema.get('type', '')}{shape}"
