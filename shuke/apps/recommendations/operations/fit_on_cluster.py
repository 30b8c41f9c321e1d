"""Fitting a bundle on a Spark cluster: the lines stay there; what is said of each member and item comes home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shuke.apps.recommendations.queries.history import bought_lines, described_goods, member_segments
from shuke.lake import Lake, SparkSettings
from shuke.lake.engines.spark_work import SparkWork
from shuke.platform.errors import Refused
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.partitions.bundling import PartFacts, bundle_of_parts, item_facts
from shuke.science.recommendations.partitions.coding import coded_lines
from shuke.science.recommendations.partitions.joins import Caps

if TYPE_CHECKING:
    from shuke.apps.recommendations.operations.fit_process import Order
    from shuke.science.recommendations.bundle_fitting import Step


def cluster_bundle(order: Order, *, least_baskets: int, step: Step) -> Bundle:
    """The bundle of an order that names a ``spark`` master.  Raises ``Refused`` where the lake does not suffice.

    Lines are read and counted there; the range and the segments, which are small, are read here.
    """
    lake, minimum = Lake(order.lake_root), order.settings.minimum_count
    with lake.read(spark=SparkSettings(master=order.spark)) as there, lake.read() as here:
        work = SparkWork(there.connection)
        with step("history"):
            bought = bought_lines(there, as_of=order.as_of, left_out=order.left_out)
            coded = coded_lines(bought, time_zone=order.time_zone, minimum_count=minimum)
            if coded.baskets < least_baskets:
                raise Refused("not_enough", "no_purchases", {"baskets": coded.baskets})
            if not coded.items:
                raise Refused("not_enough", "no_vocabulary", {"minimum_count": minimum})
            work.spread(int(coded.item_baskets.sum()))
            price, cycle = item_facts(coded, mapped=work.mapped)
            goods = described_goods(here, coded.item_ids, price=price, cycle=cycle)
            names, segment = member_segments(here, coded.member_ids, as_of=order.as_of)
        found = bundle_of_parts(
            PartFacts(coded, goods, segment, names),
            work,
            settings=order.settings,
            caps=Caps(),
            bundle_id=order.folder.name,
            as_of=order.as_of,
            step=step,
        )
    return replace(found, manifest={**found.manifest, "cluster": {"master": order.spark, "als": work.told}})
