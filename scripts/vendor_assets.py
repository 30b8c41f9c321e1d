"""Fetch the browser libraries that Shuke ships, for maintainers: ``python scripts/vendor_assets.py``.

Packages come through ``npm pack``; users need no Node, the files are committed.  Each lands in
``shuke/web/static/vendor/<name>-<version>/`` with its licence, and ``VENDOR.md`` lists versions,
licences and SHA-256.  Files are kept byte for byte, so that anybody can compare them with a release.
Of the icons only those named below are taken, as one sprite.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "shuke/web/static/vendor"


@dataclass(frozen=True)
class Library:
    """One npm package: which of its files are kept, flat, and why."""

    package: str
    version: str
    folder: str
    files: tuple[str, ...]
    purpose: str

    @property
    def target(self) -> Path:
        """Where its files go."""
        return VENDOR / f"{self.folder}-{self.version}"


LIBRARIES = (
    Library(
        "@tabler/core",
        "1.6.1",
        "tabler",
        ("dist/css/tabler.min.css", "dist/js/tabler.min.js", "LICENSE"),
        "style sheet, and the scripts of dropdowns, drawers and tabs",
    ),
    Library("htmx.org", "4.0.1", "htmx", ("dist/htmx.min.js", "LICENSE"), "parts of pages without reloading"),
    Library("echarts", "6.1.0", "echarts", ("dist/echarts.min.js", "LICENSE", "NOTICE"), "charts on canvas"),
    Library("@tabler/icons", "3.52.0", "tabler-icons", ("LICENSE",), "icons, as the sprite of those in use"),
)

ICONS = """
adjustments adjustments-horizontal affiliate alert-circle alert-triangle apps archive arrow-back-up arrow-down
arrow-down-right arrow-left arrow-narrow-down arrow-narrow-up arrow-right arrow-up arrow-up-right award ban
bell bolt book bookmark box brand-wechat briefcase bucket building building-store bulb cake calendar
calendar-event calendar-stats calendar-time cash category chart-area-line chart-bar chart-donut chart-dots
chart-funnel chart-histogram chart-line chart-pie check checkbox checks chevron-down chevron-left
chevron-right chevron-up circle circle-check circle-dashed circle-half-2 circle-plus circle-x clipboard
clipboard-check clipboard-list clock clock-hour-4 click coin coins columns confetti copy credit-card
crown currency-dollar currency-yuan database database-import device-desktop device-mobile devices dice diamond
discount dots dots-vertical download edit equal exclamation-circle external-link eye eye-off
file file-analytics file-check file-description file-import file-spreadsheet file-text file-x filter
filter-off flag flask folder forbid gauge gift git-branch git-compare grip-vertical hand-stop heart
heart-handshake help-circle history home hourglass id id-badge-2 inbox info-circle info-square-rounded
key language layout-dashboard layout-grid layout-list link list list-check list-details loader loader-2 lock
lock-open login logout mail mail-bolt mail-check mail-forward mail-off mail-opened mail-x map-pin math-function
medal menu-2 message message-2 message-circle minus mood-empty moon note package parentheses password pencil
percentage phone photo player-pause player-play player-stop plug plus point presentation-analytics
printer progress-check puzzle qrcode question-mark quote receipt receipt-2 receipt-refund refresh repeat report
report-analytics report-money rocket rotate-clockwise route scale school search select send settings share
shield shield-check shield-lock shield-x shirt shopping-bag shopping-cart sort-ascending sort-descending
sparkles speakerphone sql square-plus stack-2 star star-half stars status-change subtask sum sun switch-horizontal
table table-import tag tags target target-arrow template test-pipe thumb-up ticket timeline timeline-event tool
transform trash trending-down trending-up trophy truck upload user user-check user-circle user-cog user-heart
user-minus user-off user-plus user-question user-search user-x users users-group users-minus users-plus variable
versions wallet wand weight world x zoom-in zoom-out
""".split()


def fetch(library: Library, scratch: Path) -> Path:
    """Unpack the package of the exact version below ``scratch``; returns its folder."""
    packed = subprocess.run(
        ["npm", "pack", f"{library.package}@{library.version}", "--json", "--silent"],
        cwd=scratch,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = scratch / json.loads(packed.stdout)[0]["filename"]
    folder = scratch / library.folder
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def take(library: Library, source: Path) -> str:
    """Copy the kept files over; returns the licence that the package declares."""
    shutil.rmtree(library.target, ignore_errors=True)
    library.target.mkdir(parents=True)
    for name in library.files:
        if (source / name).exists():
            shutil.copyfile(source / name, library.target / Path(name).name)
        elif name != "LICENSE":
            raise SystemExit(f"{library.package} {library.version} has no file {name}.")
    return str(json.loads((source / "package.json").read_text())["license"])


def _shape(tag: str, attributes: dict[str, str]) -> str:
    pairs = " ".join(f'{key}="{value}"' for key, value in attributes.items() if key != "key")
    return f"<{tag} {pairs}/>"


def write_sprite(target: Path, nodes_file: Path) -> None:
    """One SVG file with a symbol per icon, drawn with the current text colour."""
    nodes = json.loads(nodes_file.read_text())
    missing = [name for name in ICONS if name not in nodes]
    if missing:
        raise SystemExit(f"There are no icons named {', '.join(missing)}.")
    symbols = []
    for name in ICONS:
        shapes = "".join(_shape(tag, attributes) for tag, attributes in nodes[name])
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    text = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "sprite.svg").write_text(text)


def write_list(licences: dict[str, str]) -> None:
    """``VENDOR.md``: what is here, under which licence, with the hash of every file."""
    lines = [
        "# Browser libraries shipped with Shuke",
        "",
        "Written by `scripts/vendor_assets.py`; do not edit the files of this folder by hand.",
        "",
        "| package | version | licence | used for | file | SHA-256 |",
        "|---|---|---|---|---|---|",
    ]
    for library in LIBRARIES:
        for file in sorted(library.target.iterdir()):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            lines.append(
                f"| {library.package} | {library.version} | {licences[library.package]} | {library.purpose} "
                f"| `{library.target.name}/{file.name}` | `{digest}` |"
            )
    (VENDOR / "VENDOR.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Fetch everything anew."""
    licences = {}
    with tempfile.TemporaryDirectory() as scratch:
        for library in LIBRARIES:
            source = fetch(library, Path(scratch))
            licences[library.package] = take(library, source)
            if library.folder == "tabler-icons":
                write_sprite(library.target, source / "tabler-nodes-outline.json")
            print(f"{library.package} {library.version}")
    write_list(licences)


if __name__ == "__main__":
    main()
