"""What is kept in memory: as much as there is room for, and what is asked for most."""

from __future__ import annotations

from gateway.stores.recent import Recent


def full() -> Recent[str, int]:
    recent: Recent[str, int] = Recent(room=3)
    for number, key in enumerate("abc"):
        recent.keep(key, number, 1)
    return recent


def kept(recent: Recent[str, int]) -> str:
    return "".join(key for key in "abcdefgh" if recent.get(key) is not None)


def test_what_comes_once_takes_no_place_from_others() -> None:
    recent = full()
    recent.keep("d", 3, 1)
    assert kept(recent) == "abc"


def test_what_comes_again_takes_the_place_of_the_least_recently_used() -> None:
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


def test_what_grows_drives_out_others_and_never_more_than_there_is_room_for() -> None:
    recent = full()
    recent.charge("c", 1)
    assert kept(recent) == "bc"
    recent.charge("c", 2)
    assert kept(recent) == "b"
    recent.charge("nothing", 9)
    assert kept(recent) == "b"


def test_what_grows_after_it_was_kept_lets_no_one_in_who_comes_once() -> None:
    recent: Recent[int, str] = Recent(room=32_000)

    def ask(key: int) -> None:
        if recent.get(key) is None:
            recent.keep(key, "", 100)
            recent.charge(key, 200)

    for key in range(100):
        ask(key)
    for key in range(1_000, 2_000):
        ask(key)
        ask(key % 10)
    assert all(recent.get(key) is not None for key in range(100))


def test_what_is_larger_than_the_room_lets_the_others_stay() -> None:
    recent = full()
    recent.keep("d", 3, 4)
    recent.keep("d", 3, 4)
    assert kept(recent) == "abc"
