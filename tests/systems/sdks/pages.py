"""A small web shop on another port than the collector, so that browsers treat the collector as a stranger."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8"}


class _Handler(BaseHTTPRequestHandler):
    pages: dict[str, str]
    folder: Path | None

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in self.pages:
            self._answer(self.pages[path].encode(), ".html")
        elif self.folder is not None and (file := self.folder / Path(path).name).is_file():
            self._answer(file.read_bytes(), file.suffix)
        else:
            self.send_error(404)

    def _answer(self, body: bytes, suffix: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", TYPES.get(suffix, "application/octet-stream"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def shop(pages: dict[str, str], folder: Path | None = None) -> Iterator[str]:
    """The address of a shop with these pages; files of the folder lie beside them."""
    handler = type("Handler", (_Handler,), {"pages": pages, "folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
