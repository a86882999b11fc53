"""Explanations, as they are told."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class StepView(Struct, omit_defaults=True):
    """One question on the way to an answer. ok: it speaks for yes."""

    step: str
    ok: bool
    detail: str
    edition: str | UnsetType = UNSET
    collection: str | UnsetType = UNSET
    grant: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    standing: str | UnsetType = UNSET


class ExplanationView(Struct):
    """Why the answer is yes or no."""

    allowed: bool
    steps: list[StepView]
