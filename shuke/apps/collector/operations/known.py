"""What the loader must know of the sources whose events it loads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shuke.apps.collector.models import ExpectedEvent, Source
from shuke.apps.connections.schemas import Origin
from shuke.sources.collector.plans import Plan, Rule


@dataclass(frozen=True)
class KnownSource:
    """A source: its row's key, where its rows come from, and its plan (empty if it has none)."""

    pk: int
    origin: Origin
    plan: Plan


def known_sources(public_ids: Iterable[str], *, segment: int) -> Mapping[str, KnownSource]:
    """The sources of these ids that exist; ``segment`` stands in the batch of their rows."""
    rows = list(Source.objects.select_related("account").filter(public_id__in=set(public_ids)))
    plans = _plans([row.pk for row in rows])
    return {
        row.public_id: KnownSource(
            pk=row.pk,
            origin=Origin(
                batch_id=f"{row.public_id}:{segment}",
                account_id=row.account.public_id,
                account_name=row.account.name,
                sales_channel=row.account.sales_channel,
                region=row.account.region,
                source=row.public_id,
            ),
            plan=plans.get(row.pk, {}),
        )
        for row in rows
    }


def _plans(pks: Iterable[int]) -> dict[int, dict[str, dict[str, Rule]]]:
    plans: dict[int, dict[str, dict[str, Rule]]] = {}
    for event in ExpectedEvent.objects.filter(source_id__in=list(pks)):
        rules = {name: Rule(rule["type"], rule["is_required"]) for name, rule in event.properties.items()}
        plans.setdefault(event.source_id, {})[event.name] = rules
    return plans
