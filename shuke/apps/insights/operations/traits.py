"""Building traits."""

import time
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.events import TraitsBuilt
from shuke.apps.insights.models import TraitsBuild
from shuke.apps.insights.queries.rfm import rfm_scheme
from shuke.apps.insights.queries.traits import build_view
from shuke.apps.insights.schemas import TraitsBuildView
from shuke.lake import Snapshot, SparkSettings
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.rfm import rfm_thresholds
from shuke.science.traits import TraitFacts, TraitSettings, member_traits

#: Told how far a build is: steps done, steps in all, what is done now.
Report = Callable[[int, int, str], None]

STEPS = 3
#: How far back favourites look.
HABIT_DAYS = 730


def build_traits(
    *,
    at: datetime,
    as_of: date,
    actor: Actor = SYSTEM,
    window_days: int = 365,
    report: Report | None = None,
    spark: str | None = None,
) -> TraitsBuildView:
    """Compute the traits of every member as of a day and put them in the place of that day's.

    ``spark``: the master of a cluster that computes them instead of this process; the rows are the same.

    Building a day twice gives the same rows.  Refuses a day that is not over in the retailer's time
    zone: its traits would change until midnight.
    """
    shop = retailer()
    if as_of >= business_date(at, shop.time_zone):
        raise Refused("day_not_over", _("Traits are built of whole days; choose yesterday or earlier."))
    tell = report or (lambda *_told: None)
    began = time.monotonic()
    settings = TraitSettings(
        currency=shop.currency,
        window_days=window_days,
        habit_days=max(HABIT_DAYS, window_days),
        rfm=rfm_scheme().scheme,
    )
    with lake().read(spark=SparkSettings(master=spark) if spark else None) as snapshot:
        tell(0, STEPS, str(_("Computing")))
        traits = member_traits(_facts(snapshot), as_of=as_of, settings=settings)
        rows = traits.cache()
        thresholds = rfm_thresholds(rows).to_pyarrow().to_pylist()
        tell(1, STEPS, str(_("Writing")))
        result = lake().replace("traits", rows.to_pyarrow(), where={"as_of": as_of})
    tell(2, STEPS, str(_("Recording")))
    build = _record(
        actor=actor,
        at=at,
        as_of=as_of,
        members=result.rows,
        seconds=round(time.monotonic() - began, 3),
        window_days=window_days,
        thresholds=thresholds,
        scheme=settings.rfm.with_found(thresholds).as_data(),
    )
    tell(STEPS, STEPS, str(_("Done")))
    return build


def _facts(snapshot: Snapshot) -> TraitFacts:
    return TraitFacts(**{name: snapshot.table(name) for name in TraitFacts.__annotations__})


@transaction.atomic
def _record(*, actor: Actor, at: datetime, as_of: date, members: int, **values: object) -> TraitsBuildView:
    """Remember the build after its rows lie in the lake: a build that is known can be read."""
    row, _created = TraitsBuild.objects.update_or_create(
        as_of=as_of, defaults={"built_at": at, "members": members, **values}
    )
    record_audit(
        actor=actor,
        at=at,
        verb="traits.built",
        subject=("traits", as_of.isoformat()),
        changes={"members": [None, members]},
    )
    emit(TraitsBuilt(as_of=as_of, members=members))
    return build_view(row)
