"""The Pythons of this machine that can run the gateway."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
# Besides those on PATH: where pyenv and uv keep theirs.
PLACES = (".pyenv/versions/*/bin", ".local/share/uv/python/*/bin")
ASK = """
import json, sys
facts = sys.implementation.name, sys.version_info[:3], sys.version_info.releaselevel
print(json.dumps([*facts, "t" in sys.abiflags]))
"""


def pythons() -> dict[str, Path]:
    """Return a CPython of each release that is found, the one that runs this first."""
    found: dict[str, Path] = {}
    for path in (Path(sys.executable).resolve(), *_candidates()):
        if release := _release(path):
            found.setdefault(release, path)
    return found


def _candidates() -> list[Path]:
    folders = [Path(place) for place in os.get_exec_path()]
    folders += [found for place in PLACES for found in sorted(Path.home().glob(place))]
    paths = [path for folder in folders for path in sorted(folder.glob("python3.*"))]
    named = ((re.fullmatch(r"python3\.(\d+)", path.name), path) for path in paths)
    return [path for name, path in named if name and int(name[1]) >= OLDEST[1]]


def _release(path: Path) -> str:
    """Return the release of a Python, "" if the gateway has no wheels for it."""
    try:
        told = subprocess.run([path, "-I", "-c", ASK], capture_output=True, text=True)
        name, version, level, is_free_threaded = json.loads(told.stdout)
    except (OSError, ValueError):  # a shim that leads nowhere
        return ""
    fits = name == "cpython" and level == "final" and not is_free_threaded
    return ".".join(map(str, version)) if fits and tuple(version) >= OLDEST else ""
