"""A real Vendure shop for the session: installed once, booted once, told of a mailbox for its webhooks."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.ports import free_port
from tests.systems.npm import installed

HERE = Path(__file__).parent
#: base64 of 24 bytes, as the specification wants it.
WEBHOOK_SECRET = "whsec_c2h1a2UtdGVzdC1zZWNyZXQtMjRi"


@dataclass
class Mailbox:
    """A little server that keeps what it is told, as (headers in lower case, body)."""

    letters: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def wait_for(self, word: bytes, *, seconds: float = 120) -> tuple[dict[str, str], bytes]:
        """The newest letter with the word, which may still be on its way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for headers, body in reversed(self.letters):
                if word in body:
                    return headers, body
            time.sleep(0.05)
        raise AssertionError(f"The shop never told of {word!r}.")


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mailbox on loopback."""
    box = Mailbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            box.letters.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield box
    server.shutdown()
    server.server_close()


def node_modules() -> Path:
    """The folder with Vendure.  Skips the test where node, npm or the registry is not to be had."""
    return installed(HERE, name="vendure")


@contextmanager
def running_shop(folder: Path, *, webhook_url: str) -> Iterator[str]:
    """The address of a shop that is empty but for what Vendure makes itself."""
    modules = node_modules()
    port = free_port()
    environment = os.environ | {
        "SHOP_MODULES": str(modules),
        "SHOP_FOLDER": str(folder),
        "SHOP_PORT": str(port),
        "SHOP_WEBHOOK_URL": webhook_url,
        "SHOP_WEBHOOK_SECRET": WEBHOOK_SECRET,
        # A test tells nobody that it ran, and leaves nothing in the folder it was started from.
        "VENDURE_DISABLE_TELEMETRY": "true",
    }
    log = folder / "shop.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["node", str(HERE / "shop.js")],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, *, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if "\nready" in "\n" + log.read_text():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"Vendure did not start: {log.read_text()[-2000:]}")
