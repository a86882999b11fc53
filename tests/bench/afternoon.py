"""The afternoon's version: a gateway as it is written when nobody measures, beside ours and nginx.

A Starlette page that divides its source by a regular expression, sets it with Jinja, verifies a
token with itsdangerous and asks Redis, all of it in every request. Run it as
`python -m tests.bench.afternoon`; `--rounds` and `--seconds` as with `paidgate bench`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jinja2
import redis
from itsdangerous import BadData, URLSafeTimedSerializer
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.bench import report
from gateway.bench.contest import Case, contest
from gateway.bench.nginx import nginx
from gateway.bench.processes import Cores, Server, free_port, programs, serving
from gateway.bench.run import answers_of
from gateway.bench.stage import source
from tests.support import servers

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="description" content="{{ parts[0][:100] }}">
<link rel="stylesheet" href="/static/app.css"><script src="/static/app.js" defer></script></head>
<body><main><h1>{{ title }}</h1>
{% for part in parts %}{% if loop.index0 % 2 == 0 %}{% for line in part.split("\n\n") %}
<p>{{ line }}</p>{% endfor %}{% elif paid %}<p>{{ part }}</p>{% else %}
<aside><p>The rest is for subscribers.</p><a href="/subscribe">Subscribe</a></aside>
{% endif %}{% endfor %}</main></body></html>"""
SECTION = re.compile(r"##paidbegin##(.*?)##paidend##", re.S)
SECRET = "a secret of one afternoon"
RIGHT = "right:sample"

page = jinja2.Environment(autoescape=True).from_string(PAGE)
signer = URLSafeTimedSerializer(SECRET)


def application() -> Starlette:
    """Make the application; its Redis is in the environment."""
    rights = Redis.from_url(os.environ["AFTERNOON_REDIS"])
    title, _, text = source().decode().partition("\n\n")

    async def preview(request: Request) -> Response:
        return HTMLResponse(page.render(title=title, parts=SECTION.split(text), paid=False))

    async def read(request: Request) -> Response:
        try:
            holder = signer.loads(request.cookies.get("reader", ""), max_age=3600)
        except BadData:
            return await preview(request)
        if not await rights.get(f"right:{holder}"):
            return await preview(request)
        return HTMLResponse(page.render(title=title, parts=SECTION.split(text), paid=True))

    return Starlette(routes=[Route("/preview", preview), Route("/read", read)])


@contextmanager
def afternoon(folder: Path, core: int) -> Iterator[Server]:
    """Run it on uvicorn, one worker on one core."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.afternoon:application", "--factory"]
    command += ["--port", str(port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    with servers.redis_server() as url:
        with redis.Redis.from_url(url) as client:
            client.set(RIGHT, "1")
        environment = {"AFTERNOON_REDIS": url}
        with serving(command, port, core, folder / "afternoon.log", environment) as server:
            yield server


def cases() -> list[Case]:
    """Return what is measured."""
    cookie = f"reader={signer.dumps('sample')}"
    return [
        Case("preview", "/preview", {}),
        Case("full read by cookie", "/read", {"Cookie": str(cookie)}),
    ]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=2)
    given = options.parse_args()
    nginx_path, wrk = programs("nginx", "wrk")
    cores = Cores.free()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        with afternoon(folder, cores.server) as ours:
            answers = answers_of(cases(), ours)
            with nginx(nginx_path, folder / "nginx", answers, cores.server) as its:
                rows = contest(
                    wrk, cases(), ours, its, cores,
                    rounds=given.rounds, seconds=given.seconds, told=print,
                )  # fmt: skip
    made = report.machine(nginx_path, wrk)
    print(report.Report(rows, {}, made, given.rounds, given.seconds).text())


if __name__ == "__main__":
    main()
