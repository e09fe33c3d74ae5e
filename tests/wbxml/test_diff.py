"""`wbxml diff` and wbxml.diff: what differs between two documents, as trees."""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path

import pytest

import wbxml
from wbxml.diff import MOST_TOLD, Difference, compare, lines

from .samples import CAPTURES, HEADER, bounded, capture, document
from .test_cli import Run, on_a_terminal

COLLECTION = "AirSync:Sync/Collections/Collection[CollectionId=1]"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return Run(monkeypatch, capfdbinary)


def sync(commands: str, key: str = "2") -> wbxml.Document:
    xml = (
        '<Sync xmlns="AirSync" xmlns:e="Email"><Collections><Collection>'
        f"<SyncKey>{key}</SyncKey><CollectionId>1</CollectionId><Commands>{commands}</Commands>"
        "</Collection></Collections></Sync>"
    )
    return wbxml.decode(wbxml.from_xml(xml))


def add(server_id: str, subject: str, *more: str) -> str:
    data = f"<e:Subject>{subject}</e:Subject>{''.join(more)}"
    return f"<Add><ServerId>{server_id}</ServerId><ApplicationData>{data}</ApplicationData></Add>"


def categories(*names: str) -> str:
    return f"<e:Categories>{''.join(f'<e:Category>{name}</e:Category>' for name in names)}</e:Categories>"


def told(before: wbxml.Document, after: wbxml.Document, **options: bool) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in compare(before, after, **options)]


def shown(before: wbxml.Document, after: wbxml.Document) -> list[str]:
    return list(lines(compare(before, after)))


def test_what_has_changed() -> None:
    (key, subject) = compare(sync(add("1:1", "a")), sync(add("1:1", "b"), key="3"))
    assert key == ("changed", f"{COLLECTION}/SyncKey", (7, 7), "2", "3")
    path = f"{COLLECTION}/Commands/Add[ServerId=1:1]/ApplicationData/Email:Subject"
    assert subject == ("changed", path, (29, 29), "a", "b")
    assert list(lines([subject])) == [f"~ {path} (offset 29): 'a' -> 'b'"]


def test_what_was_added_and_removed_by_identifier() -> None:
    before = sync(add("1:1", "a") + add("1:2", "b") + add("1:3", "c"))
    after = sync(add("1:1", "a") + add("1:4", "d") + add("1:3", "c"))
    added, removed = compare(before, after)
    assert (removed.kind, removed.path) == ("removed", f"{COLLECTION}/Commands/Add[ServerId=1:2]")
    assert (added.kind, added.path) == ("added", f"{COLLECTION}/Commands/Add[ServerId=1:4]")
    assert added.before is None and added.after.find("AirSync:ServerId").text == "1:4"
    assert removed.offsets == (removed.before.offset, None)
    assert shown(before, after)[1].endswith(": 4 elements: ServerId '1:2', Subject 'b'")


def test_what_has_moved() -> None:
    first, second, third = add("1:1", "a"), add("1:2", "b"), add("1:3", "c")
    (moved,) = compare(sync(first + second + third), sync(third + first + second))
    assert (moved.kind, moved.path, moved.before, moved.after) == (
        "moved", f"{COLLECTION}/Commands/Add[ServerId=1:3]", 2, 0,
    )  # fmt: skip
    # And has changed, too.
    found = told(sync(first + second + third), sync(add("1:3", "x") + first + second))
    assert [kind for kind, _ in found] == ["moved", "changed"]
    assert "from place 3 to place 1" in shown(sync(first + second + third), sync(third + first + second))[0]


def test_the_only_one_of_its_name_may_have_another_identifier() -> None:
    one, other = sync(add("1:1", "a")), sync(add("1:2", "a"))
    path = f"{COLLECTION}/Commands/Add[ServerId=1:1]/ServerId"
    assert compare(one, other) == [("changed", path, (19, 19), "1:1", "1:2")]
    none = sync("<Add><ClientId>1:1</ClientId></Add>")
    assert [kind for kind, _ in told(one, none)] == ["added", "removed", "removed"]


def test_siblings_without_identifiers() -> None:
    def mail(*names: str) -> wbxml.Document:
        return sync(add("1:1", "a", categories(*names)))

    path = f"{COLLECTION}/Commands/Add[ServerId=1:1]/ApplicationData/Email:Categories"
    assert told(mail("a", "b", "c"), mail("a", "b", "c")) == []
    assert told(mail("a", "b", "c"), mail("a", "x", "c")) == [("changed", f"{path}/Category[2]")]
    assert told(mail("a", "b", "c"), mail("b", "c")) == [("removed", f"{path}/Category[1]")]
    assert told(mail("b", "c"), mail("a", "b", "c")) == [("added", f"{path}/Category[1]")]
    assert told(mail("a", "b"), mail("b", "a")) == [
        ("removed", f"{path}/Category[1]"),
        ("added", f"{path}/Category[2]"),
    ]
    assert told(mail("a"), mail("a", "a")) == [("added", f"{path}/Category[2]")]
    assert told(mail(), mail("a")) == [("added", f"{path}/Category")]


