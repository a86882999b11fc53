"""The containers are pinned, healthy before they are used, and shut to the outside."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import settings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSED: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
PASSWORDS = {
    "POSTGRES_PASSWORD": "p" * 64,
    "REDIS_PASSWORD": "r" * 64,
    "S3_PASSWORD": "s" * 64,
    "PAIDGATE_SECRET": "t" * 64,
}
GATEWAYS = ["gateway-1", "gateway-2"]
OWN = ("hostname", "volumes")  # of each gateway
SERVERS = ["redis", "postgres", "objects"]
# How many numbers make a version exact.
NUMBERS = {"postgres": 2, "python": 3, "redis": 3, "nginx": 3, "chrislusf/seaweedfs": 2}


def environment(service: str, outside: Mapping[str, str]) -> dict[str, str]:
    """Return what a service's environment is, given that of the host."""

    def value(match: re.Match[str]) -> str:
        default = match["rest"] if match["kind"] == "-" else ""
        return outside.get(match["name"]) or default

    return {k: VARIABLE.sub(value, v) for k, v in SERVICES[service].get("environment", {}).items()}


def arguments(service: str, outside: Mapping[str, str]) -> list[str]:
    """Return the command of a service, given the host's environment."""
    command = SERVICES[service]["command"]
    return [VARIABLE.sub(lambda match: outside[match["name"]], each) for each in command]


def test_two_gateways_stand_behind_a_proxy_on_servers_of_their_own() -> None:
    assert set(SERVICES) == {"proxy", *GATEWAYS, *SERVERS}
    one, other = ({k: v for k, v in SERVICES[g].items() if k not in OWN} for g in GATEWAYS)
    assert one == other
    assert SERVICES["gateway-1"]["build"] == "."


def test_the_gateways_image_has_their_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SERVICES["gateway-1"]["image"] == f"paidgate:{project['version']}"


def test_every_image_has_an_exact_tag() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == len(SERVICES) - len(GATEWAYS) + 1
    for image in images:
        name, tag = image.split(":")
        assert re.fullmatch(rf"\d+(\.\d+){{{NUMBERS[name] - 1}}}(-[a-z-]+)?", tag), image


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


def test_the_image_checks_its_own_health() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/healthz" in DOCKERFILE


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_waits_for_healthy_servers(gateway: str) -> None:
    waits = SERVICES[gateway]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in SERVERS}


def test_the_proxy_waits_for_healthy_gateways_and_starts_again_with_them() -> None:
    waits = SERVICES["proxy"]["depends_on"]
    assert waits == {n: {"condition": "service_healthy", "restart": True} for n in GATEWAYS}


def test_only_the_proxy_publishes_a_port_and_only_to_its_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["127.0.0.1:8000:8080"]}
    assert not any("network_mode" in service for service in SERVICES.values())


def test_only_gateways_reach_what_holds_paid_text() -> None:
    reached = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert reached["proxy"] == {"front"}
    assert reached["redis"] == reached["postgres"] == {"records"}
    assert reached["objects"] == {"objects"}
    assert {name for name in SERVICES if "objects" in reached[name]} == {"objects", *GATEWAYS}
    assert all(COMPOSED["networks"][name]["internal"] for name in ("records", "objects"))


def test_the_gateways_believe_the_proxy_s_network_alone() -> None:
    (range_,) = COMPOSED["networks"]["front"]["ipam"]["config"]
    understood = settings.load(environment("gateway-1", PASSWORDS))
    assert understood.trusted_proxies == (range_["subnet"],)


def test_the_proxy_runs_the_shipped_configuration_before_both_gateways() -> None:
    proxy = SERVICES["proxy"]
    assert "./deploy:/etc/paidgate:ro" in proxy["volumes"]
    assert "/etc/paidgate/nginx.conf" in proxy["command"]
    places = (ROOT / "deploy" / "places.conf").read_text()
    assert re.findall(r"server (\S+):8000;", places) == GATEWAYS
    assert "listen 8080;" in places


def test_a_forgotten_password_stops_the_start() -> None:
    secret = [m for m in VARIABLE.finditer(TEXT) if re.search("PASSWORD|SECRET", m["name"])]
    assert {match["name"] for match in secret} == set(PASSWORDS)
    assert all(match["kind"] == "?" for match in secret)


def test_no_password_is_written_down() -> None:
    for service in SERVICES:
        bare = environment(service, {})
        secret = re.compile("PASSWORD|AUTH|SECRET")
        assert not any(value for key, value in bare.items() if secret.search(key))
        assert not any(re.search(r"//\w*:[^@/]+@", value) for value in bare.values())


def test_redis_asks_for_its_password_and_forgets_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--user default off" in command
    assert re.search(r"--user paidgate on >\$\{REDIS_PASSWORD:\?", command)
    assert "redis-cli --user paidgate" in SERVICES["redis"]["healthcheck"]["test"][1]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_gateways_understand_their_settings() -> None:
    understood = settings.load(environment("gateway-1", PASSWORDS))
    assert understood.ledger == f"postgresql://paidgate:{'p' * 64}@postgres:5432/paidgate"
    assert understood.redis == f"redis://paidgate:{'r' * 64}@redis:6379/0"
    assert understood.store == "s3://paidgate/"
    assert understood.secret == "t" * 64
    assert understood.trusted_hosts == settings.Settings().trusted_hosts


def test_the_gateways_and_the_objects_agree() -> None:
    gateway, objects = (environment(name, PASSWORDS) for name in ("gateway-1", "objects"))
    assert gateway["AWS_ENDPOINT_URL"] == "http://objects:8333"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert gateway[name] == objects[name]
    command = SERVICES["objects"]["command"]
    assert {"-bucket=paidgate", "-s3.port=8333", "-dir=/data"} <= set(command)
    assert "-master.telemetry=false" in command  # it tells nobody outside


def test_every_setting_named_outside_exists() -> None:
    known = {"PAIDGATE_" + name.upper() for name in settings.Settings.__dataclass_fields__}
    assert set(re.findall(r"PAIDGATE_\w+", TEXT + DOCKERFILE)) <= known


def test_data_outlives_the_containers() -> None:
    for name in (*GATEWAYS, *SERVERS, "proxy"):
        mounts = [mount.split(":")[0] for mount in SERVICES[name]["volumes"]]
        assert name in mounts
        assert name in COMPOSED["volumes"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_s_audit_lasts_under_one_host_s_name(gateway: str) -> None:
    data = environment(gateway, PASSWORDS)["PAIDGATE_DATA"]
    assert SERVICES[gateway]["volumes"] == [f"{gateway}:{data}"]
    assert SERVICES[gateway]["hostname"] == gateway


def test_the_image_runs_as_an_ordinary_account_from_the_hashed_lock() -> None:
    assert re.search(r"^USER (?!root|0)", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r requirements/run.txt" in DOCKERFILE


def test_the_user_at_redis_is_the_one_that_the_docs_make_by_hand() -> None:
    command = SERVICES["redis"]["command"]
    user = command[command.index("paidgate") : command.index("--appendonly")]
    told = (ROOT / "docs" / "operations.md").read_text()
    (line,) = re.findall("ACL SETUSER paidgate (.*)", told)
    by_hand = [each for each in line.split() if not each.startswith((">", "reset"))]
    assert by_hand == [each for each in user[1:] if not each.startswith(">")]
