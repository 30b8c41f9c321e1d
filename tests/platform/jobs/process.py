"""A process of its own: ``python -m tests.platform.jobs.process COMMAND …``."""

import json
import os
import signal
import sys
import threading


def main(command: str, *arguments: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.platform.jobs.settings"
    import django

    django.setup()
    COMMANDS[command](*arguments)


def work(scheduled: str = "") -> None:
    """One worker; with a JSON object of keyword arguments, one that also runs ``write_span`` each second."""
    from shuke.platform.jobs import schedule, worker
    from tests.platform.jobs import sample

    if scheduled:
        schedule("often", sample.write_span, every_seconds=1, kwargs=json.loads(scheduled))
    print("working", flush=True)
    worker.work(worker_id=worker.new_worker_id())


def spans(folder: str, count: str, first: str = "0") -> None:
    """Queue jobs of 0.05 to 0.25 seconds, by turns in each queue; their numbers begin with ``first``."""
    from shuke.platform.jobs import enqueue
    from shuke.platform.jobs.queues import QUEUES
    from tests.platform.jobs import sample

    for number in range(int(first), int(first) + int(count)):
        queue = QUEUES[number % len(QUEUES)]
        task = sample.write_span.using(queue_name=queue)
        enqueue(task, folder, f"{queue}{number}", 0.05 + number % 5 * 0.05)


def crew() -> None:
    """Fork a worker for each line read, so that a new one is there at once.  Nothing is connected yet.

    A line says which queue the worker takes; an empty one: all.
    """
    from shuke.platform.jobs import worker
    from shuke.platform.jobs.queues import chosen_queues

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            worker.work(worker_id=worker.new_worker_id(), queues=chosen_queues(line.split()))
            os._exit(0)
        print(pid, flush=True)


def race(folder: str, threads: str) -> None:
    """Enqueue three keys from many threads, at the moment all processes are ready."""
    from django.db import connection

    from shuke.platform.jobs import enqueue
    from tests.platform.jobs import sample

    barrier = threading.Barrier(int(threads))
    found = []

    def add() -> None:
        barrier.wait()
        for key in ("a", "b", "c", "a", "b"):
            result = enqueue(sample.write_span, folder, key, 0.0, unique_key=key)
            found.append((key, result.id))
        connection.close()

    print("ready", flush=True)
    sys.stdin.readline()
    running = [threading.Thread(target=add) for _ in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(json.dumps(found), flush=True)


COMMANDS = {"work": work, "spans": spans, "crew": crew, "race": race}

if __name__ == "__main__":
    main(*sys.argv[1:])
