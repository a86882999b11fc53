"""What a client likes best. Every Accept header is read by one parser (RFC 9110 section 12.4.2)."""

from __future__ import annotations

from functools import lru_cache

from starlette.requests import Request

from gateway.core.bundles import IDENTITY
from gateway.rendering.pages import Language

CODINGS = ("br", "zstd", "gzip")  # smallest first
MOST = 20  # names of a header that are looked at
LONGEST = 200  # bytes of a header whose meaning is worth remembering


def weights(header: str) -> dict[str, float]:
    """Return how much each thing that a header names is liked, from 0 (not at all) to 1."""
    found: dict[str, float] = {}
    for item in header.lower().split(",", MOST)[:MOST]:
        parts = [part.strip() for part in item.split(";")]
        weight = parts.pop() if parts[-1].startswith("q=") else "q=1"
        found[";".join(parts)] = _weight(weight.removeprefix("q="))
    return found


def _weight(text: str) -> float:
    """Return a weight; 0 for what is none."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0  # NaN is not


# --- Accept-Encoding ---------------------------------------------------------------------------


def liked_coding(header: bytes) -> str:
    """Return the content coding to send; identity where none is taken (section 12.5.3)."""
    return (_coding if len(header) <= LONGEST else _coding.__wrapped__)(header)


@lru_cache(maxsize=512)
def _coding(header: bytes) -> str:
    told = weights(header.decode("latin-1"))
    anything = told.get("*", 0.0)
    liking = {coding: told.get(coding, anything) for coding in CODINGS}
    liked = max(CODINGS, key=liking.__getitem__)  # the first of several
    return liked if liking[liked] > 0 else IDENTITY


# --- Accept-Language ---------------------------------------------------------------------------


def negotiate(accept_language: str | None) -> Language:
    """Return the language that is liked best, English for none (section 12.5.4)."""
    header = accept_language or ""
    return (_language if len(header) <= LONGEST else _language.__wrapped__)(header)


@lru_cache(maxsize=512)
def _language(header: str) -> Language:
    best: tuple[float, Language] = (0.0, "en")
    for name, weight in weights(header).items():
        if weight > best[0] and (language := _spoken(name)):
            best = (weight, language)
    return best[1]


def _spoken(name: str) -> Language | None:
    primary = name.split("-")[0]
    if primary == "zh":
        return "zh-CN"
    return "en" if primary in ("en", "*") else None


# --- Accept ------------------------------------------------------------------------------------


def prefers(request: Request, this: str, that: str) -> bool:
    """Return whether a client would rather have one media type than another (section 12.5.1)."""
    told = weights(", ".join(request.headers.getlist("accept")))
    liking = {name.partition(";")[0]: weight for name, weight in told.items()}
    return _liking(liking, this) > _liking(liking, that)


def _liking(liking: dict[str, float], media_type: str) -> float:
    kinds = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    return next((liking[kind] for kind in kinds if kind in liking), 0.0)
