"""Schemathesis calls every operation of the API with what the OpenAPI document allows, and what it does not.

No call may end in a server error, in a status or content type that the document does not name, or
with a body that does not match it.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shuke.apps.audiences.operations import create_audience
from shuke.apps.collector.operations import create_source, create_write_key, expect_event
from shuke.apps.compliance.operations import request_erasure
from shuke.apps.connections.operations import ensure_account
from shuke.apps.identity.operations import resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.insights.operations import build_traits
from shuke.apps.loyalty.operations import award_points, define_points_type
from shuke.apps.loyalty.operations.checkout import Call, commit_reservation, reserve_basket
from shuke.apps.loyalty.operations.exchanging import exchange_points
from shuke.apps.loyalty.operations.tiers import create_tier_program, try_tier_draft
from shuke.apps.loyalty.queries.checkout import evaluate
from shuke.apps.loyalty.schemas import CheckoutRequest, CommitRequest, ReservationRequest
from shuke.apps.loyalty.schemas import Request as PointsRequest
from shuke.apps.loyalty.schemas.exchanges import ExchangeRequest
from shuke.apps.loyalty.schemas.tiers import TierCounterView, TierTermsView, TierView, TierWindowView
from shuke.apps.members.operations import change_profiles
from shuke.apps.members.queries import member_refs
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.promotions.operations import (
    create_definition,
    issue_voucher,
    make_codes,
    order_codes,
    publish_definition,
)
from shuke.apps.recommendations.adapters.bundle_files import write_bundle
from shuke.apps.recommendations.models import BundleRecord
from shuke.apps.recommendations.operations.fitting import change_bundle_settings
from shuke.apps.recommendations.operations.slots import create_slot, go_live
from shuke.apps.recommendations.queries.bundles import bundle_root
from shuke.apps.recommendations.schemas import BundleSettings, SlotInput
from shuke.config.api import api
from shuke.config.wsgi import application
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.apps.recommendations.small_bundles import small_bundle

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: Ids that exist, by the name of the path parameter; filled when the house is seeded.
EXISTING: dict[str, str] = {}
SENT_METHODS = {"get", "post", "put", "patch", "delete"}

# The document is taken from the API object, since serving it asks the database, which is closed now.
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(), default=str)))
schema.app = application
load_all_checks()
# Each address is also called with every limit of its parameters; of wholly random calls two are enough by default.
# Hypothesis's own setting decides: what the profile says would go before schemathesis's.
RANDOM_CALLS = 50 if os.environ.get("SHUKE_HYPOTHESIS") == "thorough" else 2
# One wrong method for each address is enough; test_api.py looks at 405 closely.
schema.config.phases.coverage.unexpected_methods = {"PATCH"}


@schema.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Three calls of four ask for something that exists, so that more than 404 is tried."""
    if not path_parameters:
        return path_parameters
    return {
        name: EXISTING[name] if name in EXISTING and zlib.crc32(repr(value).encode()) % 4 else value
        for name, value in path_parameters.items()
    }


def rows(table: str, values: list[dict[str, Any]]) -> pa.Table:
    """Rows of a lake table; missing columns get a value of their type."""
    defaults = {"id": "x", "text": "x", "ts": AT, "date": AT.date(), "int": 1, "minor": 100}
    defaults |= {"bool": False, "float": 1.0, "json": "{}", "id_list": []}
    filled = [
        {c.name: row.get(c.name, None if c.nullable else defaults[c.type]) for c in TABLES[table].columns}
        for row in values
    ]
    return pa.Table.from_pylist(filled, schema=TABLES[table].arrow_schema)


def business_time(at: datetime) -> dict[str, Any]:
    return {"local_month": f"{at:%Y-%m}", "local_date": at.date(), "local_hour": at.hour}


def seed_sales(person_keys: Mapping[str, str]) -> None:
    """Each member buys the same product every ten days."""
    orders, lines = [], []
    for number, key in enumerate(person_keys.values()):
        for step in range(6):
            at = AT - timedelta(days=10 * step + number)
            shared = {"order_id": f"till:{number}-{step}", "person_key": key, "placed_at": at}
            shared |= {"product_id": "p1", "line_no": 1, "sales_channel": "store", **business_time(at)}
            states = {"payment_status": "paid", "fulfilment_status": "picked_up"}
            money = {"currency": "CNY", "lifecycle_status": "completed", "paid_minor": 1000}
            orders.append({n: v for n, v in (shared | states | money).items() if n in ORDER_COLUMNS})
            lines.append({n: v for n, v in shared.items() if n in LINE_COLUMNS})
    lake().append("orders", rows("orders", orders))
    lake().append("order_lines", rows("order_lines", lines))
    lake().upsert("products", rows("products", [{"product_id": "p1", "name": "Tea", "is_active": True}]))


