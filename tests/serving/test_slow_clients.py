"""Who is too slow, and who is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.slow_clients import MAX_HEAD, SLOWEST, TIMEOUT, Pace


def begun(at: float = 100.0) -> Pace:
    pace = Pace(at)
    pace.begin(at)
    return pace


def test_a_client_that_asks_for_nothing_is_not_slow() -> None:
    assert not Pace(100.0).is_slow(1e9)


def test_a_request_that_drips_is_slow_at_last() -> None:
    pace = begun()
    pace.taken = 30  # a byte a second
    assert not pace.is_slow(100 + TIMEOUT)
    assert pace.is_slow(100 + TIMEOUT + 1)


@given(st.integers(1, 1 << 30), st.floats(0, 1e5))
def test_no_request_at_the_slowest_pace_is_slow(size: int, seconds: float) -> None:
    pace = begun()
    pace.taken = max(size, int(seconds * SLOWEST) + 1)
    assert not pace.is_slow(100 + seconds)


def test_a_request_that_waits_for_the_application_has_its_time_anew() -> None:
    pace = begun()
    pace.wait_for_us(100 + TIMEOUT)
    assert not pace.is_slow(100 + 2 * TIMEOUT)
    pace.end(130.0)
    pace.wait_for_us(500.0)
    assert not pace.is_slow(1e9)


def test_a_head_that_goes_on_is_too_long_and_a_body_is_not() -> None:
    pace = begun()
    pace.taken = MAX_HEAD + 1
    assert pace.has_too_long_a_head
    pace.is_in_head = False
    assert not pace.has_too_long_a_head


def test_a_client_is_stuck_only_when_it_takes_nothing_at_all() -> None:
    pace = Pace(100.0)
    assert not pace.is_stuck(0, 0, 199.0)
    assert not pace.is_stuck(1_000, 0, 199.0)
    now = 200.0
    for taken in range(0, 1_000, 100):  # slowly, and yet it moves
        assert not pace.is_stuck(1_000, taken, now)
        now += TIMEOUT
    assert not pace.is_stuck(1_000, 900, now)
    assert pace.is_stuck(1_000, 900, now + 1)
    assert not pace.is_stuck(0, 900, now + 2)


@given(st.floats(0, 1e6), st.floats(0, TIMEOUT), st.floats(0, TIMEOUT))
def test_a_client_that_pauses_is_waited_for_however_long_it_was_not_looked_at(
    looked: float, until: float, pause: float
) -> None:
    pace = Pace(0.0)
    assert not pace.is_stuck(0, 0, 0.0)
    assert not pace.is_stuck(1_000, 500, looked)  # the first look that finds it waited for
    assert not pace.is_stuck(1_000, 500, looked + until)
    assert not pace.is_stuck(0, 1_500, looked + until)  # it has all, and asks again much later
    assert not pace.is_stuck(1_000, 1_500, 3 * looked + until)
    assert not pace.is_stuck(1_000, 1_500, 3 * looked + until + pause - 1e-3)


def test_a_client_that_takes_as_much_as_comes_anew_is_not_stuck() -> None:
    pace = Pace(100.0)
    for look in range(100):  # what waits for it stays the same
        assert not pace.is_stuck(65_536, look * 65_536, 100.0 + look * TIMEOUT)
