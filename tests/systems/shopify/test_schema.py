"""The questions put to Shopify, and the stand-in's types, against the schemas that Shopify publishes."""

import base64
import fcntl
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_client_schema,
    parse,
    validate,
)

from shuke.sources.shopify import documents
from shuke.sources.shopify.connector import VERSION
from tests.sources.shopify.shop import SCHEMA

pytestmark = [pytest.mark.systems, pytest.mark.xdist_group("shopify")]
CACHE = Path(__file__).resolve().parents[3] / ".test-cache"
#: Shopify's own package of its schemas.  Only its data is read; nothing of it runs.
PACKAGE = "@shopify/dev-mcp@1.16.0"
INTEGRITY = "sha512-tqgRnK7sQhjew+htxtleTH23nXB5fZcsrhWgEkomsorGXvLOB2mh2upwZm8uzuTDNTZnqtLMe64yIwh6s2awtw=="
QUESTIONS = {name: text for name, text in vars(documents).items() if name.isupper() and isinstance(text, str)}


def published(version: str) -> dict:
    """The introspection of a version.  Skips where npm or the registry is not to be had."""
    folder = CACHE / f"shopify-{hashlib.sha256(INTEGRITY.encode()).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "shopify.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _download(folder)
    content = json.loads(gzip.decompress((folder / f"admin_{version}.json.gz").read_bytes()))
    return content.get("data", content)


def _download(folder: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("There is no npm here.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["npm", "pack", PACKAGE, "--silent", "--ignore-scripts"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    if packed.returncode != 0:
        pytest.skip(f"npm could not fetch Shopify's schemas: {packed.stderr.strip()[-300:]}")
    archive = folder / packed.stdout.strip().splitlines()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == INTEGRITY, "another package than the one that was looked at"
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            name = Path(member.name).name
            if member.isfile() and name.startswith("admin_20") and name.endswith(".json.gz"):
                (folder / name).write_bytes(opened.extractfile(member).read())
    archive.unlink()
    (folder / "complete").touch()


@pytest.mark.parametrize("version", ["2025-10", VERSION, "2026-10"])
def test_every_question_is_valid_in_every_version_that_shopify_still_serves(version: str):
    schema = build_client_schema(published(version), assume_valid=True)
    faults = {name: validate(schema, parse(text)) for name, text in QUESTIONS.items()}
    assert len(QUESTIONS) >= 14
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_stand_in_has_shopifys_own_types():
    schema = build_client_schema(published(VERSION), assume_valid=True)
    checked = 0
    for name, ours in SCHEMA.type_map.items():
        theirs = schema.type_map.get(name)
        if name.startswith("__"):
            continue
        assert theirs is not None, name
        if isinstance(ours, GraphQLEnumType):
            assert set(ours.values) <= set(theirs.values), name
        if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            for field, declared in ours.fields.items():
                assert str(declared.type) == str(theirs.fields[field].type), f"{name}.{field}"
                for argument, given in declared.args.items():
                    assert str(given.type) == str(theirs.fields[field].args[argument].type), f"{name}.{field}"
                checked += 1
    assert checked > 100
