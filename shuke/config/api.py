"""The API: one router per app, mounted under ``/api/v1``."""

from shuke.web.api import build_api

api = build_api()
