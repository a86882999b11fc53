"""Problem details (RFC 9457): an error as programs read it.

It never quotes what was sent, but for the first words of a paragraph, which its publisher sees.
"""

from __future__ import annotations

from typing import Any

from gateway.core import errors

KIND = "urn:paidgate:"
PROBLEM = "application/problem+json"
MAX_FINDINGS = 1_000  # of a refused document that an answer lists; the total is told besides


def title_of(error: errors.GatewayError) -> str:
    """Return the short name of an error, the same for every error of its class."""
    return type(error).__name__


def problem_details(error: errors.GatewayError, status: int) -> dict[str, Any]:
    """Return the error as the problem that an answer with this status tells."""
    told: dict[str, Any] = {"type": f"{KIND}{_kebab(title_of(error))}"}
    told |= {"title": _spaced(title_of(error)), "status": status, "detail": error.message}
    if status == 500:
        told["detail"] = "Something went wrong here."
    if error.hint:
        told["hint"] = error.hint
    if isinstance(error, errors.Malformed) and error.where:
        told["where"] = error.where
    if isinstance(error, errors.Malformed) and error.problems:
        told["problems"] = [_fault(each) for each in error.problems]
    if isinstance(error, errors.Refused):
        told["findings"] = [finding(f) for f in error.findings[:MAX_FINDINGS]]
        told["findings_total"] = len(error.findings)
    if isinstance(error, errors.Stale) and error.current:
        told["current"] = f'"{error.current}"'
    return told


def _fault(error: errors.Malformed) -> dict[str, str]:
    return {"where": error.where, "message": error.message, "hint": error.hint}


def finding(found: Any) -> dict[str, Any]:
    """Return a finding as JSON knows it."""
    told = {
        "code": str(found.code),
        "line": found.line,
        "column": found.column,
        "message": found.message,
        "hint": found.hint,
    }
    return told | ({"words": found.words} if found.words else {})


def _kebab(name: str) -> str:
    return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


def _spaced(name: str) -> str:
    return _kebab(name).replace("-", " ").capitalize()
