"""Where to find what is shipped with the gateway and is no code."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped(name: str) -> Path:
    """Return a folder that an installed gateway holds, and a checkout has beside the package."""
    package = Path(str(files("gateway")))
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
