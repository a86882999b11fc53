"""For each kind of stored thing: where the one of the sample document lies, and what harms it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.core.bundles import Bundle
from gateway.core.documents import Address
from gateway.ports import Sealed
from gateway.stores import sealing, versions
from gateway.stores.shelf import SUFFIX
from tests.damage.earlier import bundle_3, sealed_2
from tests.damage.places import Place

HERE, THERE = Address("demo", "report"), Address("demo", "story")


class Sample(NamedTuple):
    """A stored thing: its names in a place, and which bytes of the blob are it."""

    names: Callable[[Place], list[str]]
    part: Callable[[bytes], slice] = lambda blob: slice(0, len(blob))
    another: Callable[[Place], bytes | None] = lambda place: None
    earlier: Callable[[bytes, str], bytes | None] = lambda blob, name: None


def _under(prefix: str, suffix: str = "") -> Callable[[Place], list[str]]:
    def names(place: Place) -> list[str]:
        return [n for n in place.names() if n.startswith(prefix) and n.endswith(suffix)]

    return names


def _part(part: str) -> Callable[[bytes], slice]:
    return lambda blob: sealing.place(blob[: sealing.HEAD], part)


def _of(prefix: str) -> Callable[[Place], bytes | None]:
    return lambda place: place.read(_under(prefix)(place)[-1])


def _earlier_preview(blob: bytes, name: str) -> bytes:
    return bundle_3(Bundle.unpack(blob, versions.of_public(HERE)))


def _earlier_edition(blob: bytes, name: str) -> bytes:
    edition = name.rpartition("/")[2].removesuffix(sealing.SUFFIX)
    full, public, source = (blob[_part(part)(blob)] for part in sealing.PARTS)
    return sealed_2(
        Sealed(
            source,
            versions.part_bundle(full, "full", HERE, edition),
            versions.part_bundle(public, "public", HERE, edition),
        )
    )


def _edition(part: str) -> Sample:
    here, there = f"vault/{HERE}/", f"vault/{THERE}/"
    names, another = _under(here, sealing.SUFFIX), _under(there, sealing.SUFFIX)
    return Sample(
        names, _part(part), lambda place: place.read(another(place)[-1]), _earlier_edition
    )


_companions = _under(f"vault/{HERE}/", SUFFIX)


def _database(name: str) -> Callable[[Place], list[str]]:
    # Its index in memory is no stored thing.
    return lambda place: [n for n in _under(name)(place) if not n.endswith("-shm")]


def _catalogue(place: Place) -> list[str]:
    return _database("public/catalogue.db")(place) or _under("catalogue/")(place)


def _earlier_catalogue(blob: bytes, name: str) -> bytes | None:
    version = slice(60, 64)  # the user_version of an SQLite file
    is_first = name.endswith(".db")
    return blob[: version.start] + b"\0\0\0\1" + blob[version.stop :] if is_first else None


def _kind_of_page(blob: bytes) -> slice:
    """Return the byte that says what the second page of an SQLite file is."""
    size = int.from_bytes(blob[16:18], "big")
    return slice(size, size + 1)


SAMPLES: Mapping[str, Sample] = {
    "preview": Sample(
        _under(f"public/{HERE}.bundle"),
        another=_of(f"public/{THERE}.bundle"),
        earlier=_earlier_preview,
    ),
    "profile": Sample(
        _under(f"public/{HERE.publisher}/_.bundle"), another=_of("public/demo/story")
    ),
    "full text": _edition("full"),
    "preview in the vault": _edition("public"),
    "source": _edition("source"),
    "companion": Sample(
        lambda place: _companions(place)[:1],
        another=lambda place: place.read(_companions(place)[-1]),
    ),
    "catalogue": Sample(_catalogue, _kind_of_page, earlier=_earlier_catalogue),
    "ledger": Sample(_database("ledger.db"), _kind_of_page),
    "secret": Sample(_under("secret")),
    "audit": Sample(_under("audit/")),
    "welcome": Sample(_under("welcome.json"), earlier=lambda blob, name: blob.partition(b"\n")[0]),
}


# --- harms -------------------------------------------------------------------------------------

Harm = Callable[[Place, str, Sample, Mapping[str, bytes]], bool]


def _missing(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    place.remove(name)
    return True


def _empty(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    if not place.read(name):
        return False
    place.write(name, b"")
    return True


def _cut(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    blob = place.read(name)
    if not blob:
        return False
    at = sample.part(blob)
    place.write(name, blob[: (at.start + at.stop) // 2])
    return True


def _flip(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    blob = bytearray(place.read(name))
    if not blob:
        return False
    at = sample.part(bytes(blob))
    blob[(at.start + at.stop) // 2] ^= 1
    place.write(name, bytes(blob))
    return True


def _swap(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    another = sample.another(place) or next(
        (blob for known, blob in other.items() if _kind(known) == _kind(name)), None
    )
    if not another:
        return False
    place.write(name, another)
    return True


def _kind(name: str) -> str:
    return name.partition("/")[0] if name.startswith("audit/") else name


def _earlier(place: Place, name: str, sample: Sample, other: Mapping[str, bytes]) -> bool:
    blob = sample.earlier(place.read(name), name)
    if blob is None:
        return False
    place.write(name, blob)
    return True


EARLIER = "of an earlier version"
HARMS: Mapping[str, Harm] = {
    "missing": _missing,
    "empty": _empty,
    "cut short": _cut,
    "one bit changed": _flip,
    "of another": _swap,
    EARLIER: _earlier,
}
