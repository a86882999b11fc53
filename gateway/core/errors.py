"""The errors of the gateway. They carry facts; statuses live in web/errors.py alone.

GatewayError
├── Malformed            the request cannot be understood
│   └── LowContrast      a colour that cannot be read on some paper (colours.py)
├── Refused              the source cannot be published; carries the findings
├── NewlyPublic          paid text would become public; carries its lines
├── TooLarge             more bytes than the limit
├── Unsupported          a media type or charset that no format reads
├── Missing              no such thing, or not yours
├── Moved                the document has another address now; carries its slug
├── Stale                a precondition does not hold
├── Conflict             the same name or key, with other content
│   └── Occupied         a browser with rights of its own, that a reader was to move to
├── Unauthenticated      no valid credential
│   ├── BadKey           not an API key of a publisher
│   ├── BadToken         not a token of this gateway, of this kind
│   └── Expired          a token after its time
├── Forbidden            the request is understood and not allowed
│   ├── Revoked          the right was taken back
│   ├── NotAllowed       an API key that may not do this
│   └── CrossSite        a form that did not come from our own page
├── Unpaid               no right covers the document
├── UsedUp               a code or a grant without uses left
│   └── AlreadyMoved     a link to another device that was opened, or is no longer good
├── TooManyTries         a limit on tries
├── TooMuchAtOnce        a limit on long answers that are on their way
├── Busy                 a limit on long texts of one publisher that are on their way
├── Unavailable          a part that must answer did not
│   └── NotSearchable    the search index is away, or is being made anew
├── Lost                 a ledger or a secret is gone beside what needs it
├── Damaged              what a store gave is not whole (bundles.py)
├── NotPermitted         a permit was asked for without a right, by a fault of ours (permits.py)
├── OtherAuthority       workers go by another authority than the settings (stores/membership.py)
├── StillServing         workers run that would go on as they are (stores/membership.py)
├── NewerSchema          a newer gateway has raised the schema of the ledger (stores/sql/schema.py)
└── ShortSecret          a kept secret is no longer what was kept (stores/files/secrets.py)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.findings import Finding


class GatewayError(Exception):
    """Root of everything that the gateway raises on purpose."""

    hint = ""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint

    @property
    def message(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        # Facts and all, so that an error crosses from one process to another whole.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[GatewayError], args: tuple[object, ...], facts: dict[str, object]
) -> GatewayError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class Malformed(GatewayError):
    """problems: all that is wrong, where that is more than one thing; this is the first of it."""

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", problems: tuple[Malformed, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.where = where
        self.problems = problems


def require_none(problems: Sequence[Malformed]) -> None:
    """Raise Malformed with all problems, if there are any."""
    if problems:
        first = problems[0]
        raise Malformed(first.message, where=first.where, hint=first.hint, problems=tuple(problems))


class Refused(GatewayError):
    hint = "Mend the places named in findings and send the document again."

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"The document was refused: {len(findings)} finding(s).")
        self.findings = findings


class NewlyPublic(GatewayError):
    hint = "Look at the lines, and say that everyone may read them from now on."

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("Text that was paid in the edition before would become public.")
        self.findings = findings


class TooLarge(GatewayError):
    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"The {what} is larger than {limit} bytes.")
        self.limit = limit
        self.hint = f"Send at most {limit} bytes."


class Unsupported(GatewayError):
    def __init__(self, what: str, given: str, accepted: tuple[str, ...], hint: str = "") -> None:
        told = f"The {what} {given[:80]!r} is not supported."
        super().__init__(told if given else f"This is no {what} of a kind that is supported.")
        self.accepted = accepted
        self.hint = hint or "Use one of: " + ", ".join(accepted) + "."


class Missing(GatewayError):
    def __init__(self, what: str = "thing") -> None:
        super().__init__(f"There is no such {what} here.")


class Moved(GatewayError):
    """slug: under the same publisher."""

    hint = "Follow the redirect, and use the new address from now on."

    def __init__(self, slug: str) -> None:
        super().__init__("This document has another address now.")
        self.slug = slug


class Stale(GatewayError):
    hint = "Fetch the current edition and send its ETag in If-Match."

    def __init__(self, current: str | None, what: str = "document") -> None:
        super().__init__(f"The {what} has changed since, or its state is not the expected one.")
        self.current = current


class Conflict(GatewayError):
    pass


class Occupied(Conflict):
    hint = "Sign out there first, or open the link in another browser."

    def __init__(self) -> None:
        super().__init__("This browser has a library of its own.")


class Unauthenticated(GatewayError):
    pass


class BadKey(Unauthenticated):
    hint = "Send Authorization: Bearer <API key> with a key that `paidgate publisher add` printed."

    def __init__(self) -> None:
        super().__init__("The API key is missing or not valid.")


class BadToken(Unauthenticated):
    hint = "Send the whole of it, or ask the publisher for another."

    def __init__(self) -> None:
        super().__init__("The token or code is not valid.")


class Expired(Unauthenticated):
    hint = "Ask the publisher for another."

    def __init__(self) -> None:
        super().__init__("The token or code has expired.")


class Forbidden(GatewayError):
    pass


class Revoked(Forbidden):
    hint = "Ask the publisher, if you think that this is a mistake."

    def __init__(self) -> None:
        super().__init__("This right was taken back.")


class NotAllowed(Forbidden):
    hint = "Use a key that may, or ask whoever made this one."

    def __init__(self, what: str) -> None:
        super().__init__(f"This API key may not {what}.")


class CrossSite(Forbidden):
    hint = "Open the page again and send the form from there."

    def __init__(self) -> None:
        super().__init__("The form did not come from a page of this gateway.")


class Unpaid(GatewayError):
    """ended: when the last right to it ended, in Unix seconds; None where there never was one.

    is_free: there is nothing that needs a right.
    """

    hint = "Open an unlock link or enter a code."

    def __init__(self, ended: int | None = None, *, is_free: bool = False) -> None:
        super().__init__("The paid part of this document needs a right.")
        self.ended = ended
        self.is_free = is_free


class UsedUp(GatewayError):
    def __init__(self) -> None:
        super().__init__("This code or link has been used as often as it can be.")


class AlreadyMoved(UsedUp):
    hint = "Make another link in the library of the browser that still opens it."

    def __init__(self) -> None:
        GatewayError.__init__(self, "This link to another device was used.")


class TooManyTries(GatewayError):
    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many tries.")
        self.retry_after = retry_after
        self.hint = f"Try again in {retry_after} seconds."


class TooMuchAtOnce(GatewayError):
    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(f"You are being sent {most} long answers already.")
        self.retry_after = retry_after
        self.hint = f"Take them to their end, or try again in {retry_after} seconds."


class Busy(GatewayError):
    def __init__(self, retry_after: int) -> None:
        super().__init__("As many long texts of this publisher are being sent as have room.")
        self.retry_after = retry_after
        self.hint = f"Try again in {retry_after} seconds."


class Unavailable(GatewayError):
    """state: down, full, or damaged."""

    def __init__(
        self, part: str, retry_after: int = 2, *, why: str = "", state: str = "down"
    ) -> None:
        what, hint = _STATES[state]
        super().__init__(f"The {part} {what}{f' ({why})' if why else ''}.")
        self.part = part
        self.state = state
        self.retry_after = retry_after
        self.hint = hint.format(retry_after)


_STATES = {
    "down": ("does not answer", "Try again in {} seconds."),
    "full": ("has no room left", "Nothing is lost: make room on its disk, and send it again."),
    "damaged": ("is damaged", "Restore it from the backup."),
}


class NotSearchable(Unavailable):
    def __init__(self) -> None:
        GatewayError.__init__(self, "The search index does not answer, or is being made anew.")
        self.part, self.state, self.retry_after = "search index", "down", 5
        self.hint = "Try again in a moment. The catalogue and every document stay open."


class Lost(GatewayError):
    """Raised at the start where something is gone beside what needs it."""
