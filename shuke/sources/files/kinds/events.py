"""Behaviour recorded elsewhere: visits, views, carts."""

from __future__ import annotations

import polars as pl

from shuke.sources.files.business_time import business_time
from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind, ShapeContext, Tables
from shuke.tables import TABLES

_TYPES = ("track", "page", "screen", "identify", "group", "alias")


def _shape(rows: pl.DataFrame, context: ShapeContext) -> Tables:
    shaped = rows.with_columns(
        pl.lit(context.source).alias("source"),
        pl.col("type").fill_null("track"),
        pl.lit(context.at).cast(pl.Datetime("us", "UTC")).alias("received_at"),
        pl.lit(None, dtype=pl.String).alias("context"),
        *business_time("occurred_at", context.business_zone),
    )
    return {"events": shaped.select(TABLES["events"].column_names)}


EVENTS = FileKind(
    name="events",
    label="Events",
    key=("message_id",),
    shape=_shape,
    names_person=True,
    person_is_optional=True,
    fields=(
        Field(
            "message_id",
            "id",
            "Event number",
            is_required=True,
            words=("event id", "id", "事件id", "事件编号"),
            max_length=120,
        ),
        Field(
            "name",
            "text",
            "Event name",
            is_required=True,
            words=("event", "event name", "事件", "事件名称"),
            max_length=120,
        ),
        Field(
            "type",
            "choice",
            "Type",
            choices={name: name for name in _TYPES},
            words=("event type", "事件类型"),
        ),
        *PERSON_FIELDS,
        Field(
            "anonymous_id",
            "id",
            "Device",
            words=("device id", "visitor id", "设备id", "访客id"),
            max_length=120,
        ),
        Field(
            "occurred_at",
            "time",
            "Time",
            is_required=True,
            words=("timestamp", "time", "event time", "date", "时间", "事件时间"),
        ),
        Field("properties", "json", "Properties (JSON)", max_length=20_000, words=("事件属性", "props")),
    ),
)
