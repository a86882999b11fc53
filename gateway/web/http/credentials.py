"""What a request shows of who it is: a bearer token, a cookie."""

from __future__ import annotations

from functools import lru_cache

from starlette.requests import Request

from gateway.core.errors import Malformed

MAX_COOKIE = 4 << 10  # letters of a value
SHORT = 1024  # bytes of a header that is worth remembering what it says


def bearer(request: Request) -> str:
    """Return the bearer credential, "" where there is none. Raises Malformed."""
    given = request.headers.getlist("authorization")
    return bearer_in(", ".join(given).encode("latin-1")) if given else ""


def bearer_in(header: bytes) -> str:
    """Return the credential in an Authorization header. Raises Malformed."""
    scheme, _, rest = header.partition(b" ")
    value = rest.strip()
    if b"," in value:  # which no credential holds: several headers, joined on the way or here
        raise Malformed("There are several Authorization headers.", where="Authorization")
    if scheme.lower() != b"bearer" or not value:
        raise Malformed(
            "The Authorization header cannot be read.",
            where="Authorization",
            hint="Send Authorization: Bearer and the token.",
        )
    return value.decode("latin-1")


def cookie(request: Request, name: str) -> str:
    """Return the value of the one cookie called name, "" where there is none. Raises Malformed."""
    given = request.headers.getlist("cookie")
    return cookie_in("; ".join(given).encode("latin-1"), name) if given else ""


def cookie_in(header: bytes, name: str) -> str:
    """Return the value of the one cookie called name in a Cookie header, "" where there is none.

    Raises Malformed where two cookies of the name disagree, or one is larger than any of ours.
    """
    return (_cookie if len(header) <= SHORT else _cookie.__wrapped__)(header, name)


@lru_cache(maxsize=1024)
def _cookie(header: bytes, name: str) -> str:
    parts = (part.partition("=") for part in header.decode("latin-1").split(";"))
    values = {value.strip() for key, _, value in parts if key.strip() == name}
    if len(values) > 1:
        raise Malformed(f"There are several cookies called {name}.", where="Cookie")
    value = values.pop() if values else ""
    if len(value) > MAX_COOKIE:
        raise Malformed("The cookie is too large to be ours.", where="Cookie")
    return value
