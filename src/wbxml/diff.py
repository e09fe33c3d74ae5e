"""What differs between two documents, as trees: `wbxml diff`.

Children are in order. One with an identifier (ServerId, ClientId and so on) is the same as the one with the same
identifier, also where that stands elsewhere among its siblings, and the only one of its name is the same as the only
one there; the others are aligned so that what is equal stays, and what is not is paired by its name. Equal elements of
both documents get the same number first, so that nothing is compared twice.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import NamedTuple

from .kernel import kernel
from .tokenstream import printable, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence
    from typing import Any

    from ._kernel_py import Document, Element

    _Key = tuple[str, str]
    _Path = tuple[Any, str]  # that of the parent, or None, and what this element is called

IDENTIFIERS = (
    "ServerId",
    "ClientId",
    "CollectionId",
    "LongId",
    "FileReference",
    "RequestId",
    "SrcMsgId",
    "InstanceId",
    "PolicyType",
    "Id",
    "Email",
    "EmailAddress",
)
"""The names of elements whose text tells their parent from its siblings; the first that is there counts."""

_NEAR_THE_FRONT = 16
"""Among so many of the first children an identifier is looked for."""

_MOST_PAIRS = 1 << 20
"""How many pairs of siblings without identifiers are looked at, in all: half a second's work. Beyond, only those are
known again that are equal to none of their siblings."""

MOST_TOLD = 10_000
"""How many differences are told; nobody reads more, and each takes memory."""

_LEVELS_SHOWN = 24
"""How many levels of a path are shown: the deepest real document has under 20."""

_SHOWN_TEXT, _SHOWN_BYTES, _SHOWN_LEAVES, _BEFORE_CHANGE = 60, 24, 4, 12
_COLOURS = {"added": "\x1b[32m", "removed": "\x1b[31m"}
_OTHER, _PLAIN = "\x1b[33m", "\x1b[0m"
_SIGNS = {"added": "+", "removed": "-", "moved": ">"}
_FORMS = {
    "str_i": "inline string",
    "str_t": "string table",
    "opaque": "opaque",
    "entity": "entity",
    "ext_i": "extension",
    "ext_t": "extension",
    "ext": "extension",
}


class Difference(NamedTuple):
    """One difference. ``kind`` is "added", "removed", "changed", "moved", "attributes" or "encoding".

    ``path`` names the element by its tags, with an identifier or a number where siblings have its name. ``before`` and
    ``after`` are what there was and is: an Element that was removed or added, and None on the other side; content that
    has changed, a str, bytes where it is no text, or None for none; the attributes; the places of what has moved among
    its siblings, from 0; how it is encoded, in words. ``offsets`` are those of the element in the two documents.
    """

    kind: str
    path: str
    offsets: tuple[int | None, int | None]
    before: Any
    after: Any


def compare(before: Document, after: Document, *, raw: bool = False) -> list[Difference]:
    """What differs between two documents, in the order of the first; what was added, behind what it stands behind.

    Opaque data is the same as the text that it holds, and it does not matter where text is kept. With ``raw``, all that
    differs between the bytes is told, also where the trees are the same ("encoding"). No more than MOST_TOLD are told.
    """
    return list(islice(_Comparison(before, after, raw).differences(), MOST_TOLD))


class _Comparison:
    def __init__(self, before: Document, after: Document, raw: bool) -> None:
        self._documents = before, after
        self._raw = raw
        self._known: dict[Hashable, int] = {}
        self._numbers = self._numbers_of(before), self._numbers_of(after)
        self._forms = (_forms_of(before), _forms_of(after)) if raw else ({}, {})
        self._pairs_left = _MOST_PAIRS

    def differences(self) -> Iterator[Difference]:
        before, after = self._documents
        told = False
        if self._raw:
            for name in ("version", "public_id", "charset", "string_table"):
                values = getattr(before, name), getattr(after, name)
                if values[0] != values[1]:
                    told = True
                    yield Difference("encoding", f"header: {name}", (0, 0), *values)
        one, other = before.root, after.root
        if one.tag != other.tag:
            yield Difference("removed", printable(one.tag), (one.offset, None), one, None)
            yield Difference("added", printable(other.tag), (None, other.offset), None, other)
            return
        waiting: list[Any] = [(one, other, (None, printable(one.tag)))]
        while waiting:
            found = waiting.pop()
            if isinstance(found[0], Difference):
                told = True
                yield found[0]._replace(path=_written(found[1]))
            elif self._raw or self._number(0, found[0]) != self._number(1, found[1]):
                waiting += reversed(list(self._pair(*found)))
        if self._raw and not told and before.raw != after.raw:
            # No element has to do with it: an integer in more bytes than it needs, a change to the page there was.
            pairs = zip(tokens(before.raw, pages=before.pages), tokens(after.raw, pages=after.pages), strict=False)
            first, second = next(pair for pair in pairs if pair[0].raw != pair[1].raw)
            offsets = first.offset, second.offset
            yield Difference("encoding", f"token: {first.kind}", offsets, first.raw.hex(" "), second.raw.hex(" "))

    def _numbers_of(self, document: Document) -> dict[int, int]:
        """A number for each element of a document, by its offset."""
        found: dict[int, int] = {}
        # From the last to the first: what an element holds stands behind its start.
        for element in reversed(list(document.root.iter())):
            held: list[Hashable] = [element.tag, *element.attrib.items(), None]
            held += [found[piece.offset] if isinstance(piece, kernel.Element) else piece for piece in _content(element)]
            found[element.offset] = self._known.setdefault(tuple(held), len(self._known))
        return found

    def _number(self, side: int, piece: Any) -> Any:
        """What is equal for equal pieces of content, and for no others."""
        return self._numbers[side][piece.offset] if isinstance(piece, kernel.Element) else piece

    def _pair(self, one: Element, other: Element, path: _Path) -> Iterator[Any]:
        """The differences between two elements with the same tag, with their paths, and the pairs to go on with."""
        offsets = one.offset, other.offset
        if one.attrib != other.attrib:
            yield Difference("attributes", "", offsets, one.attrib, other.attrib), path
        contents = _content(one), _content(other)
        forms = self._forms[0].get(one.offset), self._forms[1].get(other.offset)
        if forms[0] != forms[1] and _texts(contents[0]) == _texts(contents[1]):
            yield Difference("encoding", "", offsets, *forms), path
        if not len(one) and not len(other):
            if contents[0] != contents[1]:
                yield Difference("changed", "", offsets, *[_value(content) for content in contents]), path
            return
        names = _names(one, contents[0]), _names(other, contents[1])
        for i, j, moved in self._aligned(contents):
            a, b = None if i is None else contents[0][i], None if j is None else contents[1][j]
            places = getattr(a, "offset", None), getattr(b, "offset", None)
            name = path, names[1][j or 0] if i is None else names[0][i]
            if isinstance(a, kernel.Element) and isinstance(b, kernel.Element):
                if moved:
                    yield Difference("moved", "", places, i, j), name
                yield a, b, name
            elif isinstance(a, kernel.Element):
                yield Difference("removed", "", places, a, None), name
            elif isinstance(b, kernel.Element):
                yield Difference("added", "", places, None, b), name
            elif a != b:
                yield Difference("changed", "", offsets, *[_value([] if it is None else [it]) for it in (a, b)]), path

    def _aligned(self, contents: tuple[list[Any], list[Any]]) -> list[tuple[int | None, int | None, bool]]:
        """The places in both contents that belong together, None for none, and whether what is there has moved."""
        keys = [_key(piece) for piece in contents[0]], [_key(piece) for piece in contents[1]]
        pairs: dict[int, int] = {}
        places: dict[_Key, list[int]] = {}
        for j in range(len(keys[1]) - 1, -1, -1):
            if keys[1][j][1]:
                places.setdefault(keys[1][j], []).append(j)
        for i, key in enumerate(keys[0]):
            if key[1] and places.get(key):
                pairs[i] = places[key].pop()
        # The only one of its name is the same one, with another identifier.
        only = _only(keys[0]), _only(keys[1])
        for tag, i in only[0].items():
            if tag in only[1] and (keys[0][i][1] or keys[1][only[1][tag]][1]):
                pairs[i] = only[1][tag]
        stayed = _rising(sorted(pairs.items()))
        moved = pairs.keys() - {i for i, _ in stayed}
        taken = set(pairs.values())
        # Between those that have stayed: what has no identifier.
        start_i = start_j = 0
        for i, j in [*stayed, (len(keys[0]), len(keys[1]))]:
            left = [k for k in range(start_i, i) if not keys[0][k][1] and k not in pairs]
            right = [k for k in range(start_j, j) if not keys[1][k][1] and k not in taken]
            if left and right:
                pairs.update(self._matched(contents, keys, left, right))
            start_i, start_j = i + 1, j + 1
        return _in_order(pairs, moved, len(keys[0]), len(keys[1]))

    def _matched(
        self,
        contents: tuple[list[Any], list[Any]],
        keys: tuple[list[_Key], list[_Key]],
        left: list[int],
        right: list[int],
    ) -> Iterator[tuple[int, int]]:
        """The pairs among siblings without identifiers: those that are equal, and those between them by their names."""
        numbers = [self._number(0, contents[0][k]) for k in left], [self._number(1, contents[1][k]) for k in right]
        if numbers[0] == numbers[1]:
            equal = [(k, k) for k in range(len(left))]
        elif len(left) * len(right) <= self._pairs_left:
            self._pairs_left -= len(left) * len(right)
            equal = _longest(*numbers)
        else:
            equal = _unique(*numbers)
        start_a = start_b = 0
        for a, b in [*equal, (len(left), len(right))]:
            waiting: dict[_Key, list[int]] = {}
            for k in range(b - 1, start_b - 1, -1):
                waiting.setdefault(keys[1][right[k]], []).append(k)
            last = -1
            for k in range(start_a, a):
                others = waiting.get(keys[0][left[k]], [])
                while others and others[-1] < last:
                    others.pop()
                if others:
                    last = others.pop()
                    yield left[k], right[last]
            if a < len(left):
                yield left[a], right[b]
            start_a, start_b = a + 1, b + 1


def _content(element: Element) -> list[Any]:
    """The content: Elements, and between them text and opaque data joined to bytes; instructions as they are."""
    found: list[Any] = []
    for piece in element.nodes:
        if isinstance(piece, str):
            data = piece.encode()
        elif isinstance(piece, memoryview):
            data = bytes(piece)
        else:
            found.append(piece)
            continue
        if found and isinstance(found[-1], bytes):
            found[-1] += data
        else:
            found.append(data)
    return found


def _texts(content: list[Any]) -> list[Any]:
    return [piece for piece in content if not isinstance(piece, kernel.Element)]


def _value(content: Sequence[Any]) -> Any:
    """The content of an element without children: a str, bytes where it is no text, or None where there is none."""
    if not content:
        return None
    try:
        return content[0].decode() if len(content) == 1 and isinstance(content[0], bytes) else str(content)
    except UnicodeDecodeError:
        return content[0]


def _key(piece: Any) -> _Key:
    """The name of a piece of content, and its identifier, "" for none."""
    if not isinstance(piece, kernel.Element):
        return ("", "")
    if len(piece):
        held: dict[str, str] = {}
        for child, _ in zip(piece, range(_NEAR_THE_FRONT), strict=False):
            if child.tag.name in IDENTIFIERS and child.text:
                held.setdefault(child.tag.name, child.text)
        for name in IDENTIFIERS:
            if name in held:
                return (piece.tag, f"{name}={held[name]}")
    return (piece.tag, "")


def _only(keys: list[_Key]) -> dict[str, int]:
    """The places of the elements whose tag none of their siblings has."""
    found: dict[str, int] = {}
    for place, (tag, _) in enumerate(keys):
        found[tag] = -1 if tag in found or not tag else place
    return {tag: place for tag, place in found.items() if place >= 0}


def _names(parent: Element, content: list[Any]) -> list[str]:
    """What each element is called among its siblings: its tag, with the namespace where that is not its parent's."""
    keys = [_key(piece) for piece in content]
    counts: dict[_Key, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    seen: dict[_Key, int] = {}
    found = []
    for piece, key in zip(content, keys, strict=True):
        seen[key] = seen.get(key, 0) + 1
        name = ""
        if isinstance(piece, kernel.Element):
            name = printable(piece.tag.name if piece.tag.namespace == parent.tag.namespace else piece.tag)
            name += f"[{_cut(key[1])}]" if key[1] else ""
        found.append(f"{name}[{seen[key]}]" if counts[key] > 1 else name)
    return found


def _written(path: _Path) -> str:
    found: list[str] = []
    level: _Path | None = path
    while level is not None:
        found.append(level[1])
        level = level[0]
    if len(found) > _LEVELS_SHOWN:
        found[_LEVELS_SHOWN - 1 : -1] = ["..."]
    return "/".join(reversed(found))


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most of the pairs, which rise by their first, that rise by their second, too."""
    ends: list[int] = []  # the lowest second on which a run of this length ends
    last: list[int] = []  # and which pair that is
    before: list[int] = []
    for number, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        last[length : length + 1] = [number]
    found, number = [], last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _longest(one: list[Any], other: list[Any]) -> list[tuple[int, int]]:
    """The places of the longest run of equal items that stand in both lists in the same order."""
    lengths = [[0] * (len(other) + 1)]
    for item in reversed(one):
        below, row = lengths[-1], [0]
        for k in range(len(other) - 1, -1, -1):
            row.append(below[len(row) - 1] + 1 if other[k] == item else max(row[-1], below[len(row)]))
        lengths.append(row)
    # lengths[-1 - i][len(other) - j] is that of what follows one[i] and other[j], these included.
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[len(one) - i - 1][len(other) - j] >= lengths[len(one) - i][len(other) - j - 1]:
            i += 1
        else:
            j += 1
    return found


def _unique(one: list[Any], other: list[Any]) -> list[tuple[int, int]]:
    """The places of items that stand once in each list, as far as they are in the same order in both."""
    once = []
    for items in (one, other):
        counts: dict[Any, int] = {}
        for item in items:
            counts[item] = counts.get(item, 0) + 1
        once.append({item: place for place, item in enumerate(items) if counts[item] == 1})
    return _rising([(place, once[1][item]) for item, place in once[0].items() if item in once[1]])


def _in_order(
    pairs: dict[int, int], moved: Iterable[int], count: int, other_count: int
) -> list[tuple[int | None, int | None, bool]]:
    """All places of the first content with their partners, and behind each what follows it in the second alone."""
    partner = {j: i for i, j in pairs.items()}
    behind: dict[int, list[int]] = {}
    last = -1
    for j in range(other_count):
        last = partner.get(j, last)
        if j not in partner:
            behind.setdefault(last, []).append(j)
    moved = set(moved)
    found: list[tuple[int | None, int | None, bool]] = []
    for i in range(-1, count):
        if i >= 0:
            found.append((i, pairs.get(i), i in moved))
        found += [(None, j, False) for j in behind.get(i, ())]
    return found


def _forms_of(document: Document) -> dict[int, str]:
    """How the content of each element is encoded, in words, by its offset."""
    found: dict[int, str] = {}
    levels: list[tuple[int, bool, list[str]]] = []
    for token in tokens(document.raw, pages=document.pages):
        if token.kind in ("tag", "literal"):
            found[token.offset] = "no content"
            if token.content or token.attributes:
                levels.append((token.offset, token.content, []))
        elif token.kind in _FORMS and levels:
            levels[-1][2].append(_FORMS[token.kind])
        # Attributes end before the content does, and with the element where there is none.
        elif token.kind == "end" and levels and token.value == ("element" if levels[-1][1] else "attributes"):
            offset, _, forms = levels.pop()
            found[offset] = ", ".join(forms) or "content of nothing"
    return found


# -- As text ---------------------------------------------------------------------------------------------------------


def lines(differences: Iterable[Difference], *, colour: bool = False) -> Iterator[str]:
    """Each difference as a line: a sign (+ added, - removed, > moved, ~ changed), the path, offsets, and what it is.

    Long values are cut; ``colour`` adds the escape sequences of terminals.
    """
    for one in differences:
        offsets = [f"{offset}" for offset in one.offsets if offset is not None]
        where = f" (offset {' -> '.join(dict.fromkeys(offsets))})" if offsets else ""
        line = f"{_SIGNS.get(one.kind, '~')} {one.path}{where}: {_what(one)}"
        yield f"{_COLOURS.get(one.kind, _OTHER)}{line}{_PLAIN}" if colour else line


def _what(one: Difference) -> str:
    if one.kind == "added":
        return _summary(one.after)
    if one.kind == "removed":
        return _summary(one.before)
    if one.kind == "moved":
        return f"from place {one.before + 1} to place {one.after + 1}"
    if one.kind == "encoding" and isinstance(one.before, str) and isinstance(one.after, str):
        return f"{printable(one.before)} -> {printable(one.after)}"
    start = 0
    if type(one.before) is type(one.after) and isinstance(one.before, (str, bytes)):
        # Of long values, from shortly before the place where they part.
        limit = min(len(one.before), len(one.after))
        place = next((k for k in range(limit) if one.before[k] != one.after[k]), limit)
        longest = max(len(one.before), len(one.after))
        if longest > (_SHOWN_TEXT if isinstance(one.before, str) else _SHOWN_BYTES):
            start = max(0, place - _BEFORE_CHANGE)
    return f"{_readable(one.before, start)} -> {_readable(one.after, start)}"


def _summary(element: Element) -> str:
    """An element in a line: its content, or how many elements it is and its first texts."""
    content = _content(element)
    if not len(element):
        return _readable(_value(content))
    count, shown = 0, list[str]()
    for inner in element.iter():
        count += 1
        if not len(inner) and len(shown) <= _SHOWN_LEAVES and (value := _value(_content(inner))) is not None:
            shown.append(f"{printable(inner.tag.name)} {_readable(value)}")
    if len(shown) > _SHOWN_LEAVES:
        shown[_SHOWN_LEAVES:] = ["..."]
    return f"{count} elements: {', '.join(shown)}" if shown else f"{count} elements"


def _readable(value: Any, start: int = 0) -> str:
    """A value from ``start`` on, cut where it is long, without what a terminal could take for a command."""
    if value is None:
        return "empty"
    dots = "..." if start else ""
    if isinstance(value, bytes):
        data = value[start : start + _SHOWN_BYTES]
        end = "..." if start + len(data) < len(value) else ""
        return f"opaque {dots}{data.hex()}{end} ({len(value)} bytes)"
    if not isinstance(value, str):
        return _cut(repr(value), 4 * _SHOWN_TEXT)
    part = value[start : start + _SHOWN_TEXT]
    if start + len(part) < len(value):
        return f"{dots}{part!r}... ({len(value)} characters)"
    return f"{dots}{part!r}"


def _cut(text: str, length: int = _SHOWN_TEXT) -> str:
    return printable(text if len(text) <= length else f"{text[:length]}...")


__all__ = ["Difference", "compare", "lines"]
