"""Serve the shop on a free port of loopback and print the port: ``python -m shop.serve``."""

import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")


class Threaded(ThreadingMixIn, WSGIServer):
    """One thread per connection."""

    daemon_threads = True


class Silent(WSGIRequestHandler):
    """Without a log line per request."""

    def log_message(self, format, *args):  # noqa: A002 - the library's name
        """Say nothing."""


if __name__ == "__main__":
    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", 0, get_wsgi_application(), Threaded, Silent) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
