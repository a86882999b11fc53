"""Progress is drawn in one line of a terminal, and leaves nothing behind."""

from __future__ import annotations

from io import StringIO

import pytest

from gateway.cli.progress import OFTEN, Progress


class Terminal(StringIO):
    """A terminal that remembers all that was written to it."""

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        """What stands in the last line."""
        return self.getvalue().rpartition("\r\x1b[K")[2]


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """Stand at some moment."""
    return Clock()


def test_progress_tells_how_much_is_done_how_fast_and_what_is_left(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress("publishing", 400, terminal, clock)
    clock.seconds += 2
    progress.advance(100)
    assert terminal.shown == "publishing " + "━" * 10 + "╌" * 30 + " 100/400 50/s 0:06 left"


def test_progress_fits_into_the_line_of_a_narrow_terminal(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    terminal = Terminal()
    Progress("publishing", 400, terminal, clock).advance()
    assert len(terminal.shown) == 29


def test_progress_is_drawn_ten_times_a_second_at_most(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress("publishing", 1000, terminal, clock)
    for _ in range(1000):
        clock.seconds += OFTEN / 100
        progress.advance()
    assert 9 <= terminal.getvalue().count("publishing") <= 11


def test_what_was_erased_comes_back_with_the_next_step(clock: Clock) -> None:
    terminal = Terminal()
    progress = Progress("publishing", 3, terminal, clock)
    progress.advance()
    progress.erase()
    assert terminal.shown == ""
    progress.advance()
    assert "2/3" in terminal.shown


def test_progress_writes_nothing_where_there_is_no_terminal(clock: Clock) -> None:
    file = StringIO()
    progress = Progress("publishing", 3, file, clock)
    progress.advance()
    progress.erase()
    assert file.getvalue() == ""


def test_a_run_over_nothing_can_be_drawn(clock: Clock) -> None:
    terminal = Terminal()
    Progress("publishing", 0, terminal, clock).advance(0)
    assert "0/0" in terminal.shown
