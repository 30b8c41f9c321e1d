"""Every icon that a template or a menu names is in the sprite."""

import re
from pathlib import Path

import shuke
from shuke.config.navigation import SECTIONS

PACKAGE = Path(shuke.__file__).parent
SPRITE = PACKAGE / "web/static/vendor/tabler-icons-3.52.0/sprite.svg"


def test_icons_exist():
    known = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    used = {entry.icon: "menu" for _title, entries in SECTIONS for entry in entries}
    for template in PACKAGE.rglob("*.html"):
        text = template.read_text()
        for name in re.findall(r"""\{% icon ["']([\w-]+)["']""", text):
            used[name] = str(template)
        for name in re.findall(r"""\bicon=["']([\w-]+)["']""", text):
            used[name] = str(template)
    missing = {name: place for name, place in used.items() if name not in known}
    assert len(used) > 20
    assert missing == {}, "Add them to scripts/icons.txt and run scripts/vendor_assets.py"
