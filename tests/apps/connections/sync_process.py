"""A process of its own for the tests that kill it: sets a home up, or does a run of a connection."""

import sys

import django


def main(action: str, *arguments: str) -> None:
    django.setup()
    from shuke.apps.connections.models import SyncRun
    from shuke.apps.connections.operations import create_connection, ensure_account, run_sync
    from shuke.apps.connections.queries import connecting, opening
    from shuke.platform.clock import now
    from shuke.platform.outbox.relay import drain
    from shuke.platform.permissions import SYSTEM
    from tests.apps.connections.sync_shop import KEY, Village

    for module in (opening, connecting):
        module.CONNECTORS = {"village": Village()}
    if action == "prepare":
        account = ensure_account(actor=SYSTEM, at=now(), name="Village", sales_channel="web", currency="EUR")
        view = create_connection(
            actor=SYSTEM,
            at=now(),
            account_id=account.id,
            system="village",
            settings={"address": arguments[0]},
            secrets={"key": KEY},
        )
        row = SyncRun.objects.create(
            connection_id=connecting.connection_row(view.id).pk, trigger="person", created_at=now()
        )
        print(row.public_id)
        return
    print("running", flush=True)
    view = run_sync(at=now(), run_id=arguments[0])
    drain()
    print(view.state, sum(part.rows for part in view.parts), sum(part.new for part in view.parts))


main(*sys.argv[1:])
