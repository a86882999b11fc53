"""Why somebody may read a document or may not, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.usecases.explaining import Explaining
from gateway.web.api.operations import JSON, Operation
from gateway.web.api.responses import json, own_document
from gateway.web.api.schemas.explanations import ExplanationView, StepView


class Explanations:
    """The part of the API that answers «why»."""

    def __init__(self, explaining: Explaining) -> None:
        self._explaining = explaining

    def operations(self) -> Sequence[Operation]:
        """Return what can be explained."""
        return [
            Operation(
                "GET",
                "/api/explain",
                self.explain,
                {200: {JSON: ExplanationView}},
                query=("document", "subject", "token"),
                required=("document",),
                one_of=("subject", "token"),
                refuses=(404,),
            )
        ]

    async def explain(self, request: Request, publisher: str) -> Response:
        """Tell why a token, or all grants of a subject, open a document or do not."""
        asked = request.query_params
        address = own_document(asked["document"], publisher)
        if token := asked.get("token", ""):
            found = await self._explaining.token(address, token)
        else:
            found = await self._explaining.subject(address, asked["subject"])
        steps = [StepView(s.name, s.ok, s.detail, **s.facts) for s in found.steps]
        return json(ExplanationView(found.allowed, steps))
