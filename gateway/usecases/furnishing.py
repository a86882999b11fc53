"""What stands beside a text, and where it is shown.

A companion that the free text shows is public, at an address made of its content. One that only
paid text shows has an address that nobody can guess, and is sealed with the text. Which of the
two is a function of the free text alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.core.bundles import Bundle, Forms
from gateway.core.companions import MAX_ALL, SMALL, SMALL_FORM, WHOLE_FORM, Companion, Placed
from gateway.core.documents import Address, Beside
from gateway.core.errors import Refused, TooLarge, Unsupported
from gateway.ports import MadeCompanion, Sealed

Make = Callable[[str, bytes], MadeCompanion]


class Fitting(NamedTuple):
    """A form that a bundle is to have: how it is called there, and of what companion it is."""

    form: str
    name: str
    part: str  # of the companion: whole or small


@dataclass(frozen=True, slots=True)
class Furniture:
    """What stands beside one edition."""

    public: Beside = field(default_factory=dict)
    private: Beside = field(default_factory=dict)
    made: Mapping[str, MadeCompanion] = field(default_factory=dict)
    """With its bytes: what came inside the source itself."""

    def beside(self) -> Beside:
        """Return what stands beside the full text."""
        return {**self.private, **self.public}

    def only(self, shown: frozenset[str]) -> Furniture:
        """Return it with what is private only as the full text shows it, by its addresses.

        What is public was decided by the free text, and stays.
        """
        return replace(self, private=shown_of(self.private, shown))

    def fittings(self) -> tuple[tuple[Fitting, ...], tuple[Fitting, ...]]:
        """Return what the public bundle is to have, and what the full one is to have."""
        return tuple(_fittings(self.public)), tuple(_fittings(self.private))


NOTHING_BESIDE = Furniture()


def make_all(
    sources: Mapping[str, bytes], make: Make
) -> tuple[dict[str, MadeCompanion], tuple[str, ...]]:
    """Return the pictures that came inside a source, and the names of those that cannot be shown.

    Those cannot be made, or would be too much.
    """
    made: dict[str, MadeCompanion] = {}
    failed: list[str] = []
    room = MAX_ALL
    for name, body in sources.items():
        with suppress(Refused, Unsupported, TooLarge):
            one = make(name, body)
            size = sum(form.size for form in one.forms.values())
            if size <= room:
                room -= size
                made[name] = one
        if name not in made:
            failed.append(name)
    return made, tuple(failed)


def public_places(address: Address, companions: Iterable[Companion]) -> Beside:
    """Return where companions stand if free text shows them."""
    return {
        each.name: Placed(f"/documents/{address}/{each.kind}/{each.digest}", each)
        for each in companions
    }


def private_places(address: Address, edition: str, companions: Iterable[Companion]) -> Beside:
    """Return where companions stand if only paid text shows them.

    edition: its id, which nobody knows but its publisher and which nobody can guess.
    """
    return {
        each.name: Placed(f"/read/{address}/{each.kind}/{_secret(edition, each)}", each)
        for each in companions
    }


def shown_of(places: Beside, shown: frozenset[str]) -> Beside:
    """Return the places whose addresses are among those that a text shows."""
    return {name: placed for name, placed in places.items() if placed.path in shown}


def _secret(edition: str, companion: Companion) -> str:
    told = f"{edition}\n{companion.name}\n{companion.digest}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _fittings(places: Beside) -> Iterator[Fitting]:
    for name, placed in sorted(places.items()):
        yield Fitting(placed.form, name, WHOLE_FORM)
        if placed.companion.small:
            yield Fitting(placed.form + SMALL, name, SMALL_FORM)


def furnished(
    sealed: Sealed,
    fittings: tuple[Sequence[Fitting], Sequence[Fitting]],
    made: Mapping[str, MadeCompanion],
) -> Sealed:
    """Return an edition with the fittings that are made, in the bundle where each belongs."""
    public, full = (_found(some, made) for some in fittings)
    return replace(sealed, public=_with(sealed.public, public), full=_with(sealed.full, full))


def _found(fittings: Sequence[Fitting], made: Mapping[str, MadeCompanion]) -> Forms:
    return {each.form: made[each.name].forms[each.part] for each in fittings if each.name in made}


def _with(bundle: Bundle, forms: Forms) -> Bundle:
    return replace(bundle, forms={**bundle.forms, **forms}) if forms else bundle
