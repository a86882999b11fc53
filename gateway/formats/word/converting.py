"""Documents of an older Word or of WPS, made into .docx by LibreOffice where it is installed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from os import killpg
from pathlib import Path

from gateway.core.errors import Unsupported
from gateway.formats.word.parts import SAVE, is_old, refused

PROGRAM = "soffice"
MAX_CPU = 30  # seconds of a processor
MAX_WAIT = 90.0  # seconds
_ACCEPTED = (".docx",)
_SETTINGS = {  # nothing that a document links to is fetched, from the net or from the machine
    "Office.Common/Security/Scripting": {
        "BlockUntrustedRefererLinks": "true",
        "DisableActiveContent": "true",
        "DisableMacrosExecution": "true",
    },
    "Inet/Settings": {
        "ooInetProxyType": "2",
        **{f"ooInet{kind}ProxyName": "127.0.0.1" for kind in ("HTTP", "HTTPS", "FTP")},
        **{f"ooInet{kind}ProxyPort": "9" for kind in ("HTTP", "HTTPS", "FTP")},  # discard
    },
}


def newer(body: bytes) -> bytes:
    """Return a document as .docx. Raises Unsupported where nothing can make it one, Refused."""
    if not is_old(body):
        return body
    program = shutil.which(PROGRAM)
    if program is None:
        raise Unsupported("file type", "of an older Word or of WPS", _ACCEPTED, SAVE)
    with tempfile.TemporaryDirectory(prefix="paidgate-") as folder:
        source, made = Path(folder, "source.doc"), Path(folder, "made", "source.docx")
        source.write_bytes(body)
        _convert(program, source, made.parent)
        if not made.exists():
            raise refused("The document could not be converted.", SAVE)
        return made.read_bytes()


def _convert(program: str, source: Path, folder: Path) -> None:
    # A profile of its own: one that is in use by somebody else would do the work over there.
    profile = source.with_name("profile")
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_registry())
    where = f"-env:UserInstallation={profile.as_uri()}"
    convert = [program, where, "--headless", "--norestore", "--convert-to", "docx"]
    bounded = ["/bin/sh", "-c", f'ulimit -t {MAX_CPU}; exec "$@"', "sh"]
    process = subprocess.Popen(  # noqa: S603  a program of the machine, and a name of ours
        [*bounded, *convert, "--outdir", str(folder), str(source)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=source.parent,
    )
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(MAX_WAIT)
    finally:
        with suppress(ProcessLookupError):  # all of it, or what it started would go on
            killpg(process.pid, signal.SIGKILL)
        process.wait()


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, settings in _SETTINGS.items()
        for name, value in settings.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>"
    )
