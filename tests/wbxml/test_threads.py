"""Threads: what they may share, on an interpreter with a GIL and on one without.

Documents, Plans and code pages may be shared. Decoders and Writers serve one thread at a time; those that misuse them
get an error or a document that is none, and no crash.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

import pytest

import wbxml
from tests.wbxml.languages import SERVICE_INDICATION, WML_1_1
from tests.wbxml.samples import DATA, HEADER, capture, document
from wbxml import AirSync, CodePages, DecodeError, Email, EncodeError, Model, codepages, field

ROOT = Path(__file__).parents[2]
THREADS = 8


class Mail(Model, tag=AirSync.ApplicationData):
    subject: str | None = field(Email.Subject)
    sender: str | None = field(Email.From)


class Item(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    mail: Mail | None = field(AirSync.ApplicationData)


class Items(Model, tag=AirSync.Sync):
    sync_key: str | None = field(AirSync.SyncKey)
    items: list[Item] = field(within=AirSync.Commands)


@pytest.fixture(autouse=True)
def busy() -> Iterator[None]:
    """Threads that take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of these returns or raises, each in a thread of its own, begun together."""
    barrier = Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait(30)
        try:
            found[number] = works[number]()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            found[number] = error

    threads = [Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def all_of(element: Any) -> tuple[Any, ...]:
    """Everything that can be asked of an element, and of those in it."""
    return (
        element.tag,
        element.offset,
        element.text,
        element.data,
        None if element.view is None else bytes(element.view),
        tuple(sorted(element.attrib.items())),
        [str(one) for one in element.nodes if isinstance(one, str)],
        len(element),
        [all_of(one) for one in element],
    )


# Of a mailbox, and with all that ActiveSync has not: a string table, attributes, literals, extensions, instructions.
DOCUMENTS = {
    "sync": (capture("Sync-page-m20k-100.response"), None),
    "search": (capture("Search-GAL.response"), None),
    "indication": ((DATA / "foreign/si.wbxml").read_bytes(), SERVICE_INDICATION),
    "wml": ((DATA / "foreign/wml.wbxml").read_bytes(), WML_1_1),
    "own": (
        bytes.fromhex(
            "03 01 6A 04 61 00 62 00 44 00 43 04 02 03 63 00 01 04 02 83 00 02 81 20 40 78 00 44 02 80 02 01 01"
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_read_by_all_at_once(kernel: ModuleType, name: str) -> None:
    data, pages = DOCUMENTS[name]
    expected = all_of(kernel.decode(data, pages=pages).root)
    shared = kernel.decode(data, pages=pages)
    root = shared.root

    def work() -> tuple[Any, ...]:
        return all_of(root), kernel.encode(shared), repr(shared), shared.string_table, shared.epilog, shared.root

    found = at_once(*[work] * THREADS)
    assert all(one == found[0] for one in found)
    assert found[0][0] == expected


def test_paths_are_asked_for_by_all_at_once(kernel: ModuleType) -> None:
    """More of them than code pages keep, and unknown tags, which they make once."""
    pages = CodePages(wbxml.AirSync, wbxml.Move)
    free = [(page, token) for page in (0, 5) for token in range(0x05, 0x40) if page << 6 | token not in pages.by_code]
    names = [f"{'Move' if page else 'AirSync'}:0x{token:02X}" for page, token in free]
    paths = [f"{first}/{second}" for first in names for second in names]
    assert len(paths) > codepages._PATHS_KEPT
    root = kernel.decode(document("45 7F 7F 03 78 00 01 01 01"), pages=pages).root

    def work() -> list[str]:
        return [path for path in paths if root.findtext(path) == "x"]

    assert at_once(*[work] * THREADS) == [["AirSync:0x3F/AirSync:0x3F"]] * THREADS


def test_models_are_built_by_all_at_once() -> None:
    items = Items(
        sync_key="1", items=[Item(server_id=str(n), mail=Mail(subject=f"s{n}", sender="a")) for n in range(40)]
    )
    data = wbxml.encode(items)
    shared = wbxml.decode(data)
    found = at_once(*[lambda: wbxml.decode(shared, type=Items)] * THREADS, *[lambda: wbxml.encode(items)] * THREADS)
    assert found == [items] * THREADS + [data] * THREADS


def test_a_model_is_encoded_while_it_changes() -> None:
    """Each document is whole, and holds what stood in the fields at some time."""
    items = Items(sync_key="", items=[Item(server_id="first", mail=Mail(subject="s"))])
    done = False

    def change() -> None:
        nonlocal done
        for number in range(400):
            items.sync_key = "k" * (number % 50)
            items.items.append(Item(server_id=f"i{number}", mail=Mail(subject=f"s{number}")))
            items.items[0].mail = Mail(subject="t" * (number % 60)) if number % 3 else None
            if number % 20 == 19:
                items.items = items.items[:1]
            if number % 7 == 0:
                del items.items[1:]
        done = True

    def encode() -> int:
        count = 0
        while not done or not count:
            again = wbxml.decode(wbxml.encode(items), type=Items)
            assert set(again.sync_key or "") <= {"k"}
            assert all(one.server_id for one in again.items)
            assert not again.problems
            count += 1
        return count

    changed, *counts = at_once(change, *[encode] * 3)
    assert changed is None
    assert all(isinstance(count, int) for count in counts), counts


def test_an_iterator_that_is_shared_stays_within_its_document(kernel: ModuleType) -> None:
    root = kernel.decode(DOCUMENTS["sync"][0]).root
    known = {element.offset for element in root.iter()}
    walk, children = root.iter(), iter(root[-1][0])

    def work() -> list[int]:
        return [element.offset for each in (walk, children) for element in each]

    found = at_once(*[work] * THREADS)
    # A generator, as the Python kernel has them, says so where it is asked while it runs.
    whole = [one for one in found if not isinstance(one, ValueError)]
    assert {offset for one in whole for offset in one} <= known


def test_a_decoder_serves_one_thread_at_a_time(kernel: ModuleType) -> None:
    data = DOCUMENTS["sync"][0]
    decoder = kernel.Decoder({"AirSync:Add"})
    refused = "a Decoder serves one thread at a time"

    class Within:
        """A file that is written to while feed() is at work."""

        def __init__(self) -> None:
            self.told: list[str] = []

        def write(self, _: bytes) -> None:
            for call in (lambda: inner.feed(b""), lambda: inner.close()):
                with pytest.raises(RuntimeError, match=refused):
                    call()
                self.told.append(refused)

    within = Within()
    inner = kernel.Decoder({"AirSync:SyncKey": within})
    inner.feed(document("45 4B 03 31 00 01 01"))
    assert within.told
    inner.close()  # free again

    def work() -> str:
        for start in range(0, len(data), 97):
            try:
                decoder.feed(data[start : start + 97])
            except RuntimeError as error:
                assert str(error) == refused  # noqa: PT017
            except DecodeError:
                return "what several of them fed is no document"
        return "done"

    for outcome in at_once(*[work] * THREADS):
        assert isinstance(outcome, str)


def test_a_writer_that_is_shared_does_not_crash(kernel: ModuleType) -> None:
    writer = kernel.Writer()
    writer.start(AirSync.Sync)

    def work() -> int:
        refused = 0
        for number in range(300):
            try:
                writer.start(AirSync.Add, None)
                writer.text(f"text {number}")
                writer.opaque(b"x" * number)
                writer.end()
            except EncodeError:
                refused += 1
        return refused

    for outcome in at_once(*[work] * THREADS):
        assert isinstance(outcome, int)
    data = writer_to_end(writer)
    assert data.startswith(HEADER)
    with suppress(DecodeError):  # which it may be none of
        kernel.decode(data)


def writer_to_end(writer: Any) -> bytes:
    while True:
        try:
            return bytes(writer.finish())
        except EncodeError:
            writer.end()


def test_no_module_keeps_what_changes() -> None:
    """What a module of wbxml holds is the same before and after it was used: there is no state that threads share."""
    code = """
