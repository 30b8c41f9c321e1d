"""Only what jobs need, so that a process to be killed starts in a second."""

from shuke.config.settings import *  # noqa: F403
from shuke.config.settings import INSTALLED_APPS as ALL_APPS

NEEDED = {"procrastinate.contrib.django", "django.contrib.contenttypes", "django.contrib.auth"}
INSTALLED_APPS = [
    name
    for name in ALL_APPS
    if name in NEEDED or (name.startswith("shuke.platform.") and "outbox" not in name)
]