ORDER_COLUMNS, LINE_COLUMNS = set(TABLES["orders"].column_names), set(TABLES["order_lines"].column_names)


def seed_people() -> dict[str, str]:
    """Five members with a name; returns the person key of each address, also known to the lake."""
    addresses = [f"ann{number}@example.com" for number in range(5)]
    keys = resolve_person_keys(at=AT, scope="global", kind="email", values=addresses, source="test")
    members = {address: find_members(address)[0] for address in addresses}
    refs = member_refs(members.values())
    change_profiles(at=AT, profiles={ref.pk: MemberProfile(name="Ann Lee") for ref in refs.values()})
    identity = [
        {"person_key": keys[a], "member_id": members[a], "kind": "email", "valid_from": AT, "draw": 1000 * i}
        for i, a in enumerate(addresses)
    ]
    lake().append("identity_map", rows("identity_map", identity))
    EXISTING["member_id"] = members[addresses[0]]
    EXISTING["erasure_id"] = request_erasure(actor=SYSTEM, at=AT, member_id=members[addresses[4]]).id
    return keys


def seed_source() -> None:
    """A source with a key and a plan of one event."""
    account = ensure_account(actor=SYSTEM, at=AT, name="Web shop", sales_channel="web")
    source_id = create_source(actor=SYSTEM, at=AT, account_id=account.id, name="Site", kind="web")
    key = create_write_key(actor=SYSTEM, at=AT, source_id=source_id, role="web")
    expected = expect_event(actor=SYSTEM, at=AT, source_id=source_id, name="Product Added")
    EXISTING.update(source_id=source_id, key_id=key.id, expected_id=expected.id)


def seed_checkout() -> None:
    """A reservation that is held, and a receipt."""
    wanted: dict[str, Any] = {"basket": {"currency": "CNY", "lines": [{"line_no": 1, "list_minor": 100}]}}
    quote = evaluate(CheckoutRequest(**wanted), member_id=None, at=now())
    request = ReservationRequest(**wanted, quote_hash=quote.quote_hash, seconds=86_400)
    held = []
    for key in ("schema-held", "schema-paid"):
        call = Call(key=key, actor="till", at=now())
        held.append(reserve_basket(call=call, request=request, member_id=None).answer["reservation_id"])
    paid = commit_reservation(
        call=Call(key="schema-commit", actor="till", at=now()),
        reservation_id=held[1],
        request=CommitRequest(order_id="till:paid"),
    )
    EXISTING.update(reservation_id=held[0], receipt_id=paid.answer["receipt_id"])


def seed_vouchers() -> None:
    """A published kind of voucher, a batch of codes, a voucher in a member's hands."""
    terms = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
    definition = create_definition(actor=SYSTEM, at=AT, name="Twenty", terms=terms)
    publish_definition(actor=SYSTEM, at=AT, definition_id=definition)
    given = {"actor": SYSTEM, "at": AT, "definition_id": definition}
    EXISTING["batch_id"] = order_codes(**given, key="codes", count=3)
    make_codes(batch_id=EXISTING["batch_id"])
    member_id = EXISTING["member_id"]
    EXISTING["voucher_id"] = issue_voucher(**given, key="one", member_id=member_id)
    EXISTING["definition_id"] = definition
    seed_exchange(member_id)


def seed_exchange(member_id: str) -> None:
    """A voucher that a member exchanged points for."""
    define_points_type(actor=SYSTEM, at=AT, code="coins", name="Coins")
    price = {"points_type": "coins", "points": 10, "back_days": 365}
    terms = {
        "kind": "amount",
        "amount_minor": 2000,
        "days_after_claim": 30,
        "is_claimable": True,
        "price": price,
    }
    priced = create_definition(actor=SYSTEM, at=AT, name="For coins", terms=terms)
    publish_definition(actor=SYSTEM, at=AT, definition_id=priced)
    asked = PointsRequest(key="coins", actor="test", at=AT)
    award_points(request=asked, member_id=member_id, points_type="coins", points=50)
    made = exchange_points(
        call=Call(key="schema-exchange", actor="till", at=now()),
        member_id=member_id,
        request=ExchangeRequest(definition_id=priced, points=10),
    )
    EXISTING["exchange_id"] = made.answer["exchange_id"]


def seed_tiers() -> None:
    """A programme with a draft that was tried."""
    ladder = [TierView(code="silver", name="Silver", reach=1_000, keep=1_000)]
    terms = TierTermsView(
        tiers=ladder,
        counter=TierCounterView(kind="spend"),
        window=TierWindowView(kind="year"),
        up="at_once",
        down="one_step",
        grace_days=0,
    )
    made = create_tier_program(actor=SYSTEM, at=AT, today=AT.date(), name="Club", terms=terms)
    trial = try_tier_draft(actor=SYSTEM, at=AT, today=AT.date(), program_id=made.id)
    EXISTING.update(program_id=made.id, trial_id=trial.id)


