"""The containers are pinned, healthy before they are used, and shut to the outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import settings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
PASSWORDS = {"POSTGRES_PASSWORD": "p" * 64, "REDIS_PASSWORD": "r" * 64}
# How many numbers make a version exact: PostgreSQL's have two.
NUMBERS = {"postgres": 2, "python": 3, "redis": 3}


def environment(service: str, outside: Mapping[str, str]) -> dict[str, str]:
    """Return what a service's environment is, given that of the host."""

    def value(match: re.Match[str]) -> str:
        default = match["rest"] if match["kind"] == "-" else ""
        return outside.get(match["name"]) or default

    return {k: VARIABLE.sub(value, v) for k, v in SERVICES[service]["environment"].items()}


def test_the_gateway_comes_with_redis_and_postgres() -> None:
    assert set(SERVICES) == {"gateway", "redis", "postgres"}
    assert SERVICES["gateway"]["build"] == "."


def test_every_image_has_an_exact_tag() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == len(SERVICES)
    for image in images:
        name, tag = image.split(":")
        assert re.fullmatch(rf"\d+(\.\d+){{{NUMBERS[name] - 1}}}-[a-z-]+", tag), image


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


def test_the_image_checks_its_own_health() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/healthz" in DOCKERFILE


def test_the_gateway_waits_for_healthy_servers() -> None:
    waits = SERVICES["gateway"]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in ("redis", "postgres")}


def test_only_the_gateway_publishes_a_port_and_only_to_its_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:8000:8000"]}
    assert not any("network_mode" in service for service in SERVICES.values())


def test_a_forgotten_password_stops_the_start() -> None:
    secret = [match for match in VARIABLE.finditer(TEXT) if "PASSWORD" in match["name"]]
    assert {match["name"] for match in secret} == set(PASSWORDS)
    assert all(match["kind"] == "?" for match in secret)


def test_no_password_is_written_down() -> None:
    for service in SERVICES:
        bare = environment(service, {})
        assert not any(value for key, value in bare.items() if re.search("PASSWORD|AUTH", key))
        assert not any(re.search(r"//\w*:\w", value) for value in bare.values())


def test_redis_asks_for_its_password_and_forgets_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert re.search(r"--requirepass \$\{REDIS_PASSWORD:\?", command)
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_gateway_understands_its_settings() -> None:
    understood = settings.load(environment("gateway", PASSWORDS))
    assert understood.ledger == f"postgresql://paidgate:{'p' * 64}@postgres:5432/paidgate"
    assert understood.redis == f"redis://:{'r' * 64}@redis:6379/0"
    assert understood.trusted_hosts == settings.Settings().trusted_hosts


def test_every_setting_named_outside_exists() -> None:
    known = {"PAIDGATE_" + name.upper() for name in settings.Settings.__dataclass_fields__}
    assert set(re.findall(r"PAIDGATE_\w+", TEXT + DOCKERFILE)) <= known


def test_data_outlives_the_containers() -> None:
    for name, service in SERVICES.items():
        assert [mount.split(":")[0] for mount in service["volumes"]] == [name]


def test_the_image_runs_as_an_ordinary_account_from_the_hashed_lock() -> None:
    assert re.search(r"^USER (?!root|0)", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r requirements/run.txt" in DOCKERFILE