def test_other_elements() -> None:
    before, after = wbxml.decode(document("45 4B 03 31 00 01 01")), wbxml.decode(document("45 4C 03 31 00 01 01"))
    assert sorted(told(before, after)) == [("added", "AirSync:Sync/ClientId"), ("removed", "AirSync:Sync/SyncKey")]
    other = wbxml.decode(document("00 07 56 52 03 30 00 01 01"))
    assert told(before, other) == [("removed", "AirSync:Sync"), ("added", "FolderHierarchy:FolderSync")]
    # Text where there were elements.
    text = wbxml.decode(document("45 03 61 00 01"))
    assert told(before, text) == [("changed", "AirSync:Sync"), ("removed", "AirSync:Sync/SyncKey")]


def test_no_content_and_empty_text_differ() -> None:
    (one,) = compare(wbxml.decode(document("45 0B 01")), wbxml.decode(document("45 4B 03 00 01 01")))
    assert (one.kind, one.before, one.after) == ("changed", None, "")
    assert "".join(lines([one])).endswith("empty -> ''")


def test_text_and_opaque() -> None:
    text, opaque = wbxml.decode(document("4B 03 C3 BC 00 01")), wbxml.decode(document("4B C3 02 C3 BC 01"))
    binary = wbxml.decode(document("4B C3 02 FF FE 01"))
    assert compare(text, opaque) == []
    assert compare(text, opaque, raw=True) == [
        Difference("encoding", "AirSync:SyncKey", (4, 4), "inline string", "opaque")
    ]
    (one,) = compare(text, binary)
    assert (one.before, one.after) == ("ü", b"\xff\xfe")
    assert list(lines([one])) == ["~ AirSync:SyncKey (offset 4): 'ü' -> opaque fffe (2 bytes)"]


def test_how_it_is_encoded() -> None:
    inline = wbxml.decode(document("45 4B 03 61 62 00 01 01"))
    table = wbxml.decode(b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("45 4B 83 00 01 01"))
    pieces = wbxml.decode(document("45 4B 03 61 00 03 62 00 01 01"))
    idle = wbxml.decode(document("00 00 45 4B 03 61 62 00 01 01"))
    long = wbxml.decode(b"\x03\x01\x6a\x80\x00" + bytes.fromhex("45 4B 03 61 62 00 01 01"))
    bit = wbxml.decode(document("45 4B 01 01")), wbxml.decode(document("45 0B 01"))
    for other in (table, pieces, idle, long):
        assert compare(inline, other) == []
    assert compare(*bit) == []
    assert compare(inline, table, raw=True) == [
        ("encoding", "header: string_table", (0, 0), b"", b"ab\0"),
        ("encoding", "AirSync:Sync/SyncKey", (5, 8), "inline string", "string table"),
    ]
    ((_, path, _, before, after),) = compare(inline, pieces, raw=True)
    assert (path, before, after) == ("AirSync:Sync/SyncKey", "inline string", "inline string, inline string")
    assert compare(*bit, raw=True) == [("encoding", "AirSync:Sync/SyncKey", (5, 5), "content of nothing", "no content")]
    assert compare(inline, idle, raw=True) == [("encoding", "token: tag", (4, 4), "45", "00 00")]
    assert compare(inline, long, raw=True) == [("encoding", "token: string_table", (3, 3), "00", "80 00")]
    assert compare(inline, inline, raw=True) == []


def test_attributes_and_instructions() -> None:
    from .languages import SERVICE_INDICATION

    data = (Path(__file__).parents[1] / "data" / "foreign" / "si.wbxml").read_bytes()
    doc = wbxml.decode(data, pages=SERVICE_INDICATION)
    assert compare(doc, doc, raw=True) == []
    xml = wbxml.to_xml(doc)
    attribute = next(
        value for element in doc.root.iter() for value in element.attrib.values() if isinstance(value, str)
    )
    other = wbxml.decode(
        wbxml.from_xml(xml.replace(attribute, attribute + "x", 1), pages=SERVICE_INDICATION), pages=SERVICE_INDICATION
    )
    found = compare(doc, other)
    assert [one.kind for one in found] == ["attributes"]
    assert found[0].before != found[0].after
    assert len(list(lines(found))) == 1


