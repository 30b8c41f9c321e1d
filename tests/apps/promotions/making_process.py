"""A process of its own for the test of kill -9: lets children make the codes of a batch, and kills them."""

import os
import random
import signal
import sys
import time

import django

KILLS = 4


def main(batch_id: str) -> None:
    django.setup()
    from shuke.apps.promotions.models import Voucher, VoucherEvent
    from shuke.apps.promotions.operations import make_codes, making
    from shuke.apps.promotions.queries import batch
    from shuke.platform.outbox.models import OutboxRow

    making.BLOCK = 500
    chance, killed = random.Random(7), 0
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            make_codes(batch_id=batch_id)
            os._exit(0)
        time.sleep(chance.uniform(0.1, 0.6))
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    make_codes(batch_id=batch_id)
    told = {row["voucher_id"] for out in OutboxRow.objects.iterator() for row in out.payload}
    numbers = Voucher.objects.values("number").distinct().count()
    counts = (batch(batch_id).made, Voucher.objects.count(), VoucherEvent.objects.count(), len(told))
    print(killed, *counts, numbers == Voucher.objects.count())


main(*sys.argv[1:])
