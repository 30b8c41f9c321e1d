"""A loader as a process of its own, to be killed.

python loading.py prepare    make a home directory with one source, print its id
python loading.py run        load for ever, in small parts so that there is always something to interrupt
python loading.py finish     load what is left, print what the lake holds: rows and different ids
"""

import sys
import time

import django


def main(action: str) -> None:
    django.setup()
    from shuke.apps.collector.operations import create_source, load_all, load_once
    from shuke.apps.connections.operations import ensure_account
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM
    from shuke.platform.warehouse import lake

    if action == "prepare":
        account = ensure_account(actor=SYSTEM, at=now(), name="Web", sales_channel="web")
        print(create_source(actor=SYSTEM, at=now(), account_id=account.id, name="Site", kind="server"))
        return
    if action == "run":
        print("running", flush=True)
        while True:
            if not load_once(at=now(), limit_bytes=40_000, wait_seconds=30).size:
                time.sleep(0.02)
    load_all(at=now())
    with lake().read() as snapshot:
        ids = snapshot.table("events").select("message_id").to_pyarrow()["message_id"].to_pylist()
    print("\n".join(ids))


if __name__ == "__main__":
    main(*sys.argv[1:])
