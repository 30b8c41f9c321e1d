"""Fetch the browser libraries that Shuke ships, for maintainers: ``python scripts/vendor_assets.py``.

Packages come through ``npm pack``; users need no Node, the files are committed.  Each lands in
``shuke/web/static/vendor/<name>-<version>/`` with its licence, and ``VENDOR.md`` lists versions,
licences and SHA-256.  Files are kept byte for byte, so that anybody can compare them with a release.
Of the icons only those named in ``icons.txt`` are taken, as one sprite.
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

#: The icons in use, one name a line; add a line and run the script to have another.
ICONS = (Path(__file__).parent / "icons.txt").read_text().split()


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