def seed_slots() -> None:
    """A slot that answers."""
    arms = [{"name": "usual", "strategy": "popularity"}]
    wanted = SlotInput.model_validate({"code": "for-you", "name": "For you", "arms": arms})
    create_slot(actor=SYSTEM, at=AT, slot=wanted)
    go_live(actor=SYSTEM, at=AT, code="for-you")
    EXISTING["slot"] = "for-you"


def seed_bundles() -> None:
    """A bundle that was fitted; another one is not, since no product reaches so many baskets."""
    row = BundleRecord.objects.create(as_of=AT.date(), built_at=AT, state="ready")
    write_bundle(bundle_root() / row.public_id, small_bundle(bundle_id=row.public_id))
    change_bundle_settings(actor=SYSTEM, at=AT, settings=BundleSettings(minimum_count=1000))
    EXISTING["bundle_id"] = row.public_id


def seed() -> dict[str, str]:
    """A small house with something of everything; returns the headers of a caller that may do all."""
    seed_sales(seed_people())
    build_traits(actor=SYSTEM, at=AT, as_of=AT.date() - timedelta(days=1))
    tree = {"type": "trait", "field": "frequency", "operator": "ge", "value": 1}
    EXISTING["audience_id"] = create_audience(
        actor=SYSTEM, at=AT, as_of=AT.date(), name="Regulars", conditions=tree
    )
    EXISTING.update(product_id="p1", order_id="till:0-0")
    seed_source()
    seed_checkout()
    seed_vouchers()
    seed_tiers()
    seed_slots()
    seed_bundles()
    user = create_user(
        actor=SYSTEM, at=AT, username="owner", password="correct horse battery", role="administrator"
    )
    issued = issue_token(
        actor=SYSTEM, at=AT, owner_id=user.id, name="all", scopes=PERMISSIONS, requests_per_minute=10**6
    )
    return {"Authorization": f"Bearer {issued.secret}"}


@contextmanager
def connection_kept_open() -> Iterator[None]:
    """A real WSGI call ends by closing the database connection, and with it the seeded transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def headers(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[dict[str, str]]:
    """Seeded once for all operations of a worker; each operation starts from that state again.

    Jobs are queued, as in a running house: run at once, one that fits starts a process for every call.
    """
    folder: Path = tmp_path_factory.mktemp("house")
    with (
        override_settings(LAKE_ROOT=str(folder / "lake"), SHUKE_HOME=folder, BUNDLE_ROOT=folder / "bundles"),
        connection_kept_open(),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        found = seed()
        engine = "procrastinate" if connection.vendor == "postgresql" else "sqlite"
        queued = {"default": {"BACKEND": f"shuke.platform.jobs.{engine}.Backend", "QUEUES": []}}
        with override_settings(TASKS=queued):
            yield found
        transaction.set_rollback(True)


def operations() -> list[Any]:
    """(method, address) of every operation."""
    return [
        pytest.param(method, path, id=f"{method.upper()} {path}")
        for path, methods in schema.raw_schema["paths"].items()
        for method in methods
        if method in SENT_METHODS
    ]


@cache
def constants() -> FeedbackSources:
    """Values that the code itself names, to be tried as well."""
    return FeedbackSources(constants_value_source=make_constants_value_source(schema))


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_operation_keeps_its_word(method: str, path: str, headers: dict[str, str]) -> None:
    """The calls are thought out here: ``schema.parametrize`` would do so while tests are collected, in every worker."""

    @settings(
        max_examples=RANDOM_CALLS,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def keeps_its_word(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    calls = build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=keeps_its_word,
        given_kwargs={},
        feedback=constants(),
    )
    calls()


def test_the_document_names_every_operation_once() -> None:
    document = schema.raw_schema
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in SENT_METHODS
    ]
    assert len(names) == len(set(names))
    assert len(names) >= 20


def described_schemas() -> Iterator[tuple[str, str]]:
    """Name and definition of each schema that an operation takes or answers with."""
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                models = [*operation.models, *operation.response_models.values()]
                for model in models:
                    if hasattr(model, "model_json_schema"):
                        for name, definition in model.model_json_schema().get("$defs", {}).items():
                            yield name, json.dumps(definition, sort_keys=True, default=str)


def test_no_two_schemas_share_a_name() -> None:
    """The document lists schemas by their bare name: of two, the second would silently describe the first."""
    definitions: dict[str, set[str]] = {}
    for name, definition in described_schemas():
        definitions.setdefault(name, set()).add(definition)
    assert len(definitions) > 20
    assert [name for name, found in definitions.items() if len(found) > 1] == []