import sys, wbxml, wbxml.cli
for name in wbxml.__all__: getattr(wbxml, name)
def use(data):
    document = wbxml.decode(data)
    wbxml.from_xml(wbxml.to_xml(data)); wbxml.encode(wbxml.to_etree(data)); wbxml.dump(data)
    list(wbxml.tokens(data)); list(wbxml.iterdecode([data], {"AirSync:Add"}))
    wbxml.encode(document, string_table=True); wbxml.decode(data[:-1], lenient=True); wbxml.describe("AirSync:Add")
def state():
    return {(module, name): repr(value) for module in list(sys.modules) if module.partition(".")[0] == "wbxml"
            for name, value in vars(sys.modules[module]).items()
            if isinstance(value, (dict, list, set, bytearray)) and not name.startswith("__")}
data = bytes.fromhex("03016A00454B0331000156474D03310001010101")
use(data)
before = state()
use(data.replace(b"1", b"2"))
use(bytes.fromhex("03016A00457F0331000100117F0332000101"))
print(sorted(key for key, value in state().items() if before.get(key) != value))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_kernel_needs_no_gil() -> None:
    """A free-threaded interpreter would switch the GIL on for a kernel that does not say so."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        source = (ROOT / "src/wbxml/_kernel.pyx").read_text("utf-8")
        assert "\n# cython: freethreading_compatible=True\n" in source.partition('"""')[0]
        return
    code = "import sys, wbxml, wbxml.model; print(sys._is_gil_enabled())"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
