"""The API's reference as a page of the console: drawn from the OpenAPI document, without scripts."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI

from shuke.web.access import requires


@dataclass(frozen=True)
class FieldView:
    """A parameter or a field of a body."""

    name: str
    place: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class OperationView:
    """One method at one address."""

    method: str
    path: str
    summary: str
    description: str
    fields: tuple[FieldView, ...]
    answers: tuple[tuple[str, str], ...]


def reference(schema: dict[str, Any]) -> dict[str, list[OperationView]]:
    """The operations of an OpenAPI document by their tag, in its order."""
    groups: dict[str, list[OperationView]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(schema, path, method=method, operation=operation))
    return groups


def _operation(schema: dict[str, Any], path: str, *, method: str, operation: dict[str, Any]) -> OperationView:
    answers = [
        (str(status), _content_type_name(answer))
        for status, answer in operation["responses"].items()
        if str(status).startswith("2")
    ]
    return OperationView(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        fields=(*_parameters(operation), *_body_fields(schema, operation)),
        answers=tuple(answers),
    )


def _parameters(operation: dict[str, Any]) -> list[FieldView]:
    return [
        FieldView(
            name=row["name"],
            place=row["in"],
            type=_type_name(row["schema"]),
            is_required=row.get("required", False),
            description=row["schema"].get("description", ""),
        )
        for row in operation.get("parameters", [])
    ]


def _body_fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[FieldView]:
    fields = []
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = _resolved(schema, content["schema"])
        required = body.get("required", [])
        for name, part in body.get("properties", {}).items():
            fields.append(
                FieldView(name, "body", _type_name(part), name in required, part.get("description", ""))
            )
    return fields


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rsplit("/", 1)[-1]
    return schema["components"]["schemas"].get(name, {}) if name else part


def _content_type_name(answer: dict[str, Any]) -> str:
    contents = list(answer.get("content", {}).values())
    return _type_name(contents[0].get("schema", {})) if contents else ""


def _type_name(part: dict[str, Any]) -> str:
    """A short name of a schema: integer, list of Order, A or B."""
    if "$ref" in part:
        return str(part["$ref"]).rsplit("/", 1)[-1]
    if part.get("type") == "array":
        return f"list of {_type_name(part.get('items', {}))}"
    for joint in ("anyOf", "oneOf", "allOf"):
        if joint in part:
            return " or ".join(_type_name(choice) for choice in part[joint])
    return str(part.get("format") or part.get("type") or "any")


def reference_page(api: NinjaAPI) -> Any:
    """The view that shows the reference of ``api``."""

    @requires("overview.view")
    def page(request: HttpRequest) -> HttpResponse:
        return render(request, "web/api_reference.html", {"groups": reference(api.get_openapi_schema())})

    return page
