"""Whatever the description of the API allows, and what is near it, is answered as it declares.

Schemathesis makes the requests from /openapi.json, of one seed. No answer is 5xx.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import anyio
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.formats import FORMATS
from gateway.web.api.documents import DocumentsApi
from gateway.web.api.operations import JSON
from gateway.web.api.responses import json as answer_json
from tests.support import pictures
from tests.support.samples import body_of
from tests.support.services import Standing
from tests.web.caller import Caller, caller, open_api

SEED = 14
FEW, MANY = 6, int(os.environ.get("PAIDGATE_REQUESTS", "100"))  # of each operation
SOURCE = "A title\n\nFree.\n\n##paidbegin##Paid.##paidend##\n"
ANSWERS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEAR: list[CheckFunction] = [negative_data_rejection]

# What stands beside documents, by its kind: a name, and its bytes.
BESIDE = {
    PICTURES: ("a.png", pictures.png()),
    ATTACHMENTS: ("a.pdf", pictures.attachments("x")["application/pdf"]),
}

Ids = Mapping[str, str]

for each in FORMATS:
    if not each.is_text:
        bodies = st.sampled_from([body_of(each.name, SOURCE)]) | st.binary(max_size=500)
        schemathesis.openapi.media_type(each.media_types[0], bodies, aliases=each.media_types[1:])


async def ids(api: Caller) -> Ids:
    """Return something of each kind that a publisher has."""
    await api.send("PUT", "/api/documents/d", SOURCE.encode(), content_type="text/plain")
    (edition, *_) = (await api.ask("GET", "/api/documents/d/editions"))["editions"]
    grant = await api.ask("POST", "/api/grants", {"scope": "document:d"})
    await api.ask("POST", "/redeem", {"token": grant["token"]})
    (device,) = (await api.ask("GET", f"/api/grants/{grant['id']}/devices"))["devices"]
    (code,) = await api.make_codes()
    key = await api.ask("POST", "/api/keys", {"label": "another"})
    found = {"slug": "d", "document": "d", "edition": edition["edition"], "grant": grant["id"]}
    found |= {"device": device["id"], "code": code["id"], "key": key["id"]}
    for kind, (name, body) in BESIDE.items():
        await api.send("PUT", f"/api/documents/d/{kind}/{name}", body)
    return found | {"token": grant["token"]}


class Asking:
    """Somebody who asks a gateway for everything that its description has, and near it."""

    def __init__(self, standing: Standing, api: Caller) -> None:
        self.seen = Counter[tuple[str, int]]()
        self._api = api
        self._schema = schemathesis.openapi.from_asgi("/openapi.json", standing.app)

    def ask(self, mode: GenerationMode, known: Callable[[], Ids], count: int) -> None:
        """Send requests of every operation, most of them for what is known before each.

        Where there are many, the bounds of everything are tried besides.
        """
        for operation in self._schema.get_all_operations():
            assert isinstance(operation, Ok), operation
            self._ask(operation.ok().as_strategy(generation_mode=mode), known(), count)
            for case in self._bounds(operation.ok(), mode) if count == MANY else ():
                self._send(case, {})

    def _bounds(
        self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode
    ) -> Iterator[Case[Any]]:
        how = self._schema.config.generation
        yield from self._schema.iter_coverage_cases(
            operation, generation_modes=[mode], generation_config=how
        )

    def _ask(self, cases: st.SearchStrategy[Case[Any]], known: Ids, count: int) -> None:
        @seed(SEED)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, st.sampled_from([known, known, {}]))
        def run(case: Case[Any], known: Ids) -> None:
            self._send(case, known)

        run()

    def _send(self, case: Case[Any], known: Ids) -> None:
        (name, body), *_ = [
            each for kind, each in BESIDE.items() if f"/{kind}/" in case.operation.path
        ] or [("", b"")]
        if known:  # put into copies: cases share what they are made of
            known = {**known, "name": name}
            case.path_parameters = {n: known.get(n, v) for n, v in case.path_parameters.items()}
            case.query = {n: known.get(n, v) for n, v in case.query.items()}
            unasked = {n: v for n, v in case.headers.items() if not n.startswith("If-")}
            case.headers = type(case.headers)(unasked)
        if known and case.media_type == "text/plain":
            case.body = SOURCE
        if known and name and case.media_type:
            case.body = body
        answer = case.call(headers={"authorization": f"Bearer {self._api.key}"})
        self.seen[case.operation.label, answer.status_code] += 1
        is_text = case.media_type not in (None, JSON)
        is_near = not (known or is_text)  # of a text nothing is wrong, and what is known mends
        case.validate_response(answer, checks=[*ANSWERS, *NEAR] if is_near else ANSWERS)


@pytest.mark.parametrize("mode", GenerationMode)
def test_a_request_is_answered_as_the_description_declares(mode: GenerationMode) -> None:
    seen = ask_all(mode, FEW)
    if mode is GenerationMode.POSITIVE:  # not all that is asked for is refused
        done = {label for label, status in seen if status < 300}
        # But for those whose fields exclude one another: few of the requests have only one.
        assert {label for label, _ in seen} - done <= {"POST /redeem", "GET /api/explain"}


@pytest.mark.long
@pytest.mark.parametrize("mode", GenerationMode)
def test_many_requests_are_answered_as_the_description_declares(mode: GenerationMode) -> None:
    ask_all(mode, MANY)


def ask_all(mode: GenerationMode, count: int) -> Counter[tuple[str, int]]:
    """Ask a new gateway for everything, and return what was answered how often."""
    standing, api = anyio.run(open_api)
    asking = Asking(standing, api)
    asking.ask(mode, partial(anyio.run, ids, api), count)
    return asking.seen


def test_an_answer_that_is_not_declared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def teapot(self: object, request: Request, publisher: str) -> Response:
        """List documents by slug."""
        return answer_json({"documents": []}, 418)

    monkeypatch.setattr(DocumentsApi, "list_documents", teapot)
    with pytest.raises(BaseException, match="Undocumented status code"):
        ask_all(GenerationMode.POSITIVE, 1)


def state(api: Caller) -> dict[str, Any]:
    """Return all that a publisher sees of its own."""

    async def look() -> dict[str, Any]:
        paths = ("/api/documents", "/api/documents/d/editions", "/api/grants", "/api/codes")
        found = {path: await api.ask("GET", path) for path in paths}
        keys = (await api.ask("GET", "/api/keys"))["keys"]
        found["keys"] = [{k: v for k, v in key.items() if k != "used"} for key in keys]
        source = await api.send("GET", "/api/documents/d/source")
        return found | {"source": source.body.decode()}

    return anyio.run(look)


def test_what_another_publisher_has_is_neither_told_nor_changed() -> None:
    standing, api = anyio.run(open_api)
    other = anyio.run(caller, standing, "other")
    theirs = anyio.run(ids, other)
    before = state(other)
    asking = Asking(standing, api)
    asking.ask(GenerationMode.POSITIVE, lambda: theirs, FEW)
    assert state(other) == before
    by_id = re.compile(r"\{(?:grant|code|key|edition|device)\}")
    found = {label for label, status in asking.seen if status < 300}
    assert not [label for label in found if by_id.search(label)]
