#!/usr/bin/env python3
"""Set up, run and test Paidgate from a fresh clone, with nothing but Python and pip.

    python3 dev.py setup            make .venv/ with everything in it
    python3 dev.py run [ARG...]     serve the demo; the arguments go to "paidgate serve"
    python3 dev.py test [ARG...]    run the tests; the arguments go to pytest
    python3 dev.py long [ARG...]    run the tests that take long; the arguments go to pytest
    python3 dev.py search [ARG...]  kill at random moments; the arguments go to pytest
    python3 dev.py lint             check style, types and layers
    python3 dev.py docs [ARG...]    build the docs site in build/site/; the arguments go to mkdocs
    python3 dev.py lock [ARG...]    write the locks anew; the arguments go to "uv pip compile"

Standard library only. Every Python since 2.6 can parse this file, so that old ones can be refused.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Paidgate needs Python 3.11 or newer, and %s is %d.%d: "  # noqa: UP031
        'try "make PYTHON=python3.11 ..." or "python3.11 dev.py ...".'
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )

if __name__ == "__main__":
    try:
        from tools.commands import main

        main(__doc__, *sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells say it
