"""What must hold for any bytes: both kernels agree, only documented errors come out, and nothing is lost on the way.

The fuzzers call check() with what they make up, tests/wbxml/test_fuzz.py with the kept corpus.
"""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import wbxml
from wbxml import ACTIVESYNC, CodePages, EncodeError, Limits, WBXMLError, _kernel_py

from ..wbxml.languages import SERVICE_INDICATION, WML_1_1

try:
    from wbxml import _kernel

    KERNELS: tuple[Any, ...] = (_kernel, _kernel_py)
except ImportError:
    KERNELS = (_kernel_py,)

# Small, so that a document that is only large does not take the fuzzer's time.
LIMITS = Limits(max_depth=100, max_elements=10_000, max_size=1 << 20, max_expanded=1 << 16)
LANGUAGES: tuple[CodePages, ...] = (ACTIVESYNC, ACTIVESYNC, SERVICE_INDICATION, WML_1_1)


def check(data: bytes) -> None:
    """Raises AssertionError, or what else should not come out, where the codec does not do with bytes as it must."""
    pages = LANGUAGES[data[-1] & 3 if data else 0]
    strict = same([outcome(partial(strictly, kernel, data, pages)) for kernel in KERNELS])
    lenient = same([snapshot(leniently(kernel, data, pages)) for kernel in KERNELS])
    assert b"".join([token.raw for token in wbxml.tokens(data, pages=pages)]) == data
    assert wbxml.dump(data, pages=pages)
    if isinstance(strict, list):
        assert lenient == strict
        document(data, pages, strict)
    else:
        # What limits stop need be no mistake.
        assert lenient[-1] or strict[0] is wbxml.LimitError
        written = same([outcome(partial(kernel.encode, leniently(kernel, data, pages))) for kernel in KERNELS])
        assert isinstance(written, bytes) or written[0] is EncodeError
    chunks(data, pages, lenient)
    if b"<" in data[:8]:
        made = outcome(partial(wbxml.from_xml, data, pages=pages))
        if isinstance(made, bytes):
            outcome(partial(wbxml.decode, made, pages=pages))
        else:
            assert made[0] is EncodeError


def strictly(kernel: Any, data: bytes, pages: CodePages) -> list[Any]:
    return snapshot(kernel.decode(data, pages=pages, limits=LIMITS))


def leniently(kernel: Any, data: bytes, pages: CodePages) -> Any:
    return kernel.decode(data, pages=pages, limits=LIMITS, lenient=True)


def document(data: bytes, pages: CodePages, tree: list[Any]) -> None:
    """What holds for a document that was decoded strictly."""
    docs = [kernel.decode(data, pages=pages, limits=LIMITS) for kernel in KERNELS]
    written = same([outcome(partial(kernel.encode, doc)) for kernel, doc in zip(KERNELS, docs, strict=True)])
    if not isinstance(written, bytes):
        # Deeper than what is written by default, or a name that only reading can have.
        assert written[0] is EncodeError
        return
    wanted = without_offsets(tree)[4:]
    for kernel in KERNELS:
        doc = kernel.decode(written, pages=pages)
        assert without_offsets(snapshot(doc))[4:] == wanted
        assert kernel.encode(doc) == written
        compact = kernel.encode(doc, string_table=True)
        assert len(compact) <= len(written)
        assert without_offsets(snapshot(kernel.decode(compact, pages=pages)))[4:] == wanted
    for doc in docs:
        assert snapshot(pickle.loads(pickle.dumps(doc))) == tree
    doc = wbxml.decode(data, pages=pages, limits=LIMITS)
    assert wbxml.from_xml(wbxml.to_xml(doc), pages=pages) == written
    assert wbxml.from_xml(wbxml.to_xml(doc, indent=1), pages=pages) == written
    assert wbxml.encode(wbxml.to_etree(doc), pages=pages) == wbxml.encode(doc.root)


def chunks(data: bytes, pages: CodePages, tree: list[Any]) -> None:
    """What holds for a document that comes in chunks."""
    tags = [element[0] for element in elements(tree)] or ["Page200:0x05"]
    seed = sum(data[-8:])
    path = tags[seed % len(tags)]
    try:
        wbxml.Decoder([path], pages=pages)
    except ValueError:  # a name that a document brings itself need be none that a path can have
        path = "Page200:0x05"
    size = seed % 7 + 1 if len(data) < 2000 else 97
    same([fed(kernel.Decoder([path], pages=pages, limits=LIMITS), data, size) for kernel in KERNELS])


def fed(decoder: Any, data: bytes, size: int) -> list[Any]:
    """The values, and the error in the end."""
    found: list[Any] = []
    try:
        for start in range(0, len(data), size):
            found += [tree_of(match.value) for match in decoder.feed(data[start : start + size])]
        decoder.close()
    except WBXMLError as error:
        found.append((type(error), str(error)))
    return found


def same(results: list[Any]) -> Any:
    for one in results:
        assert one == results[0], results
    return results[0]


def outcome(call: Any) -> Any:
    """What the call returns, or its error as plain values."""
    try:
        return call()
    except WBXMLError as error:
        return type(error), str(error), getattr(error, "offset", None)


def snapshot(doc: Any) -> list[Any]:
    """A Document as plain values."""
    return [
        doc.version,
        doc.public_id,
        doc.charset,
        doc.string_table,
        doc.prolog,
        doc.epilog,
        [tree_of(root) for root in doc.roots],
        doc.problems,
    ]


def tree_of(root: Any) -> Any:
    """An element as plain values, without recursion."""
    made: list[Any] = []
    levels = [(made, iter([root]))]
    while levels:
        content, nodes = levels[-1]
        node = next(nodes, None)
        if node is None:
            levels.pop()
        elif hasattr(node, "pieces"):
            inner: list[Any] = []
            content.append((str(node.tag), node.offset, node.attrib, node.text, node.data, len(node), inner))
            levels.append((inner, iter(node.nodes)))
        elif isinstance(node, memoryview):
            content.append(bytes(node))
        else:
            content.append((repr(node),))
    return made[0]


def elements(tree: list[Any]) -> list[Any]:
    """All elements of a snapshot."""
    found, rest = [], list(tree[6])
    while rest:
        element = rest.pop()
        found.append(element)
        rest += [node for node in element[6] if isinstance(node, tuple) and len(node) > 1]
    return found


def without_offsets(tree: list[Any]) -> list[Any]:
    """A snapshot without what writing it anew changes: offsets, and how the numbers of string references come out."""
    roots: list[Any] = []
    levels: list[Any] = [(roots, root) for root in tree[6]]
    while levels:
        content, node = levels.pop()
        if isinstance(node, tuple) and len(node) > 1:
            tag, _, attributes, text, data, count, inner = node
            mine: list[Any] = []
            content.append((tag, attributes, text, data, count, mine))
            levels += [(mine, one) for one in reversed(inner)]
        elif isinstance(node, tuple) and "string=" in node[0]:
            content.append((node[0].partition("string=")[2],))
        else:
            content.append(node)
    return [*tree[:6], roots, tree[7]]
