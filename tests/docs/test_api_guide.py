"""The examples of the API guide work as they stand there, and answer what it shows."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass

import pytest

from tests.support import sessions
from tests.support.servers import comes_true
from tools.venv import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END = "--- end of a block ---"
LEFT_OUT = "…"


def _examples() -> list[tuple[str, str]]:
    """Return each block of shell with the answer that stands under it, "" for none."""
    found: list[tuple[str, str]] = []
    for kind, text in BLOCK.findall((ROOT / "docs" / "api.md").read_text()):
        if kind == "sh":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], text)
    return found


EXAMPLES = _examples()


def is_shown(answer: str, shown: str) -> bool:
    """Return whether an answer is as shown, but for what is left out and for white space."""
    parts = ("".join(part.split()) for part in shown.split(LEFT_OUT))
    pattern = ".*".join(map(re.escape, parts))
    return re.fullmatch(pattern, "".join(answer.split())) is not None


@dataclass(frozen=True)
class Session:
    """All examples, run one after the other."""

    printed: list[str]
    asked: list[str]  # method and path of each request
    operations: list[str]  # method and path of what the API can do


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("guide")
    script = "".join(f"{block}\nprintf '\\n{END}\\n'\n" for block, _ in EXAMPLES)
    with sessions.running(folder) as gateway:
        done = gateway.shell(script, folder)
        assert done.returncode == 0, done.stderr
        with urllib.request.urlopen(f"{gateway.url}/openapi.json") as description:
            paths = json.load(description)["paths"]
        # A line about a request may wait for others before it is written.
        assert comes_true(lambda: "/openapi.json" in gateway.log.read_text())
        log = gateway.log.read_text().splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    return Session(
        done.stdout.split(f"\n{END}\n")[:-1],
        [f"{line['method']} {line['path']}" for line in lines if line["event"] == "request"],
        [f"{method.upper()} {path}" for path, known in paths.items() for method in known],
    )


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_answers_what_the_guide_shows(number: int, session: Session) -> None:
    shell, shown = EXAMPLES[number]
    printed = session.printed[number]
    assert is_shown(printed, shown), f"{shell}\nprinted\n{printed}\nand not\n{shown}"


def test_the_examples_use_every_operation(session: Session) -> None:
    assert session.operations
    unused = {
        operation
        for operation in session.operations
        if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation), ask) for ask in session.asked)
    }
    assert unused == set()


@pytest.mark.parametrize(
    ("answer", "shown", "same"),
    [
        ('{"a": 1, "b": 2}', '{"a": 1, …}', True),
        ('{"a": 1,\n"b": 2}', '{"a": 1, "b": 2}', True),
        ('{"a": 2, "b": 2}', '{"a": 1, …}', False),
        ("204", "", False),
        ("", "204", False),
    ],
)
def test_an_answer_is_compared_with_what_is_shown(answer: str, shown: str, same: bool) -> None:
    assert is_shown(answer, shown) is same
