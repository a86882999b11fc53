"""What is kept in memory: as much as there is room for, and what is asked for most."""

from __future__ import annotations

from random import Random

from gateway.core.clock_cache import ClockCache


def full() -> ClockCache[str, int]:
    recent: ClockCache[str, int] = ClockCache(capacity=3)
    for number, key in enumerate("abc"):
        recent.keep(key, number, 1)
    return recent


def kept(recent: ClockCache[str, int]) -> str:
    return "".join(key for key in "abcdefgh" if recent.get(key) is not None)


def test_what_comes_once_takes_no_place_from_others() -> None:
    recent = full()
    recent.keep("d", 3, 1)
    assert kept(recent) == "abc"


def test_what_comes_again_takes_the_place_of_what_was_not_used_of_late() -> None:
    recent = full()
    recent.get("a")
    recent.keep("d", 3, 1)
    recent.keep("d", 4, 1)
    assert kept(recent) == "acd"
    assert recent.get("d") == 4


def test_only_what_came_of_late_comes_again() -> None:
    recent = full()
    for key in [str(number) for number in range(100)] * 2:
        recent.keep(key, 3, 1)
    assert kept(recent) == "abc"


def test_what_had_a_place_has_one_again_when_it_has_changed() -> None:
    recent = full()
    recent.drop("b")
    recent.keep("d", 3, 1)
    recent.keep("b", 4, 1)
    recent.keep("c", 5, 1)
    assert (recent.get("b"), recent.get("c")) == (4, 5)


def test_what_is_larger_than_the_room_lets_the_others_stay() -> None:
    recent = full()
    recent.keep("d", 3, 4)
    recent.keep("d", 3, 4)
    assert kept(recent) == "abc"


def test_where_all_were_used_what_comes_again_finds_a_place_all_the_same() -> None:
    recent = full()
    assert kept(recent) == "abc"
    recent.keep("d", 3, 1)
    recent.keep("d", 3, 1)
    assert recent.get("d") == 3
    assert len(kept(recent)) == 3


def test_what_is_asked_for_again_and_again_stays_whatever_else_comes() -> None:
    recent: ClockCache[int, str] = ClockCache(capacity=100)

    def ask(key: int) -> bool:
        if recent.get(key) is not None:
            return True
        recent.keep(key, "", 1)
        return False

    for key in range(100):
        ask(key)
    found = [ask(key % 50) for key in range(1_000) if not ask(1_000 + key)]
    assert found == [True] * 1_000


def test_all_together_never_take_more_than_there_is_room_for() -> None:
    rng, capacity = Random(1), 1_000
    recent: ClockCache[int, int] = ClockCache(capacity)
    for _ in range(5_000):
        key, size = rng.randrange(60), rng.choice((1, 10, 100, 999, 1_000, 1_001))
        if rng.random() < 0.1:
            recent.drop(key)
        else:
            recent.keep(key, size, size)
        assert sum(recent.get(key) or 0 for key in range(60)) <= capacity
