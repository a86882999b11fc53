"""The HTTP suite holds on every kind of parts, with two gateways side by side.

Here is a part of it; `pytest --parts sqlite` (embedded, postgres) runs what it is given in full.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.http.served import ROOT
from tests.support.chosen import CHOICES

PART = (
    *("tests/web/test_long_texts.py", "tests/web/test_studio.py", "tests/test_library.py"),
    *("tests/web/test_codes.py", "tests/web/test_openapi.py"),
    *(
        "-k",
        "long_text or taken_back or takes_back or link_opens or deleted or made_current"
        " or signing_out_ends or revoked_right or half_made or every_route",
    ),
)


@pytest.mark.long
@pytest.mark.parametrize("kind", CHOICES[1:])
def test_the_suite_holds_on(kind: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--parts", kind, *PART]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
