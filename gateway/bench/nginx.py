"""nginx, which sends the bytes of an answer as a static file with the same headers."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.bench.processes import Server, free_port, serving

# One process without a master, no log: nginx at its cheapest.
_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; server_tokens off; max_ranges 0;
  keepalive_requests 1000000000; keepalive_timeout 75; types {{ }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=1024; root {folder}/files;
{places}
  }}
}}
"""
_OWN = {"content-length", "content-type", "date", "server", "connection", "etag"}


@contextmanager
def nginx(
    program: str,
    folder: Path,
    answers: Mapping[str, tuple[http.client.HTTPResponse, bytes]],
    core: int,
) -> Iterator[Server]:
    """Serve each answer, by name, as a static file at place_of(name)."""
    (folder / "files").mkdir(parents=True)
    places = []
    for name, (answer, body) in answers.items():
        (folder / "files" / place_of(name)).write_bytes(body)
        places.append(place(f"= /{place_of(name)}", answer))
    with nginx_with(program, folder, places, core) as server:
        yield server


@contextmanager
def nginx_with(program: str, folder: Path, places: Sequence[str], core: int) -> Iterator[Server]:
    """Serve the files in folder/files at places made by place."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, places="\n".join(places)))
    command = [program, "-p", str(folder), "-c", str(config), "-e", "stderr"]
    with serving(command, port, core, folder / "log", {}) as server:
        yield server


def place_of(name: str) -> str:
    """Return the name of the file that holds the answer called name."""
    return name.replace(" ", "-")


def place(location: str, answer: http.client.HTTPResponse) -> str:
    """Return the configuration of a location whose files are sent with an answer's headers."""
    has_etag = bool(answer.getheader("etag"))
    lines = [
        f'default_type "{answer.getheader("content-type", "text/html")}";',
        f"etag {'on' if has_etag else 'off'};",
        'add_header Last-Modified "";',
    ]
    for key, value in answer.getheaders():
        if key.lower() not in _OWN:
            quoted = value.replace('"', '\\"')
            lines.append(f'add_header {key} "{quoted}";')
    return f"    location {location} {{ {' '.join(lines)} }}"