def test_long_values_are_cut_where_they_part() -> None:
    before, after = "x" * 1000 + "a" + "y" * 1000, "x" * 1000 + "b" + "y" * 1000
    line = shown(sync("", key=before), sync("", key=after))[0]
    assert len(line) < 400
    assert "xa" in line and "xb" in line and line.count("(2001 characters)") == 2
    data = b"\xff" * 500
    one = wbxml.decode(HEADER + b"\x4b\xc3\x83\x74" + data + b"\x01")
    other = wbxml.decode(HEADER + b"\x4b\xc3\x83\x74" + data[:-1] + b"\xfe\x01")
    line = shown(one, other)[0]
    assert "ffff (500 bytes)" in line and "fffe (500 bytes)" in line


def test_nothing_that_a_terminal_obeys() -> None:
    evil = "\x1b[31m\x9b5m\x07\u202e"
    data = wbxml.encode(sync(add("1:1", "a")))
    hostile = data.replace(b"\x031:1\x00", b"\x03" + evil.encode() + b"\x00").replace(b"\x03a\x00", b"\x03\x1b]0;\x00")
    for one, other in ((data, hostile), (hostile, data), (hostile, hostile.replace(b"]0;", b"]1;"))):
        found = "".join(shown(wbxml.decode(one), wbxml.decode(other)))
        assert found and found.isprintable()


@pytest.mark.parametrize("name", CAPTURES)
def test_a_document_and_itself(name: str) -> None:
    doc = wbxml.decode(capture(name))
    again = wbxml.decode(wbxml.encode(doc, string_table=True))
    assert compare(doc, again) == []
    assert compare(doc, doc, raw=True) == []


def test_at_random_every_change_is_found() -> None:
    """What is told, applied to the first list of items, gives the second."""
    rng = random.Random(5)
    for _ in range(150):
        ids = [f"1:{n}" for n in range(rng.randrange(8))]
        before = {name: rng.choice("abc") for name in ids}
        after = {name: rng.choice("abc") for name in [*ids, "2:1", "2:2"] if rng.random() < 0.8}
        order = list(after)
        rng.shuffle(order)
        one, other = (
            sync("".join(add(name, subject) for name, subject in items))
            for items in (before.items(), [(name, after[name]) for name in order])
        )
        found = compare(one, other)
        made, places, renamed = dict(before), {}, {}
        for difference in found:
            label = difference.path.partition("ServerId=")[2].partition("]")[0]
            if difference.kind == "removed":
                del made[label]
            elif difference.kind == "added":
                made[label] = difference.after.find("AirSync:ApplicationData").findtext("Email:Subject")
            elif difference.path.endswith("/ServerId"):  # the only one before and after
                assert len(before) == len(after) == 1 and label == difference.before
                renamed[label] = difference.after
                made[difference.after] = made.pop(label)
            elif difference.kind == "changed":
                label = renamed.get(label, label)
                assert made[label] == difference.before
                made[label] = difference.after
            else:
                places[label] = difference.after
        assert made == after
        assert (found == []) == (one.raw == other.raw)
        # Those that have not moved are in the order that they had.
        stayed = [name for name in order if name in before and name not in places]
        assert stayed == [name for name in before if name in stayed]
        assert all(order[place] == name for name, place in places.items())


def test_at_random_siblings_without_identifiers() -> None:
    rng = random.Random(6)
    for _ in range(300):
        one, other = ([rng.choice("abcd") for _ in range(rng.randrange(7))] for _ in range(2))
        found = compare(sync(add("1", "s", categories(*one))), sync(add("1", "s", categories(*other))))
        kinds = [difference.kind for difference in found]
        assert kinds.count("added") - kinds.count("removed") == len(other) - len(one)
        assert set(kinds) <= {"added", "removed", "changed"}
        assert (found == []) == (one == other)
        # As many stay as can, and what else there is is paired where it may be.
        stay = max(n for n in range(8) if set(combinations(one, n)) & set(combinations(other, n)))
        assert max(len(one), len(other)) - stay <= len(found) <= len(one) + len(other) - 2 * stay


def test_hostile_documents() -> None:
    wide = [
        HEADER + b"\x45" + b"".join(b"\x46\x03%d\x00\x01" % (n * k) for n in range(8_000)) + b"\x01" for k in (1, 3)
    ]
    deep = [HEADER + b"\x45" * 255 + b"\x4b\x03" + value + b"\x00\x01" + b"\x01" * 255 for value in (b"a", b"b")]
    alike = [HEADER + b"\x45" + b"\x46\x03a\x00\x01" * count + b"\x01" for count in (8_000, 6_000)]
    for pair in (wide, deep, alike):
        one, other = (wbxml.decode(data) for data in pair)
        with bounded(sum(map(len, pair)) * 8):
            found = compare(one, other, raw=True)
        assert 0 < len(found) <= MOST_TOLD
        assert max(len(line) for line in lines(found)) < 2000
    assert len(compare(*(wbxml.decode(data) for data in deep))) == 1


