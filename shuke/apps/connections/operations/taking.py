"""From checked rows to the lake or their app: the way that rows of files and of connectors share."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from shuke.apps.connections.operations.landing import companion_of, lander_of, with_person_keys
from shuke.apps.connections.operations.orders import land_orders, with_order
from shuke.apps.connections.operations.quarantine import (
    fault_rows,
    note_counts,
    reason_counts,
    write_quarantine,
)
from shuke.apps.connections.operations.stored import differences, without_corrections, write
from shuke.apps.connections.schemas import Origin, ReasonCount, RowIssue, TableCounts
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer
from shuke.sources.files.checking import Checked
from shuke.sources.files.fields import FileKind, ShapeContext
from shuke.sources.files.profiles import Profile

#: Told how far it is: percent done, what is done now.
Step = Callable[[int, str], None]

PERSONS = gettext_noop("Finding members")
COMPARING = gettext_noop("Comparing with what is known")
WRITING = gettext_noop("Writing")


@dataclass
class Taken:
    """What became of the rows: counts as in ``Report``, and why rows were put aside."""

    accepted: int = 0
    corrected: int = 0
    unchanged: int = 0
    rejected: int = 0
    tables: list[TableCounts] = field(default_factory=list)
    reasons: list[ReasonCount] = field(default_factory=list)
    notices: list[ReasonCount] = field(default_factory=list)


def take_in(
    checked: Checked,
    *,
    kind: FileKind,
    profile: Profile,
    origin: Origin,
    at: datetime,
    step: Step = lambda _percent, _label: None,
    torn: Collection[str] | None = None,
) -> Taken:
    """Land checked rows and quarantine the others.  Doing it again changes nothing.

    The caller holds the lock ``imports``.  ``torn`` says that the rows hold every line of their orders but
    for those of these order numbers, so a stored line that is lacking was taken off; ``None``: they may
    hold a part.  Raises ``Refused`` if no app takes the kind.
    """
    taking = _Taking(kind=kind, profile=profile, origin=origin, at=at, step=step, torn=torn)
    return taking.run(checked)


@dataclass(kw_only=True)
class _Taking:
    kind: FileKind
    profile: Profile
    origin: Origin
    at: datetime
    step: Step
    torn: Collection[str] | None
    issues: list[RowIssue] = field(default_factory=list)
    taken: Taken = field(default_factory=Taken)

    def run(self, checked: Checked) -> Taken:
        rows = self._with_persons(checked.rows)
        rows, orphans = with_order(self.kind, rows, origin=self.origin)
        self._land(rows)
        kind, issues = self.kind, self.issues
        faults = pl.concat([checked.rejected, orphans, fault_rows(kind, issues)])
        write_quarantine(faults, batch_id=self.origin.batch_id, kind=kind, at=self.at)
        fatal = {issue.row_no for issue in issues if issue.is_fatal}
        bad = pl.concat([checked.rejected, orphans, fault_rows(kind, [i for i in issues if i.is_fatal])])
        notices = fault_rows(kind, [i for i in issues if not i.is_fatal and i.row_no not in fatal])
        self.taken.rejected = bad["row_no"].n_unique()
        self.taken.reasons = reason_counts(bad)
        self.taken.notices = reason_counts(notices) + note_counts(checked.notes)
        return self.taken

    def _with_persons(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self.kind.names_person:
            return rows
        self.step(35, PERSONS)
        named, issues = with_person_keys(rows, at=self.at, origin=self.origin)
        self.issues += issues
        return named

    def _land(self, rows: pl.DataFrame) -> None:
        lander = lander_of(self.kind.name)
        if lander is not None:
            self.step(40, WRITING)
            landed = lander(at=self.at, origin=self.origin, rows=rows, tell=self._tell_share)
            self.issues += landed.issues
            self._count(landed.created, landed.changed, landed.unchanged)
        elif self.kind.shape is not None:
            self._land_in_lake(rows)
        else:
            raise Refused("nobody_takes_it", _("No part of the system takes files of this kind in."))

    def _tell_share(self, done: int, total: int) -> None:
        self.step(40 + round(55 * done / max(1, total)), WRITING)

    def _count(self, *counts: int) -> None:
        self.taken.accepted, self.taken.corrected, self.taken.unchanged = counts

    def _land_in_lake(self, rows: pl.DataFrame) -> None:
        assert self.kind.shape is not None  # noqa: S101 - tells the type checker what the caller checked
        origin = self.origin
        context = ShapeContext(
            batch_id=origin.batch_id,
            account_id=origin.account_id,
            sales_channel=origin.sales_channel,
            source=origin.source,
            currency=self.profile.currency,
            business_zone=retailer().time_zone,
            at=self.at,
        )
        self.step(45, COMPARING)
        tables = land_orders(self.kind, self.kind.shape(rows, context), torn=self.torn)
        # The first table holds one row per row of the file; orders are derived from their lines.
        for place, (name, frame) in enumerate(tables.items()):
            found = differences(name, frame, batch_id=origin.batch_id)
            if name == "products" and self.kind.name != name:
                # Orders name goods that no product list has told of yet; they never correct one.
                found = without_corrections(found)
            self.step(55 + 40 * place // len(tables), WRITING)
            write(name, found)
            new = found.new.height + found.already
            self.taken.tables.append(
                TableCounts(table=name, new=new, corrected=found.changed.height, unchanged=found.unchanged)
            )
        companion = companion_of(self.kind.name)
        if companion is not None:
            companion(at=self.at, origin=origin, rows=rows)
        if self.taken.tables:
            first = self.taken.tables[0]
            self._count(first.new, first.corrected, first.unchanged)
