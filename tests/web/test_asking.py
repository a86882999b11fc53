"""The API takes what it says it takes, and says of anything else what is wrong with all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.formats.sources import SourceFormats
from tests.support import pictures
from tests.support.samples import body_of
from tests.support.services import NOW
from tests.web.caller import Caller, caller, open_api

pytestmark = pytest.mark.anyio

SOURCE = "A title\n\nFree.\n\n<paid>Paid.</paid>\n"
ANSWERS = (400, 415, 422)  # of a request that its description rules out


async def description(api: Caller) -> dict[str, Any]:
    told: dict[str, Any] = await Caller(api.app, "none").ask("GET", "/openapi.json")
    return told


def ways(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each method and path that is described, and how."""
    for path, methods in told["paths"].items():
        for method, way in methods.items():
            yield method.upper(), path, way


def places(problem: dict[str, Any]) -> list[str]:
    return [each["where"] for each in problem["problems"]]


# --- queries -----------------------------------------------------------------------------------


async def test_no_address_of_the_api_takes_a_parameter_that_it_does_not_know() -> None:
    _, api = await open_api()
    told = await description(api)
    for method, path, way in ways(told):
        target = path.replace("{slug}", "d").replace("{", "").replace("}", "")
        for query in ("reference=order-7", "Limit=1", "limit[]=1", "=1"):
            answer = await api.send(method, f"{target}?{query}", b"{}")
            problem = answer.json
            assert answer.status == 400, (method, path)
            assert "not known here" in problem["detail"]
        for parameter in (p for p in way["parameters"] if p["in"] == "query"):
            name, value = parameter["name"], quote(str(parameter["example"]).lower())
            answer = await api.send(method, f"{target}?{name}={value}&{name}={value}", b"{}")
            assert name in places(answer.json), (method, path, name)
            if "pattern" in parameter["schema"] or "enum" in parameter["schema"]:
                answer = await api.send(method, f"{target}?{name}=%01", b"{}")
                assert name in places(answer.json), (method, path, name)


async def test_a_mistyped_filter_lists_nothing() -> None:
    _, api = await open_api()
    await api.ask("POST", "/api/grants", {"scope": "all", "source_ref": "order-7"})
    answer = await api.send("GET", "/api/grants?sourceref=order-7&standing=good&limit=0")
    problem = answer.json
    assert answer.status == 400
    assert places(problem) == ["sourceref", "standing", "limit"]
    assert all(each["hint"] for each in problem["problems"])


async def listed(api: Caller, **query: str) -> set[str]:
    found = await api.ask("GET", f"/api/grants?{urlencode(query)}")
    return {grant["note"] for grant in found["grants"]}


async def test_grants_are_found_by_what_is_known_of_them() -> None:
    standing, api = await open_api()
    await standing.publish(
        "c",
        "---\ntitle: C\ncollection: set\n---\nA.\n\n##paidbegin##B.##paidend##\n",
        form="markdown",
    )
    wishes: dict[str, dict[str, object]] = {
        "one": {"scope": "document:d", "subject": "ada", "source": "shop", "source_ref": "7"},
        "all": {"scope": "all", "subject": "ada"},
        "set": {"scope": "collection:set", "source": "till", "source_ref": "7"},
        "later": {"scope": "document:c", "starts": NOW + 500},
        "short": {"scope": "document:c", "term": "1m"},
    }
    for note, wish in wishes.items():
        made = await api.ask("POST", "/api/grants", {"note": note} | wish)
    standing.clock.at += 61
    gone = await api.ask("POST", "/api/grants", {"note": "gone", "scope": "document:d"})
    await api.ask("DELETE", f"/api/grants/{gone['id']}")
    assert made["source"] == "api"
    for query, found in [
        ({}, {"one", "all", "set", "later", "short", "gone"}),
        ({"subject": "ada"}, {"one", "all"}),
        ({"document": "d"}, {"one", "all", "gone"}),
        ({"document": "demo/d", "standing": "stands"}, {"one", "all"}),
        ({"document": "c"}, {"set", "all", "later", "short"}),
        ({"document": "c", "standing": "not-yet"}, {"later"}),
        ({"document": "none"}, {"all"}),
        ({"scope": "document:d"}, {"one", "gone"}),
        ({"source_ref": "7"}, {"one", "set"}),
        ({"source": "shop"}, {"one"}),
        ({"source": "till", "source_ref": "7"}, {"set"}),
        ({"source": "till", "subject": "ada"}, set()),
        ({"source": "shop", "document": "d", "subject": "ada", "scope": "document:d"}, {"one"}),
        ({"standing": "revoked"}, {"gone"}),
        ({"standing": "ended"}, {"short"}),
        ({"standing": "stands"}, {"one", "all", "set"}),
    ]:
        assert await listed(api, **query) == found, query
        first = await api.ask("GET", f"/api/grants?{urlencode(query | {'limit': '1'})}")
        paged = {grant["note"] for grant in first["grants"]}
        while first["next"]:
            first = await api.ask("GET", first["next"])
            paged |= {grant["note"] for grant in first["grants"]}
        assert paged == found
    other = await caller(standing, "other")
    assert await listed(other, source_ref="7") == set()
    assert (await other.send("GET", "/api/grants?document=demo/d")).status == 404


