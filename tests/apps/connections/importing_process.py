"""A process of its own for the tests that kill it: sets a home up, or runs a batch."""

import sys
from pathlib import Path

import django


def main(action: str, *arguments: str) -> None:
    django.setup()
    from shuke.apps.connections.operations import ensure_account, run_batch, upload
    from shuke.apps.connections.operations.uploading import file_blocks
    from shuke.platform.clock import now
    from shuke.platform.outbox.relay import drain
    from shuke.platform.permissions import SYSTEM

    if action == "prepare":
        account = ensure_account(actor=SYSTEM, at=now(), name="Tills", sales_channel="store")
        for kind, path in zip(arguments[::2], arguments[1::2], strict=True):
            file = Path(path)
            view = upload(
                actor=SYSTEM,
                at=now(),
                account_id=account.id,
                kind=kind,
                file_name=file.name,
                blocks=file_blocks(file),
            )
            print(view.id)
        return
    print("running", flush=True)
    view = run_batch(at=now(), batch_id=arguments[0])
    drain()
    assert view.report is not None
    print(view.report.accepted, view.report.corrected, view.report.unchanged, view.report.rejected)


main(*sys.argv[1:])
