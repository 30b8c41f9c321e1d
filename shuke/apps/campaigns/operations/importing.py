"""Campaigns that ran before Shuke: taken in as finished, with the arms of their members.

Their exposures go to the lake directly, as all bulk history does.  Taking the same rows in again
changes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from django.db import transaction

from shuke.apps.campaigns.models import Campaign
from shuke.apps.campaigns.rules import arm_names, history_weights
from shuke.apps.experiments.operations import create_experiment, end_experiment
from shuke.apps.experiments.schemas import Arm
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

#: How long a campaign without a known end counts.
DEFAULT_DAYS = 14


def import_history(
    *, at: datetime, source: str, rows: pl.DataFrame, tell: Callable[[int, int], None]
) -> Mapping[str, int]:
    """Take rows in: the fields of the kind ``campaign_history`` and ``person_key``.

    Returns how many exposures were created, changed and unchanged.  A campaign is randomised only if
    every one of its rows says so; an arm that is not named is ``treated``.
    """
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    done = 0
    for (code,), part in rows.group_by("campaign_code", maintain_order=True):
        prepared = _with_times(part)
        campaign = _campaign(str(code), prepared, at=at, source=source)
        for kind, count in _land(campaign, prepared).items():
            counts[kind] += count
        done += part.height
        tell(done, rows.height)
    return counts


def _with_times(part: pl.DataFrame) -> pl.DataFrame:
    """The rows of a campaign, one per person, with arms as words and the moment from which outcomes count."""
    names = arm_names(part["arm"].fill_null("treated").unique().sort().to_list())
    zone = retailer().time_zone
    midnight = pl.col("starts_on").cast(pl.Datetime("us")).dt.replace_time_zone(zone, ambiguous="earliest")
    moment = pl.coalesce(
        pl.col("assigned_at").cast(pl.Datetime("us", "UTC")), midnight.dt.convert_time_zone("UTC")
    )
    local = moment.dt.convert_time_zone(zone)
    return part.unique("person_key", keep="first", maintain_order=True).with_columns(
        pl.col("arm").fill_null("treated").replace_strict(names, return_dtype=pl.String),
        pl.col("is_randomised").fill_null(value=False),
        assigned_at=moment,
        eligible_at=moment,
        local_month=local.dt.strftime("%Y-%m"),
        local_date=local.dt.date(),
        local_hour=local.dt.hour().cast(pl.Int64),
    )


@transaction.atomic
def _campaign(code: str, part: pl.DataFrame, *, at: datetime, source: str) -> Campaign:
    """The finished campaign of that code, made once."""
    present = Campaign.objects.select_for_update().filter(source=source, code=code).first()
    if present is not None:
        return present
    randomised = bool(part["is_randomised"].all())
    members = dict(part.group_by("arm").len().sort("arm").iter_rows())
    experiment = create_experiment(
        actor=SYSTEM,
        at=at,
        name=f"{source} {code}"[:120],
        arms=[Arm(name, weight) for name, weight in history_weights(members).items()],
        is_randomised=randomised,
    )
    row = Campaign.objects.create(
        **_described(code, part),
        code=code,
        source=source,
        state="done",
        currency=retailer().currency,
        control_percent=round(100 * members.get("control", 0) / part.height),
        is_lasting_control=False,
        is_randomised=randomised,
        experiment_id=experiment.id,
        author_id=SYSTEM.id,
        author_name=source,
        editor_id=SYSTEM.id,
        created_at=at,
        updated_at=at,
    )
    end_experiment(actor=SYSTEM, at=at, experiment_id=experiment.id)
    record_audit(
        actor=SYSTEM,
        at=at,
        verb="campaign.imported",
        subject=("campaign", row.public_id),
        changes={"members": [0, part.height]},
    )
    return row


def _described(code: str, part: pl.DataFrame) -> dict[str, object]:
    """Name, channel and days; where rows differ, the widest days count."""
    starts_on = part["starts_on"].min()
    ends_on = part["ends_on"].max()
    if ends_on is None:
        ends_on = starts_on + timedelta(days=DEFAULT_DAYS - 1)  # type: ignore[operator]
    name = part["campaign_name"].drop_nulls().first() or code
    channel = part["channel"].drop_nulls().first() or "email"
    return {
        "name": str(name)[:120],
        "channel": str(channel)[:20],
        "goal": "inform",
        "starts_on": starts_on,
        "ends_on": max(ends_on, starts_on),  # type: ignore[type-var]
        "scheduled_at": datetime.combine(starts_on, time(), tzinfo=ZoneInfo(retailer().time_zone)),  # type: ignore[arg-type]
    }


def _land(campaign: Campaign, part: pl.DataFrame) -> dict[str, int]:
    """Write the exposures that the lake does not have, or has with another arm."""
    exposures = part.with_columns(
        experiment_id=pl.lit(campaign.experiment_id), campaign_id=pl.lit(campaign.public_id)
    )
    known = _known(campaign.experiment_id)
    compared = exposures.join(known, on="person_key", how="left", maintain_order="left")
    is_new = compared["known_arm"].is_null()
    is_other = ~is_new & (compared["known_arm"] != compared["arm"])
    for rows, write in ((compared.filter(is_new), lake().append), (compared.filter(is_other), lake().upsert)):
        if rows.height:
            table = rows.select(TABLES["exposures"].column_names).to_arrow()
            write("exposures", table.cast(TABLES["exposures"].arrow_schema))
    new, other = int(is_new.sum()), int(is_other.sum())
    return {"created": new, "changed": other, "unchanged": part.height - new - other}


def _known(experiment_id: str) -> pl.DataFrame:
    """person_key and arm of the exposures in the lake."""
    with lake().read() as snapshot:
        exposures = snapshot.table("exposures")
        own = exposures.filter(exposures.experiment_id == experiment_id)
        found = snapshot.connection.to_polars(own.select("person_key", known_arm=own.arm))
    return pl.DataFrame(found, schema={"person_key": pl.String, "known_arm": pl.String})
