"""A real, private S3 server: SeaweedFS, which ends with its context or with its process."""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.support.servers import free_port, private_folder, running

WEED = Path(sys.executable).with_name("weed")  # pip puts it beside the interpreter
BUCKET = "paidgate"
PARTS = ("master", "volume", "filer", "s3", "admin")
UNUSED = ("admin.ui", "webdav", "master.telemetry", "s3.iam", "s3.autoCreateBucket")


class S3(NamedTuple):
    """An S3 server that has one bucket."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"

    def url(self, prefix: str = "") -> str:
        """Return the address of the bucket, or of a place in it."""
        return f"s3://{BUCKET}/{prefix}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the variables that lead a client here."""
        return {f"AWS_{name.upper()}": value for name, value in self._asdict().items()}

    def client(self, prefix: str = "") -> S3Store:
        """Return a client that sees what lies in the bucket."""
        limit = timedelta(seconds=5)
        return S3Store.from_url(
            self.url(prefix),
            config=self._asdict(),  # type: ignore[arg-type]  # as a NamedTuple cannot say
            client_options={"allow_http": True, "timeout": limit},
            retry_config={"max_retries": 0, "retry_timeout": limit},
        )


@contextmanager
def s3_server() -> Iterator[S3]:
    """Run an empty S3 server on loopback."""
    with private_folder("s3") as folder:
        s3, command = s3_command(folder)
        with running(
            command,
            folder,
            lambda: has_bucket(s3),
            user=getpass.getuser(),  # another may not reach into .venv/
            environment={**s3.environment, "TMPDIR": str(folder)},
        ):
            yield s3


def s3_command(folder: Path) -> tuple[S3, list[str]]:
    """Return an S3 server in a folder, and the command that runs it."""
    ports = {part: (free_port(), free_port()) for part in PARTS}
    s3 = S3(f"http://127.0.0.1:{ports['s3'][0]}", BUCKET, secrets.token_hex(16))
    options: dict[str, object] = dict.fromkeys(UNUSED, "false")
    options |= {"dir": folder, "bucket": BUCKET, "ip": "127.0.0.1", "ip.bind": "127.0.0.1"}
    options |= {"volume.preStopSeconds": 0, "s3.port.iceberg": 0, "s3.port.lance": 0}
    options |= {f"{part}.localSocket": folder / f"{part}.sock" for part in ("s3", "filer")}
    options |= {f"{part}.port": http for part, (http, _) in ports.items()}
    options |= {f"{part}.port.grpc": grpc for part, (_, grpc) in ports.items()}
    return s3, [str(WEED), "mini", *(f"-{name}={value}" for name, value in options.items())]


def has_bucket(s3: S3) -> bool:
    """Return whether the server is up and its bucket there."""
    try:
        obstore.list(s3.client()).collect()
    except (BaseError, OSError):
        return False
    return True
