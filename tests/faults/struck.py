"""Run the command line, and strike it: python -m tests.faults.struck CALL SIGNAL NAME ARGUMENT…

Before the CALL-th call of a NAME, counted from the start, it sends itself the SIGNAL.
"""

from __future__ import annotations

import sys

from gateway.__main__ import cli
from tests.faults.strikes import Strike

if __name__ == "__main__":
    call, number, name, *arguments = sys.argv[1:]
    Strike(int(call), int(number), frozenset({name})).arm()
    cli(arguments, prog_name="paidgate")