# -- The command -----------------------------------------------------------------------------------------------------


def test_exit_codes(run: Run, tmp_path: Path) -> None:
    one, other, bad = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    one.write_bytes(sync(add("1:1", "a")).raw)
    other.write_bytes(sync(add("1:1", "b")).raw)
    bad.write_bytes(b"\x03\x01")
    assert run("diff", one, one) == (0, b"", "")
    code, out, err = run("diff", one, other)
    path = f"{COLLECTION}/Commands/Add[ServerId=1:1]/ApplicationData/Email:Subject"
    assert (code, out.decode(), err) == (1, f"~ {path} (offset 29): 'a' -> 'b'\n", "")
    assert run("diff", one, "-", stdin=one.read_bytes()) == (0, b"", "")
    assert run("diff", "-", one, stdin=other.read_bytes())[0] == 1
    assert run("diff", one, bad) == (2, b"", f"wbxml: {bad}: the document ends too early at offset 2\n")
    assert run("diff", bad, one)[2].startswith(f"wbxml: {bad}: ")
    missing = tmp_path / "missing"
    assert run("diff", one, missing) == (2, b"", f"wbxml: {missing}: No such file or directory\n")
    assert run("diff", "-", "-") == (2, b"", "wbxml: only one of the two documents can come from stdin\n")
    assert run("diff", one)[0] == 2
    target = tmp_path / "out"
    assert run("diff", one, other, "-o", target) == (1, b"", "")
    assert target.read_text("utf-8").startswith("~ AirSync:Sync/")


def test_xml_beside_wbxml(run: Run, tmp_path: Path) -> None:
    doc = sync(add("1:1", "ü"))
    binary, text, wide = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    binary.write_bytes(doc.raw)
    text.write_text("\n" + wbxml.to_xml(doc, indent=2).partition("\n")[2], "utf-8")
    wide.write_bytes(wbxml.to_xml(doc).replace("1.0", '1.0" encoding="utf-16').encode("utf-16"))
    for other in (text, wide):
        assert run("diff", binary, other) == (0, b"", "")
        assert run("diff", other, binary) == (0, b"", "")
    text.write_text(wbxml.to_xml(sync(add("1:1", "x"))), "utf-8")
    found = json.loads(run("diff", "--json", binary, text)[1])
    assert found["offsets"] == [29, None]
    assert b"(offset 29)" in run("diff", text, binary)[1]
    assert b"offset" not in run("diff", text, wide)[1]
    text.write_text("<Nonsense/>")
    assert run("diff", binary, text)[0] == 2


def test_json(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(document("45 4B C3 02 FF FE 01 01"))
    other.write_bytes(document("45 4B 03 61 00 01 4C 03 62 00 01 01"))
    code, out, _ = run("diff", "--json", one, other)
    assert code == 1
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "kind": "changed", "path": "AirSync:Sync/SyncKey", "offsets": [5, 5],
            "before": {"base64": "//4="}, "after": "a",
        },
        {
            "kind": "added", "path": "AirSync:Sync/ClientId", "offsets": [None, 10],
            "before": None, "after": {"tag": "AirSync:ClientId", "offset": 10, "text": "b"},
        },
    ]  # fmt: skip


def test_raw(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(document("4B 03 61 00 01"))
    other.write_bytes(document("4B C3 01 61 01"))
    assert run("diff", one, other) == (0, b"", "")
    assert run("diff", "--raw", one, other) == (
        1, b"~ AirSync:SyncKey (offset 4): inline string -> opaque\n", "",
    )  # fmt: skip


def test_colours(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(document("4B 03 61 00 01"))
    other.write_bytes(document("4B 03 62 00 01"))
    assert run("diff", "--colour=always", one, other)[1].startswith(b"\x1b[33m~ ")
    assert b"\x1b" not in run("diff", one, other)[1]
    assert b"\x1b[33m" in on_a_terminal("diff", str(one), str(other), stdin=b"")
    assert b"\x1b" not in on_a_terminal("diff", str(one), str(other), stdin=b"", NO_COLOR="1")


def test_more_than_anybody_reads(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(document("45 06 01"))
    other.write_bytes(HEADER + b"\x45" + b"\x06" * (MOST_TOLD + 5) + b"\x01")
    code, out, err = run("diff", one, other)
    assert (code, out.count(b"\n")) == (1, MOST_TOLD)
    assert err == f"wbxml: there may be more differences than these {MOST_TOLD}\n"
