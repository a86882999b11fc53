"""What a picture costs beside nginx sending the same bytes: `python -m tests.bench.pictures`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

from gateway.bench.contest import Case, contest
from gateway.bench.nginx import nginx
from gateway.bench.processes import Cores, programs
from gateway.bench.run import answers_of
from gateway.bench.stage import ADDRESS, Stage, stage

SIZES = {
    "small": (320, 240),
    "medium": (700, 500),
    "long": (1_600, 1_100),
    "longer": (1_600, 1_600),
}
TEXT = "# T\n\n![a](public.jpg)\n\n##paidbegin##\n{}\n##paidend##\n"


def photo(width: int, height: int) -> bytes:
    """Return a picture that compresses as photographs do."""
    grain = Image.effect_noise((width // 4, height // 4), 60).resize((width, height))
    out = BytesIO()
    grain.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def cases(ours: Stage) -> Iterator[Case]:
    """Publish the pictures, and yield how each is asked for."""
    api, at = ours.publisher.api, f"/api/documents/{ADDRESS.slug}"
    for name, size in {"public": SIZES["medium"], **SIZES}.items():
        api("PUT", f"{at}/pictures/{name}.jpg", photo(*size))
    text = TEXT.format(" ".join(f"![{name}]({name}.jpg)" for name in SIZES))
    api("PUT", at, text.encode(), "text/markdown")
    bearer = {"Authorization": f"Bearer {ours.token}"}
    page = ours.server.ask("GET", f"/read/{ADDRESS}", bearer)[1].decode()
    found = dict(re.findall(r'alt="(\w+)"[^>]* src="([^"]*)"', page))
    yield Case("full text by cookie", f"/read/{ADDRESS}", {"Cookie": ours.cookie})
    yield Case("public picture", found["a"], {})
    for name in SIZES:
        yield Case(f"{name} paid picture by cookie", found[name], {"Cookie": ours.cookie})
    yield Case("medium paid picture by bearer", found["medium"], bearer)
    yield Case("refused picture", found["medium"], {}, 402)


def main() -> None:
    """Measure, and print a line for each case."""
    rounds, seconds = 5, 2
    nginx_path, wrk = programs("nginx", "wrk")
    cores = Cores.free()
    with tempfile.TemporaryDirectory(prefix="paidgate-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with stage(folder, cores.server, {}) as ours:
            asked = list(cases(ours))
            answers = answers_of(asked, ours.server)
            with nginx(nginx_path, folder / "nginx", answers, cores.server) as its:
                rows = contest(
                    wrk, asked, ours.server, its, cores,
                    rounds=rounds, seconds=seconds, told=lambda _: None,
                )  # fmt: skip
    for row in rows:
        size = len(answers[row.name][1])
        sys.stdout.write(
            f"{row.name} ({size} bytes): {row.ours.median:.0f} µs, nginx "
            f"{row.nginx.median:.0f} µs, {row.ratio:.2f}×\n"
        )


if __name__ == "__main__":
    main()
