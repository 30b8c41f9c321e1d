"""The console and the API as a WSGI application."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
if "SHUKE_SUPERVISOR_PID" in os.environ:
    # Under ``shuke serve`` this is granian's worker: it must not outlive granian.
    from shuke.config.processes import end_with_parent

    end_with_parent()
# As in ``cli.prepare``: what is loaded stays, and is not looked through for garbage.
gc.disable()
application = get_wsgi_application()

# It needs Django's applications, which are loaded now.
from shuke.apps.recommendations.api.express import Express  # noqa: E402

gc.freeze()
gc.enable()

#: With the short way to recommendations in front: what ``shuke serve`` runs.
console = Express(application)
