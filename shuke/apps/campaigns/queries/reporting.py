"""What a campaign did, in numbers and in words."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from shuke.apps.campaigns.models import Campaign, CampaignRun
from shuke.apps.campaigns.queries.campaigns import campaign_row
from shuke.apps.campaigns.schemas import CampaignReport
from shuke.apps.channels.queries import run_counts, suppressed_reasons
from shuke.apps.experiments.queries import experiment
from shuke.apps.measurement.queries import campaign_effect
from shuke.apps.measurement.schemas import EffectReport, LiftResult
from shuke.platform.errors import Refused
from shuke.platform.languages import babel_locale
from shuke.platform.money import money_text
from shuke.platform.retailer.queries import retailer


class NothingToReport(Refused):
    """The campaign was not sent."""


def campaign_report(campaign_id: str, *, at: datetime, cuped: bool = False) -> CampaignReport:
    """The effect up to the end of the campaign's last day, or to ``at`` while it runs.  Raises ``NotFound``."""
    row = campaign_row(campaign_id)
    if not row.experiment_id:
        raise NothingToReport("not_sent", _("This campaign was not sent yet, so there is nothing to report."))
    ends = _end_of(row)
    until = min(ends, at)
    found = experiment(row.experiment_id)
    weights = found.weights if found.is_randomised and _is_promised(row, found.weights) else None
    effect = campaign_effect(experiment_id=row.experiment_id, until=until, cuped=cuped, weights=weights)
    run = CampaignRun.objects.filter(campaign=row).first()
    return CampaignReport(
        campaign_id=campaign_id,
        name=row.name,
        state=row.state,
        until=until,
        is_over=at >= ends,
        effect=effect,
        reading=_reading(effect),
        ratio_text=_ratio_text(effect),
        suppressed=suppressed_reasons(run.public_id) if run else {},
        uncertain=run_counts(run.public_id).uncertain if run else 0,
    )


def _is_promised(row: Campaign, weights: Mapping[str, int]) -> bool:
    """Whether the weights were decided before; those of imported campaigns are, where they are equal."""
    return row.source == "console" or len(set(weights.values())) == 1


def _end_of(row: Campaign) -> datetime:
    """The first moment after the campaign's last day, in the retailer's time zone."""
    zone = ZoneInfo(retailer().time_zone)
    return datetime.combine(row.ends_on + timedelta(days=1), time(), tzinfo=zone)


def _money(amount_minor: float, currency: str) -> str:
    return money_text(round(amount_minor), currency, locale=babel_locale())


def _reading(effect: EffectReport) -> list[str]:
    """The result for somebody who never heard of intervals."""
    if effect.no_lift_reason == "nobody_exposed":
        return [_("Nobody was exposed to this campaign yet.")]
    if effect.no_lift_reason == "not_randomised":
        return [
            _(
                "Chance did not decide who got this campaign, so it cannot be told from other causes what it changed."
                " The numbers below describe; they prove nothing."
            )
        ]
    if effect.no_lift_reason:
        return [_("There is no control group to compare with, so nobody can know what the campaign changed.")]
    revenue = [lift for lift in effect.lifts if lift.metric == "revenue"]
    sentences = [_arm_sentence(lift, effect.currency, many=len(revenue) > 1) for lift in revenue]
    earned = effect.incremental_revenue
    if earned is not None and earned.lower_minor is not None and earned.upper_minor is not None:
        sentences.insert(0, _earned_sentence(earned.lower_minor, earned.upper_minor, effect.currency))
    return sentences


def _earned_sentence(lower: int, upper: int, currency: str) -> str:
    words = {"lower": _money(lower, currency), "upper": _money(upper, currency)}
    if lower > 0:
        text = _(
            "The campaign earned between %(lower)s and %(upper)s more than without it; chance hardly does that."
        )
        return text % words
    if upper < 0:
        words = {"lower": _money(-upper, currency), "upper": _money(-lower, currency)}
        text = _("The campaign cost between %(lower)s and %(upper)s of revenue; chance hardly does that.")
        return text % words
    words["lower"] = _money(-lower, currency)
    text = _(
        "The campaign may have earned up to %(upper)s more or lost up to %(lower)s: that can be chance."
        " A larger audience or control group would tell."
    )
    return text % words


def _arm_sentence(lift: LiftResult, currency: str, *, many: bool) -> str:
    if lift.arm_value is None or lift.control_value is None:
        return ""
    words = {
        "arm": lift.arm.upper(),
        "value": _money(lift.arm_value, currency),
        "control": _money(lift.control_value, currency),
    }
    if many:
        return _("Version %(arm)s: %(value)s per member, against %(control)s in the control group.") % words
    return (
        _("Members who were written to spent %(value)s each, those in the control group %(control)s.") % words
    )


def _ratio_text(effect: EffectReport) -> str:
    """The sample-ratio check in plain words."""
    if effect.sample_ratio is None:
        return ""
    if effect.sample_ratio.is_mismatch:
        return _(
            "The groups are not as large as chance would make them. Something took members out of one group only:"
            " do not trust the lift before the cause is found."
        )
    return _("The groups are as large as chance makes them; the comparison is fair.")
