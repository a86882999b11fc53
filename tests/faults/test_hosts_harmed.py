"""Several hosts heal from whatever befalls a server that they share, and say nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.hosts_harmed import AUTHORITIES, HARMS, Scene, harmed, scene

pytestmark = pytest.mark.long

MEANT = {200, 201, 202, 204, 402, 403, 503}


def parts_of(server: str, authority: str) -> set[str]:
    """Return the parts that a server is."""
    parts = {"redis": {"redis"}, "postgres": {"ledger"}, "s3": {"previews", "store"}}
    return parts[server] | ({"authority"} if server == authority else set())


@pytest.fixture(scope="module", params=AUTHORITIES)
def hosts(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Put several hosts together."""
    with scene(request.param) as made:
        yield made


@pytest.mark.parametrize("harm", HARMS)
def test_no_harm_to_a_shared_server_is_answered_wrongly_or_lasts(hosts: Scene, harm: str) -> None:
    seen = harmed(hosts, HARMS[harm])
    assert seen.wrong == []
    assert {status for statuses in seen.answers.values() for status in statuses} <= MEANT
    for server, parts in hosts.told:
        down = parts_of(server, hosts.authority)
        assert all({name for name in told if told[name] == "down"} == down for told in parts)
    assert hosts.hosts.logged("fault") == []
    assert hosts.hosts.logged("background") == []