# --- references --------------------------------------------------------------------------------


async def test_a_reference_is_of_one_subject_and_one_term() -> None:
    standing, api = await open_api()
    wish = {"scope": "all", "source": "shop", "source_ref": "7", "subject": "ada", "term": "30d"}
    first = await api.ask("POST", "/api/grants", wish)
    standing.clock.at += 5
    assert (await api.ask("POST", "/api/grants", wish))["id"] == first["id"]
    for other in ({"subject": "bob"}, {"subject": ""}, {"term": "31d"}, {"term": ""}):
        answer = await api.send("POST", "/api/grants", json.dumps(wish | other).encode())
        assert answer.status == 409
        assert b"ada" not in answer.body
    for other in ({"source": "till"}, {"source_ref": "8"}, {"scope": "document:d"}):
        another = await api.ask("POST", "/api/grants", wish | other | {"subject": "bob"})
        assert another["id"] != first["id"]


async def test_a_source_of_ours_cannot_be_named() -> None:
    _, api = await open_api()
    for source in ("once", "code", "Two words", ""):
        body = json.dumps({"scope": "all", "source": source}).encode()
        answer = await api.send("POST", "/api/grants", body)
        assert (answer.status, answer.json["where"]) == (400, "source")


async def test_a_named_source_keeps_its_name_when_the_key_is_the_reference() -> None:
    _, api = await open_api()
    wish = {"scope": "all", "source": "shop"}
    made = await api.ask("POST", "/api/grants", wish, idempotency_key="order-9")
    assert (made["source"], made["source_ref"]) == ("shop", "order-9")
    assert len(await listed(api, source="shop", source_ref="order-9")) == 1


# --- shapes ------------------------------------------------------------------------------------


async def test_every_field_that_is_wrong_is_named_with_what_it_may_be() -> None:
    _, api = await open_api()
    wrong = {"scope": "everything", "devices": 0, "term": "soon", "note": 7, "starts": "x", "to": 1}
    answer = await api.send("POST", "/api/grants", json.dumps(wrong).encode())
    problem = answer.json
    assert answer.status == 400
    assert sorted(places(problem)) == sorted(wrong)
    assert all(each["hint"] and each["message"] for each in problem["problems"])
    answer = await api.send("POST", "/api/codes", b'{"uses": "3"}')
    assert places(answer.json) == ["scope", "count", "uses"]
    for body in (b"[]", b'"all"', b"null", b"7", b"", b"{"):
        answer = await api.send("POST", "/api/grants", body)
        assert (answer.status, answer.json["where"]) == (400, "body")


# --- what is described is taken ----------------------------------------------------------------


async def test_every_parameter_and_every_field_has_bounds_and_an_example() -> None:
    told = await description((await open_api())[1])
    assert told["servers"] == [{"url": "http://127.0.0.1:8000", "description": "This gateway."}]
    for _, path, way in ways(told):
        for parameter in way["parameters"]:
            assert is_bounded(parameter["schema"]), (path, parameter)
            assert "example" in parameter or parameter["in"] != "query"
        for media_type, content in way.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json":
                name = content["schema"]["$ref"].rpartition("/")[2]
                for field, schema in told["components"]["schemas"][name]["properties"].items():
                    assert is_bounded(schema), (name, field)
                    assert schema["examples"]
                    assert schema["description"]


