"""The description of the API is of this API: each route is in it, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.app import build
from gateway.web.api.schemas.grants import GrantBody
from tests.web.caller import Caller, open_api

pytestmark = pytest.mark.anyio


async def description(api: Caller) -> dict[str, Any]:
    """Fetch the description, as anyone can."""
    told: dict[str, Any] = await Caller(api.app, "none").ask("GET", "/openapi.json")
    return told


def served(app: Any) -> Iterator[tuple[str, str]]:
    """Yield method and path of all that the application serves to programs."""
    assert isinstance(app, Starlette)
    for route in app.routes:
        assert isinstance(route, Route)
        if route.path.startswith(("/api", "/redeem")):
            path = route.path.replace(":path}", "}")  # of a parameter that may hold a slash
            yield from ((m, path) for m in (route.methods or ()) if m != "HEAD")


async def test_every_route_is_described_and_nothing_else_is() -> None:
    standing, api = await open_api()
    told = await description(api)
    described = [(m.upper(), path) for path, ways in told["paths"].items() for m in ways]
    assert sorted(described) == sorted(served(build(standing.services)))


async def test_every_operation_has_a_name_and_a_line_of_its_own() -> None:
    told = await description((await open_api())[1])
    ways = [way for ways in told["paths"].values() for way in ways.values()]
    for name in ("operationId", "summary"):
        assert len({way[name] for way in ways}) == len(ways)
        assert all(way[name] for way in ways)


async def test_every_reference_leads_somewhere_and_every_path_names_its_parameters() -> None:
    told = await description((await open_api())[1])
    text = json.dumps(told)
    for part in text.split('"$ref": "')[1:]:
        place = told
        for name in part.partition('"')[0].removeprefix("#/").split("/"):
            place = place[name]
    for path, ways in told["paths"].items():
        for way in ways.values():
            named = {p["name"] for p in way["parameters"] if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def test_every_post_takes_an_idempotency_key() -> None:
    told = await description((await open_api())[1])
    for path, ways in told["paths"].items():
        if "post" in ways:
            names = {parameter["name"] for parameter in ways["post"]["parameters"]}
            assert "Idempotency-Key" in names, path


async def test_what_is_asked_for_is_described_field_by_field() -> None:
    told = await description((await open_api())[1])
    wish = told["components"]["schemas"]["GrantBody"]
    assert set(wish["properties"]) == set(GrantBody.__struct_fields__)
    assert (wish["required"], wish["additionalProperties"]) == (["scope"], False)
