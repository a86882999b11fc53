"""Print what answers cost beside nginx, with few documents and grants and with many.

Run it as `python -m tests.bench.ratios FOLDER…`, each made by tests.bench.library. What is asked
for follows a Zipf distribution over all documents; nginx has the page of each as a file. The
servers share one core, and are measured in turn, round after round.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import anyio

from gateway.bench.load import BROWSER, cost
from gateway.bench.nginx import nginx_with, place
from gateway.bench.processes import Cores, Server, free_port, programs, serving
from gateway.core.bundles import Bundle
from gateway.core.documents import Address
from gateway.stores.files.public_store import SUFFIX
from gateway.stores.versions import of_public
from tests.bench.library import environment, zipf
from tests.bench.scale import Library
from tests.bench.texts import address_of

WARM = 4  # rounds until every reader has been there, whose first read asks the ledger
ROUNDS = 5
SECONDS = 3
ASKED = 200_000  # requests of which each round sends some

SCRIPT = """
local asked, at = {{}}, 0
for line in io.lines("{asked}") do
  local path, token = line:match("^(%S+) ?(%S*)$")
  local headers = token ~= "" and {{ ["Authorization"] = "Bearer " .. token }} or {{}}
  for name, value in pairs(wrk.headers) do headers[name] = value end
  asked[#asked + 1] = wrk.format("GET", path, headers)
end
math.randomseed(os.time())
at = math.random(#asked)
request = function()
  at = at % #asked + 1
  return asked[at]
end
"""


@dataclass
class Kind:
    """One kind of request to one server, and what each round of it cost."""

    name: str
    server: Server
    path: str
    script: Path
    costs: list[float] = field(default_factory=list)


@contextmanager
def kinds(
    library: Library, data: Path, folder: Path, core: int, nginx: str
) -> Iterator[list[Kind]]:
    """Serve a library with a gateway and with nginx; give what is asked of them."""
    folder.mkdir()
    rng = Random(3)
    asked = [address_of(zipf(rng, library.documents)) for _ in range(ASKED)]
    tokens = [rng.choice(library.tokens) for _ in range(ASKED)]
    previews = written(folder / "previews", [f"/documents/{address}" for address in asked])
    reads = written(folder / "reads", [f"{path[:-4]} {token}" for path, token in tokens])
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    settings = {**environment(data), "PAIDGATE_REDIS": "embedded"}
    with serving(command, port, core, folder / "gateway.log", settings) as gateway:
        answer, _ = gateway.ask("GET", f"/documents/{asked[0]}", BROWSER)
        write_pages(data, folder / "files" / "documents", set(asked))
        places = [place("/documents/", answer)]
        with nginx_with(nginx, folder, places, core) as static:
            yield [
                Kind("nginx, preview", static, f"/documents/{asked[0]}", previews),
                Kind("preview", gateway, f"/documents/{asked[0]}", previews),
                Kind("full read", gateway, tokens[0][0], reads),
            ]


def written(path: Path, asked: list[str]) -> Path:
    """Write what to ask for, and the script that asks for it; return the script."""
    path.write_text("\n".join(asked) + "\n")
    script = path.with_suffix(".lua")
    script.write_text(SCRIPT.format(asked=path))
    return script


def write_pages(data: Path, files: Path, addresses: set[Address]) -> None:
    """Write the page of each document, as browsers are sent it."""
    for address in addresses:
        blob = (data / "public" / f"{address}{SUFFIX}").read_bytes()
        bundle = Bundle.unpack(blob, of_public(address))
        page = files / str(address)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(bundle.forms["html"].bodies["br"])


def main(*folders: str) -> None:
    nginx, wrk = programs("nginx", "wrk")
    cores = Cores.free()
    with tempfile.TemporaryDirectory(prefix="paidgate-ratios-") as name, ExitStack() as stack:
        Path(name).chmod(0o711)
        served = []
        for number, data in enumerate(map(Path, folders)):
            library = anyio.run(Library.open, data.absolute())
            folder = Path(name) / str(number)
            served.append(
                (
                    library,
                    stack.enter_context(
                        kinds(library, data.absolute(), folder, cores.server, nginx)
                    ),
                )
            )
        for turn in range(WARM + ROUNDS):
            print(f"round {turn + 1} of {WARM + ROUNDS}", file=sys.stderr, flush=True)
            for _, each in served:
                for kind in each:
                    spent = cost(
                        wrk, kind.server, kind.path, BROWSER, SECONDS, cores.load,
                        is_refused=None, script=kind.script,
                    ).micros  # fmt: skip
                    if turn >= WARM:
                        kind.costs.append(spent)
        for library, each in served:
            print(f"{library.documents} documents, {library.grants} grants")
            beside = each[0].costs
            for kind in each:
                ratio = statistics.median(a / b for a, b in zip(kind.costs, beside, strict=True))
                least, most = min(kind.costs), max(kind.costs)
                middle = statistics.median(kind.costs)
                print(
                    f"  {kind.name:<16}{middle:7.1f} µs ({least:.1f} to {most:.1f}) {ratio:6.2f}x"
                )
            print(f"  resident memory {each[1].server.memory() / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
