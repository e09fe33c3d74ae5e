"""Looks for memory that threads share in the compiled kernel: python -m tests.fuzz.races FOLDER.

FOLDER is where tests/fuzz/build.py has put the kernel of kind "threads". The thread sanitizer watches what the kernel
reads and writes, and is told not to see what the interpreter's lock puts in order: what it reports then would be a race
on an interpreter without that lock. Documents, Models and code pages must have none. A Decoder serves one thread at a
time, and takes a lock of the free-threaded interpreter to see to it; here that lock is none, and so it must have some:
that shows that the sanitizer sees.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread

import wbxml
from tests.wbxml.languages import SERVICE_INDICATION
from tests.wbxml.samples import DATA, capture
from wbxml import AirSync, Email, Model, field

ROUNDS = 40
THREADS = 4

# What a free-threaded interpreter does by other means: counting references, the code objects of tracebacks, the memory
# of tuples that were let go, which each thread keeps for itself, and garbage collection, for which it stops all
# threads. What the interpreter itself does with memory is not
# looked at.
SUPPRESSIONS = """
race:Py_INCREF
race:Py_DECREF
race:Py_TYPE
race:Py_SIZE
race:Py_SET_SIZE
race:find_code_object
race:bisect_code_objects
race:insert_code_object
race:tp_traverse
race:PyTuple_SET_ITEM
called_from_lib:libpython
"""


class Item(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    subject: str | None = field(Email.Subject)


class Items(Model, tag=AirSync.Sync):
    sync_key: str | None = field(AirSync.SyncKey)
    items: list[Item] = field(within=AirSync.Commands)


def documents() -> Callable[[], None]:
    items = Items(sync_key="1", items=[Item(server_id=str(number), subject="text") for number in range(30)])
    shared = [
        wbxml.decode(wbxml.encode(items)),
        wbxml.decode(capture("Search-GAL.response")),
        wbxml.decode((DATA / "foreign/si.wbxml").read_bytes(), pages=SERVICE_INDICATION),
    ]

    paths = [f"{parent}{tag}" for parent in ("", "AirSync:Commands/") for tag in AirSync.tags.values()]

    def work() -> None:
        for document in shared:
            for element in document.root.iter():
                _ = (
                    element.tag,
                    element.text,
                    element.data,
                    element.pieces,
                    element.attrib,
                    element.offset,
                    len(element),
                )
            wbxml.encode(document)
            pickle.dumps(document)
            wbxml.decode(document.raw, pages=document.pages)
        root = shared[0].root
        root.findtext("AirSync:SyncKey")
        root.findall("AirSync:Commands/AirSync:Add")
        for path in paths:
            root.findtext(path)
        wbxml.decode(shared[0], type=Items)
        wbxml.encode(items)
        wbxml.encode(items, version="14.1")

    return work


def decoder() -> Callable[[], None]:
    shared = wbxml.Decoder({"AirSync:Add"})
    data = capture("Search-GAL.response")

    def work() -> None:
        for start in range(0, len(data), 64):
            with suppress(RuntimeError, ValueError):
                shared.feed(data[start : start + 64])

    return work


def in_threads(work: Callable[[], None]) -> None:
    work()  # what is made once, and handed over by a dict of the interpreter, is there before the threads
    lib = ctypes.PyDLL(None)
    barrier = Barrier(THREADS)

    def run() -> None:
        barrier.wait(30)
        lib.AnnotateIgnoreSyncBegin(b"", 0)
        for _ in range(ROUNDS):
            work()
        lib.AnnotateIgnoreSyncEnd(b"", 0)

    sys.setswitchinterval(1e-6)
    threads = [Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def reports(folder: Path, job: Callable[[], Callable[[], None]]) -> list[str]:
    """The races that the sanitizer reports of a job, each as where it is."""
    library = subprocess.run(["gcc", "-print-file-name=libtsan.so"], check=True, capture_output=True, text=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as rules:
        rules.write(SUPPRESSIONS)
        rules.flush()
        options = f"suppressions={rules.name}:exitcode=0"
        env = os.environ | {
            "LD_PRELOAD": library.stdout.strip(),
            "PYTHONMALLOC": "malloc",
            "PYTHONPATH": str(folder / "site"),
            "TSAN_OPTIONS": options,
            "WBXML_IMPL": "c",
        }
        command = [sys.executable, "-m", "tests.fuzz.races", job.__name__]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    if done.returncode or "finished" not in done.stdout:
        raise SystemExit(f"races: {job.__name__} did not come to its end\n{done.stdout}{done.stderr}")
    return re.findall(r"^SUMMARY: ThreadSanitizer: (.*)", done.stderr, re.MULTILINE)


def main() -> int:
    jobs = {job.__name__: job for job in (documents, decoder)}
    if sys.argv[1] in jobs:
        in_threads(jobs[sys.argv[1]]())
        print("finished")
        return 0
    folder = Path(sys.argv[1])
    found = reports(folder, documents)
    print(f"races: {len(found)} where documents, Models and code pages are shared", *sorted(set(found)), sep="\n  ")
    seen = reports(folder, decoder)
    print(f"races: {len(seen)} where a Decoder is, whose lock is none here: there must be some")
    return 1 if found or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
