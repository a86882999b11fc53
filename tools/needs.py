"""What the tests and the README run and pip cannot bring: one list, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tools.processes import Failed, call, say


class Need(NamedTuple):
    """Something the tests run."""

    name: str
    packages: str  # Debian's and Ubuntu's
    programs: tuple[tuple[str, ...], ...]  # one of each
    is_whole: Callable[[], bool] = lambda: True

    @property
    def is_met(self) -> bool:
        """Say whether it is there."""
        return all(find_program(*names) for names in self.programs) and self.is_whole()


def find_program(*names: str) -> str | None:
    """Return the first of these programs, looking also where Debian hides PostgreSQL's."""
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    newest_first = sorted(versions, key=lambda path: float(path.parent.name), reverse=True)
    path = [os.environ.get("PATH", os.defpath), "/usr/local/bin", "/usr/bin", "/usr/sbin"]
    places = os.pathsep.join([*path, *map(str, newest_first)])
    return next(filter(None, (shutil.which(name, path=places) for name in names)), None)


def has_chinese_font() -> bool:
    """Say whether a browser can draw Chinese."""
    lister = find_program("fc-list")
    found = lister and subprocess.run([lister, ":lang=zh-cn"], capture_output=True).stdout
    return bool(found)


NEEDS = {
    "redis": Need(
        "redis-server or valkey-server",
        "redis-server",
        (("redis-server", "valkey-server"),),
    ),
    "postgres": Need(
        "PostgreSQL's server programs",
        "postgresql",
        (("initdb",), ("postgres",), ("psql",)),
    ),
    # Its shell without windows takes a third of the time; any of them will do.
    "chromium": Need(
        "Chromium",
        "chromium-headless-shell",
        (("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),),
    ),
    "nginx": Need("nginx", "nginx", (("nginx",),)),
    "wrk": Need("wrk", "wrk", (("wrk",),)),
    "pandoc": Need("pandoc", "pandoc", (("pandoc",),)),
    "libreoffice": Need("LibreOffice Writer", "libreoffice-writer-nogui", (("soffice",),)),
    "curl": Need("curl", "curl", (("curl",),)),
    "fonts": Need(
        "a Chinese font",
        "fontconfig fonts-noto-cjk",
        (("fc-list",),),
        has_chinese_font,
    ),
}

# What the README asks for, and what every Debian has.
GIVEN = frozenset(
    {"git", "make", "python3", "bash", "echo", "env", "printf", "sed", "sh"}
    | {"mount", "umount", "uname", "paidgate"}
)

ALL = GIVEN.union(*(names for need in NEEDS.values() for names in need.programs))


def require_programs() -> None:
    """Make sure of all that the tests run, by installing it or by saying what to install."""
    missing = [need for need in NEEDS.values() if not need.is_met]
    if missing:
        install(missing)
    still_missing = [need for need in missing if not need.is_met]
    if still_missing:
        raise SystemExit(lacking(*still_missing))


def lacking(*needs: Need) -> str:
    """Say what is missing and how to get it."""
    names = ", ".join(need.name for need in needs)
    packages = " ".join(need.packages for need in needs)
    return (
        f"The tests need {names}. Install what is missing and run them again "
        f"(on Debian and Ubuntu, as root: apt-get install {packages})."
    )


# Debian starts a service that it installs, now and whenever the machine starts.
INSTALL = """
policy=$ROOT/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >"$policy"
    chmod 755 "$policy"
fi
before=" $(echo "$ROOT"/etc/init.d/*) "
$APT install --yes --no-install-recommends $PACKAGES || exit
for script in "$ROOT"/etc/init.d/*; do
    case $before in *" $script "*) continue ;; esac
    update-rc.d "${script##*/}" disable
    rm -f "$ROOT"/etc/systemd/system/*.wants/"${script##*/}.service"
done
"""


def install(needs: list[Need]) -> None:
    """Install Debian packages, where that takes no password; what is there afterwards tells."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not can_be_root()):
        return
    packages = " ".join(need.packages for need in needs)
    apt = "env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"
    words = {"ROOT": "", "APT": apt, "PACKAGES": packages}
    say(f"Missing for the tests: {', '.join(need.name for need in needs)}")
    try:
        call([*root, *apt.split(), "update"])
        say(f"Installing, with apt-get and beside .venv/, {told(root, packages)}")
        say("None of their services is started, now or with the machine")
        call([*root, "env", *(f"{k}={v}" for k, v in words.items()), "sh", "-c", INSTALL])
    except Failed as failed:
        say(f"apt-get could not do it{failed.away and ': ' + failed.away}")


def can_be_root() -> bool:
    """Say whether sudo asks for no password."""
    sudo = shutil.which("sudo")
    return bool(sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0)


def told(root: list[str], packages: str) -> str:
    """Say how many packages come with these."""
    simulate = [*root, "apt-get", "-s", "install", "--no-install-recommends", *packages.split()]
    lines = subprocess.run(simulate, capture_output=True, text=True).stdout.splitlines()
    number = sum(line.startswith("Inst ") for line in lines)
    return f"{number} Debian packages: {packages}, and what these need"