def is_bounded(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    if kind == "string":
        return "enum" in schema or "format" in schema or {"pattern", "maxLength"} <= {*schema}
    if kind == "integer":
        return {"minimum", "maximum"} <= {*schema}
    if kind == "array":
        return "maxItems" in schema and "enum" in schema["items"]
    return kind in ("boolean", "null") or all(map(is_bounded, schema["anyOf"]))


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a schema has room for; of moments those of the next ten years."""
    if "anyOf" in schema:
        return st.one_of([values(each) for each in schema["anyOf"]])
    kind = schema.get("type", "string")
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        least, most = schema["minimum"], schema["maximum"]
        is_moment = most > NOW
        return st.integers(NOW + 1, NOW + 86_400) if is_moment else st.integers(least, most)
    if kind == "array":
        return st.lists(
            values(schema["items"]), min_size=schema["minItems"], max_size=schema["maxItems"]
        )
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return st.sampled_from(["2027-02-01T00:00:00Z", "2030-12-31T23:59:59.25+08:00"])
    if "format" in schema:  # which says more than a pattern can
        return st.sampled_from(schema["examples"])
    text = st.from_regex(schema["pattern"], fullmatch=True)
    longest, never = schema["maxLength"], schema.get("not", {}).get("enum", ())
    return text.filter(lambda drawn: len(drawn) <= longest and drawn not in never)


def requests(told: dict[str, Any]) -> st.SearchStrategy[tuple[str, str, bytes, dict[str, str]]]:
    """Return requests that are as they are described: method, target, body, headers."""
    return st.sampled_from([*ways(told)]).flatmap(lambda way: _request(told, *way))


@st.composite
def _request(
    draw: st.DrawFn, told: dict[str, Any], method: str, path: str, way: dict[str, Any]
) -> tuple[str, str, bytes, dict[str, str]]:
    query, headers = {}, {}
    either = way.get("x-exactly-one-of", [])
    chosen = draw(st.sampled_from(either)) if either else ""
    for parameter in way["parameters"]:
        name, is_needed = (
            parameter["name"],
            parameter.get("required") or parameter["name"] == chosen,
        )
        if (name in either and name != chosen) or not (is_needed or draw(st.booleans())):
            continue
        value = draw(values(parameter["schema"]))
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if parameter["in"] == "path":
            path = path.replace(
                f"{{{name}}}", draw(st.sampled_from(["d", text])) if name == "slug" else text
            )
        elif parameter["in"] == "header":
            headers[name] = text
        elif text or not is_needed:
            query[name] = text
        else:
            query[name] = "d"
    body = b""
    for media_type, content in way.get("requestBody", {}).get("content", {}).items():
        headers["content-type"] = media_type
        if "$ref" in content["schema"]:
            body = json.dumps(draw(_object(told, content["schema"]["$ref"], chosen))).encode()
        else:
            body = _sent(path, media_type)
    return method, f"{path}?{urlencode(query)}".rstrip("?"), body, headers


def _sent(path: str, media_type: str) -> bytes:
    """Return what is of a media type, or at least of the kind that a path takes."""
    if f"/{PICTURES}/" in path or path.endswith("/mark"):
        return pictures.KINDS.get(media_type, pictures.png)()
    if f"/{ATTACHMENTS}/" in path:
        return pictures.attachments().get(media_type, b"%PDF-1.7")
    return body_of(SourceFormats().of_media_type(media_type), SOURCE)


@st.composite
def _object(draw: st.DrawFn, told: dict[str, Any], place: str, chosen: str) -> dict[str, Any]:
    shape = told["components"]["schemas"][place.rpartition("/")[2]]
    made = {}
    for name, schema in shape["properties"].items():
        if name == chosen if chosen else name in shape["required"] or draw(st.booleans()):
            made[name] = draw(values(schema))
    if "count" in made:
        made["count"] = min(made["count"], 50)  # what more takes is measured elsewhere
    return made


async def test_whatever_is_as_described_is_taken() -> None:
    import anyio
    from anyio import to_thread

    _, api = await open_api()
    told = await description(api)

    @settings(
        max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(requests(told))
    def ask(request: tuple[str, str, bytes, dict[str, str]]) -> None:
        method, target, body, headers = request
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        answer = anyio.from_thread.run(lambda: api.send(method, target, body, **named))
        assert answer.status < 500
        assert answer.status not in ANSWERS, (request, answer.body)

    await to_thread.run_sync(ask)
