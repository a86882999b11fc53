"""Frozen settings, from the environment (PAIDGATE_*) over a TOML file; all problems at once."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

PREFIX = "PAIDGATE_"
LEAST_SECRET = 32  # bytes
SECRET = "secret"  # noqa: S105  the file of a secret that was made, in the data folder

T = TypeVar("T")

_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KiB|MiB|GiB)?", re.IGNORECASE)
_UNITS = {"b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


class BadSettings(Exception):
    """Raised with every problem found; each names its setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def setting(default: T, meaning: str, shown: str = "") -> T:
    """Return a field with what the reference of settings says of it, Markdown allowed.

    shown: the default in words, where the value itself does not say it.
    """
    value: T = field(default=default, metadata={"meaning": meaning, "shown": shown})
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. Sizes are bytes, times seconds."""

    data: Path = setting(  # noqa: RUF009  a field
        Path("var"), "Folder for the ledger, the previews, the vault, the audit and the secret."
    )
    ledger: str = setting(
        "",
        "Database of documents, grants and codes; or `postgresql://user:password@host/name`, with "
        "the extra `paidgate[postgres]` ([installing](install.md)).",
        "`sqlite:///$DATA/ledger.db`",
    )
    redis: str = setting(
        "embedded",
        "`embedded` starts a private server with the gateway. `redis://…`, `rediss://…` and "
        "`unix://…` name your own. `none` means no cache: every full read asks the ledger "
        "([authority](operations.md#authority)).",
    )
    authority: str = setting(
        "redis",
        "Where leases are kept. `postgres` keeps them in the ledger's database, for a Redis that "
        "fails over.",
    )
    store: str = setting(
        "",
        "Where previews and the vault are kept; or `s3://bucket/prefix`, with the extra "
        "`paidgate[s3]` ([S3](operations.md#previews-and-vault-on-s3)).",
        "`file://$DATA`",
    )
    secret: str = setting(
        "",
        f"Root secret, at least {LEAST_SECRET} bytes.",
        "made at the first start, in `$DATA/secret`",
    )
    base_url: str = setting(
        "",
        "Public origin, such as `https://read.example.org`. Without it, links name the Host of "
        "the request if that is trusted, otherwise `127.0.0.1` and the port that is served; links "
        "printed by commands name `127.0.0.1:8000`.",
        "the Host of the request",
    )
    trusted_hosts: tuple[str, ...] = setting(
        ("localhost", "127.0.0.1", "::1"), "Hosts that links may name, separated by commas."
    )
    trusted_proxies: tuple[str, ...] = setting(
        ("127.0.0.1", "::1"),
        "Proxies whose `X-Forwarded-*` headers are believed: addresses or networks, separated by "
        "commas.",
    )
    lease: float = setting(
        1.0,
        "Seconds that a worker may answer rights from memory without hearing from the authority, "
        "from 0.2 to 60.",
    )
    max_upload: int = setting(
        16 << 20,
        "Size of the largest source, picture or attachment, with `KiB`, `MiB` or `GiB`.",
    )
    metrics_port: int = setting(0, "Accepted; nothing uses it yet.", "none")
    language: str = setting(
        "zh-CN", "Language of public pages that belong to no document: `zh-CN` or `en`."
    )
    security_contact: str = setting(
        "",
        "Whom to tell of a weakness: `mailto:security@example.org` or the address of a page. It "
        "stands in `/.well-known/security.txt`, which is not there without it.",
        "none",
    )
    log_level: str = setting("info", "`debug`, `info`, `warning` or `error`.")

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name in _OPEN)
        return f"Settings({', '.join(shown)})"

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def audit(self) -> Path:
        return self.data / "audit"


# Ledger and Redis addresses may hold passwords.
_OPEN = {"data", "store", "base_url", "trusted_hosts", "lease", "max_upload", "language"}


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings that environ and the file named by PAIDGATE_CONFIG give.

    Raises BadSettings.
    """
    problems: list[str] = []
    given: dict[str, tuple[str, Any]] = {}
    for name, value in _from_file(environ.get(PREFIX + "CONFIG", ""), problems).items():
        given[name] = (f"{name} in the configuration file", value)
    for name, value in environ.items():
        if name.startswith(PREFIX) and name != PREFIX + "CONFIG" and value != "":
            given[name.removeprefix(PREFIX).lower()] = (name, value)
    values: dict[str, Any] = {}
    for name, (shown, value) in given.items():
        read = _READ.get(name)
        if read is None:
            if shown != PREFIX + name.upper():
                problems.append(f"{shown}: there is no such setting.")
            continue
        try:
            values[name] = read(value)
        except (ValueError, TypeError) as error:
            problems.append(f"{shown}: {error}")
    if problems:
        raise BadSettings(problems)
    settings = Settings(**values)
    if settings.authority == "postgres" and not settings.ledger.startswith("postgresql:"):
        raise BadSettings([f"{PREFIX}AUTHORITY: postgres needs a ledger on PostgreSQL."])
    data = settings.data.resolve()
    return Settings(
        **{
            **values,
            "ledger": settings.ledger or f"sqlite:///{quote(str(data / 'ledger.db'))}",
            "store": settings.store or data.as_uri(),
        }
    )


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that is named like a setting, and is none."""
    names = (name.removeprefix(PREFIX).lower() for name in environ if name.startswith(PREFIX))
    return [
        f"{PREFIX}{name.upper()}: there is no such setting{_guess(name)}"
        for name in sorted({*names} - {*_READ, "config"})
        if not _OTHERS.fullmatch(name)
    ]


# What Kubernetes sets for a service that is called paidgate; and the key of `publish --remote`.
_OTHERS = re.compile(r"(?:service_host|service_port|port)(?:_.*)?|key")


def _guess(name: str) -> str:
    close = get_close_matches(name, _READ, n=1)
    return f"; is it {PREFIX}{close[0].upper()}?" if close else "."


def readable_secrets(environ: Mapping[str, str], settings: Settings) -> list[str]:
    """Return a line for each file with the root secret that others than its owner can read."""
    config = environ.get(PREFIX + "CONFIG", "")
    places = [settings.data / SECRET] if not settings.secret else []
    if config and "secret" in _from_file(config, []):
        places.append(Path(config))
    return [
        f"{path}: others can read the root secret; `chmod go= {path}` keeps it to its owner."
        for path in places
        if path.exists() and path.stat().st_mode & 0o077
    ]


def _from_file(name: str, problems: list[str]) -> dict[str, Any]:
    if not name:
        return {}
    try:
        with Path(name).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        problems.append(f"{PREFIX}CONFIG: cannot read {name}: {error.strerror}.")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{PREFIX}CONFIG: {name} is not TOML: {error}.")
    return {}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a text.")
    return value


def _size(value: Any) -> int:
    match = _SIZE.fullmatch(str(value).strip())
    size = int(match[1]) * _UNITS[(match[2] or "B").lower()] if match else 0
    if not size:
        raise ValueError("must be a size such as 16MiB.")
    return size


def _lease(value: Any) -> float:
    try:
        lease = float(value)
    except (TypeError, ValueError):
        lease = 0.0
    if not 0.2 <= lease <= 60:
        raise ValueError("must be seconds from 0.2 to 60.")
    return lease


def _port(value: Any) -> int:
    port = int(value) if str(value).isdecimal() else 0
    if not 1 <= port <= 65_535:
        raise ValueError("must be a port from 1 to 65535.")
    return port


def _list(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(item).strip() for item in items if str(item).strip())


def _networks(value: Any) -> tuple[str, ...]:
    items = _list(value)
    for item in items:
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            raise ValueError("must be addresses or networks, divided by commas.") from None
    return items


def _secret(value: Any) -> str:
    secret = _text(value)
    if len(secret.encode()) < LEAST_SECRET:
        raise ValueError(f"must be at least {LEAST_SECRET} bytes long.")
    return secret


def _one_of_schemes(*schemes: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = _text(value)
        if urlsplit(text).scheme not in schemes:
            raise ValueError("must begin with " + " or ".join(f"{s}://" for s in schemes) + ".")
        return text

    return read


def _store(value: Any) -> str:
    text = _one_of_schemes("file", "s3")(value)
    parts = urlsplit(text)
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("must hold a full path after file://, such as file:///srv/texts.")
    if parts.scheme == "file" and (parts.query or parts.fragment):
        raise ValueError("must be a path alone: write ? in it as %3F, and # as %23.")
    if parts.scheme == "s3" and not (parts.netloc and parts.netloc == parts.hostname):
        raise ValueError("must name a bucket, such as s3://bucket/prefix.")
    _require_extra(parts.scheme)
    return text


def _ledger(value: Any) -> str:
    text = _one_of_schemes("sqlite", "postgresql")(value)
    _require_extra(urlsplit(text).scheme)
    return text


def _require_extra(scheme: str) -> None:
    module, extra = _EXTRAS.get(scheme, ("", ""))
    if module and not find_spec(module):
        raise ValueError(f"{scheme}:// needs an extra of this package: paidgate[{extra}].")


def _redis(value: Any) -> str:
    text = _text(value)
    if text in ("embedded", "none"):
        return text
    try:
        return _one_of_schemes("redis", "rediss", "unix")(text)
    except ValueError:
        raise ValueError(
            "must be embedded, none, or begin with redis://, rediss:// or unix://."
        ) from None


def _base_url(value: Any) -> str:
    url = _one_of_schemes("http", "https")(value).rstrip("/")
    parts = urlsplit(url)
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an origin such as https://read.example.org, without a path.")
    return url


def _contact(value: Any) -> str:
    text = _text(value)
    if not _CONTACT.fullmatch(text):
        raise ValueError("must begin with mailto: or https://.")
    return text


_CONTACT = re.compile(r"(?:mailto:[^\s@]+@[^\s@]+|https://[^\s]+)", re.IGNORECASE)


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError("must be one of " + ", ".join(choices) + ".")
        return str(value)

    return read


# What addresses need that a plain installation has not: a module, and the extra that brings it.
_EXTRAS = {"s3": ("obstore", "s3"), "postgresql": ("asyncpg", "postgres")}

_READ: dict[str, Callable[[Any], Any]] = {
    "data": lambda value: Path(_text(value)),
    "ledger": _ledger,
    "redis": _redis,
    "authority": _choice("redis", "postgres"),
    "store": _store,
    "secret": _secret,
    "base_url": _base_url,
    "trusted_hosts": _list,
    "trusted_proxies": _networks,
    "lease": _lease,
    "max_upload": _size,
    "metrics_port": _port,
    "language": _choice("zh-CN", "en"),
    "security_contact": _contact,
    "log_level": _choice("debug", "info", "warning", "error"),
}
