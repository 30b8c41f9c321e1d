"""Studies by the command line on the cluster, beside the same studies on DuckDB: what lies in the lake after each."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from django.conf import settings
from typer.testing import CliRunner

from shuke.apps.insights.management.studies import cli
from shuke.apps.insights.models import Study
from shuke.apps.insights.operations.kinds import LEAVES
from shuke.lake import Lake
from shuke.platform.retailer.models import Retailer
from tests.spark.comparing import differences
from tests.spark.world import AS_OF, CURRENCY

#: A study of which nearly all is expressions; one, since what others ask is compared case by case.
KINDS = ("replenishment",)


def studied(lake: Lake, *, master: str = "") -> dict[str, Any]:
    """What ``shuke insights study`` leaves: rows by table, the result by kind."""
    settings.LAKE_ROOT = str(lake.root)
    Retailer.objects.update_or_create(pk=1, defaults={"currency": CURRENCY, "time_zone": "UTC"})
    asked = ["study", *KINDS, "--as-of", AS_OF.isoformat(), *(["--spark", master] if master else [])]
    ended = CliRunner().invoke(cli, asked)
    assert ended.exit_code == 0, ended.output
    with lake.read() as snapshot:
        rows = {name: snapshot.table(name).to_pyarrow() for kind in KINDS for name in LEAVES[kind][0]}
        rows = {name: kept.filter(pa.compute.equal(kept["as_of"], AS_OF)) for name, kept in rows.items()}
    found = {kind: Study.objects.get(kind=kind, as_of=AS_OF) for kind in KINDS}
    assert [study.refusal for study in found.values()] == [None] * len(KINDS)
    return rows | {kind: study.result for kind, study in found.items()}


def unequal(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What differs, in sentences."""
    tables = [name for name, value in ours.items() if isinstance(value, pa.Table)]
    told = [f"{name}: {text}" for name in tables for text in differences(ours[name], theirs[name])]
    return told + [f"{kind}: another result" for kind in KINDS if not _same(ours[kind], theirs[kind])]


def _same(a: Any, b: Any) -> bool:
    """Equal but for the last digits of broken numbers."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(1.0, abs(a))
    return bool(a == b)
