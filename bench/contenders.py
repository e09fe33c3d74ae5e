"""Those that wbxml is compared with, and wbxml itself: each reads the same documents in its own format.

A contender has jobs by their names: "decode" what it is for; "fields", which reads two fields of every item; "walk",
which touches every name and value once; "encode". Each has a source, made outside of the measured time, and is checked
once before it is timed. One that is not installed raises ImportError (or OSError) when it is made.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from typing import Any, ClassVar
from xml.etree import ElementTree

import wbxml
from wbxml import Tag

from . import documents, models

ITEMS = "AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add/AirSync:ApplicationData"
FIELDS = {
    "b": ("FolderHierarchy:Changes/FolderHierarchy:Add", "FolderHierarchy:ServerId", "FolderHierarchy:DisplayName"),
    "c": (ITEMS, "Email:Subject", "Email:DateReceived"),
    "d": (ITEMS, "Email:Subject", "Email:DateReceived"),
    "e": (ITEMS, "Email:Subject", "Email:DateReceived"),
    "f": (ITEMS, "Contacts:FileAs", "Contacts:Email1Address"),
    "g": (ITEMS, "Calendar:Subject", "Calendar:StartTime"),
}
"""Where the items of a document are, and two fields of each."""


@dataclass(frozen=True)
class Sample:
    """One document in every form that a contender may need."""

    kind: str
    seed: int
    data: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", documents.wbxml_of(self.content))

    @property
    def content(self) -> Any:
        return documents.content(self.kind, self.seed)

    @cached_property
    def plain(self) -> Any:
        """The document as JSON has it: tag names and text."""
        tag, content = self.content
        return {tag.name: documents.plain(content)}

    @cached_property
    def values(self) -> Any:
        """The same with numbers, booleans and dates, by the names of the models' fields."""
        return models.values(wbxml.decode(self.data, type=models.ROOTS[self.kind]))

    @cached_property
    def xml(self) -> str:
        return wbxml.to_xml(self.data)

    @cached_property
    def count(self) -> int:
        """How many elements there are."""
        return sum(1 for tag, _ in documents.events(self.content) if tag is not None)

    @cached_property
    def two_fields(self) -> list[tuple[str, str]]:
        """The two fields of every item that "fields" reads."""
        found = []
        _, first, second = FIELDS[self.kind]
        current: dict[str, str] = {}
        for tag, value in documents.events(self.content):
            if tag in (first, second):
                current.setdefault(str(tag), value)
            if len(current) == 2:
                found.append((current.pop(first), current.pop(second)))
        return found


class Contender:
    """The base of them all. ``jobs`` says what it can do, and with which kinds of documents."""

    name: ClassVar[str]
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefgh"}

    @property
    def version(self) -> str:
        return version(self.name)

    def source(self, sample: Sample) -> Any:
        """What decode() takes."""
        return sample.data

    def decode(self, source: Any) -> Any:
        raise NotImplementedError

    def check(self, job: str, sample: Sample) -> None:
        """Raises AssertionError where the answer is wrong."""
        raise NotImplementedError

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        """What each call of a job takes: freshly built where it is to be encoded."""
        return [self.source(sample) for sample in samples]

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        """The function that is timed."""
        found: Callable[[Any], Any] = getattr(self, job)
        return found


class Wbxml(Contender):
    """wbxml, to a Document."""

    name = "wbxml"
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefgh", "fields": "bcdefg", "walk": "bcdefg"}

    def __init__(self, kernel: Any = wbxml) -> None:
        self.kernel = kernel
        self.decode = kernel.decode

    @property
    def version(self) -> str:
        return version("activesync")

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        if job == "fields":
            return self._fields(kind)
        return self.decode if job == "decode" else self.walk

    def _fields(self, kind: str) -> Callable[[bytes], list[tuple[Any, Any]]]:
        decode = self.decode
        path, first, second = FIELDS[kind]

        def read(data: bytes) -> list[tuple[Any, Any]]:
            return [(item.findtext(first), item.findtext(second)) for item in decode(data).root.findall(path)]

        return read

    def walk(self, data: bytes) -> int:
        count = 0
        for element in self.decode(data).root.iter():
            element.tag  # noqa: B018 - it is made by asking for it
            element.text  # noqa: B018
            count += 1
        return count

    def check(self, job: str, sample: Sample) -> None:
        if job == "fields":
            assert self._fields(sample.kind)(sample.data) == sample.two_fields
        elif job == "walk":
            assert self.walk(sample.data) == sample.count
        else:
            root = self.decode(sample.data).root
            assert {root.tag.name: plain_of(root, bytes.hex)} == sample.plain


class WbxmlModels(Contender):
    """wbxml, to models, and from models."""

    name = "wbxml, models"
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefg", "encode": "abcdefg"}

    def __init__(self, kernel: Any = wbxml) -> None:
        self.kernel = kernel
        self.encode = kernel.encode

    @property
    def version(self) -> str:
        return version("activesync")

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        if job == "encode":
            return self.encode
        decode, model = self.kernel.decode, models.ROOTS[kind]
        return lambda data: decode(data, type=model)

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        if job == "decode":
            return [sample.data for sample in samples]
        return [wbxml.decode(sample.data, type=models.ROOTS[sample.kind]) for sample in samples]

    def check(self, job: str, sample: Sample) -> None:
        model = self.call("decode", sample.kind)(sample.data)
        assert not model.problems
        assert models.values(model) == sample.values
        assert self.encode(model) == sample.data


class LibWbxml(Contender):
    """libwbxml, which SOGo and others link: to XML and from XML, the only ways that it has."""

    name = "libwbxml"
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefg", "encode": "abcdefg"}
    _ACTIVESYNC, _COMPACT, _VERSION_1_3 = 2402, 0, 3

    def __init__(self) -> None:
        self._lib = ctypes.CDLL("libwbxml2.so.1")

    @property
    def version(self) -> str:
        found = [path for path in ctypes.util.find_library("wbxml2") or "" if path]
        return "".join(found).removeprefix("libwbxml2.so.") or "?"

    def _convert(self, way: str, data: bytes, *settings: tuple[str, int | None]) -> bytes:
        lib = self._lib
        converter, out, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint32()
        assert getattr(lib, f"wbxml_conv_{way}_create")(ctypes.byref(converter)) == 0
        for name, value in settings:
            getattr(lib, f"wbxml_conv_{way}_{name}")(converter, *([] if value is None else [value]))
        run = getattr(lib, f"wbxml_conv_{way}_run")
        code = run(converter, data, len(data), ctypes.byref(out), ctypes.byref(size))
        getattr(lib, f"wbxml_conv_{way}_destroy")(converter)
        assert code == 0, code
        made = ctypes.string_at(out, size.value)
        lib.wbxml_free(out)
        return made

    def decode(self, source: bytes) -> bytes:
        return self._convert(
            "wbxml2xml",
            source,
            ("set_gen_type", self._COMPACT),
            ("set_language", self._ACTIVESYNC),
            ("enable_preserve_whitespaces", None),
        )

    def encode(self, text: bytes) -> bytes:
        return self._convert(
            "xml2wbxml",
            text,
            ("set_version", self._VERSION_1_3),
            ("enable_preserve_whitespaces", None),
            ("disable_string_table", None),
            ("disable_public_id", None),
        )

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        return [sample.data if job == "decode" else self.decode(sample.data) for sample in samples]

    def check(self, job: str, sample: Sample) -> None:
        text = self.decode(sample.data)
        if job == "decode":
            assert sum(1 for _ in ElementTree.fromstring(text).iter()) == sample.count
        else:
            # XML turns the ends of lines into one character each.
            written = wbxml.decode(self.encode(text))
            assert sum(1 for _ in written.root.iter()) == sample.count


class PyActiveSync(Contender):
    """pyactivesync, the other client in Python. It knows neither page 4 nor 22: for encoding, it is lent ours."""

    name = "pyactivesync"
    jobs: ClassVar[dict[str, str]] = {"decode": "bcfg", "encode": "bcfg"}

    def __init__(self) -> None:
        self._codec = import_module("pyactivesync._wbxml")
        pages = import_module("pyactivesync._codepages")
        self._pages, self._numbers = pages.CODEPAGES, pages.PAGE_INDEX

    def decode(self, source: bytes) -> Any:
        return self._codec.WBXMLReader(source).parse()

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        if job == "decode":
            return [sample.data for sample in samples]
        return [self._built(sample.content) for sample in samples]

    def _built(self, content: Any) -> Any:
        tag, value = content
        self._lend(tag)
        if isinstance(value, list):
            inner = [self._built(one) for one in value]
            return self._codec.wtag(tag.namespace, tag.name, inner or None)
        kind = "text" if isinstance(value, str) else "opaque"
        return self._codec.wtag(tag.namespace, tag.name, **{kind: value})

    def _lend(self, tag: Tag) -> None:
        self._numbers.setdefault(tag.namespace, tag.page)
        self._pages.setdefault(tag.namespace, {}).setdefault(tag.name, tag.token)

    def encode(self, build: Any) -> bytes:
        writer = self._codec.WBXMLWriter()
        build(writer)
        made: bytes = writer.render()
        return made

    def check(self, job: str, sample: Sample) -> None:
        if job == "encode":
            assert self.encode(self._built(sample.content)) == sample.data
            return
        count, levels = 0, [self.decode(sample.data)]
        while levels:
            for name, _, children in levels.pop():
                count += not name.startswith("#")
                levels.append(children)
        assert count == sample.count


class _Loads(Contender):
    """A library with loads() and dumps() for plain values."""

    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefg", "fields": "bcdefg", "walk": "bcdefg", "encode": "abcdefg"}
    loads: Callable[[Any], Any]
    dumps: Callable[[Any], Any]

    def source(self, sample: Sample) -> Any:
        return self.dumps(sample.plain)

    def decode(self, source: Any) -> Any:
        return self.loads(source)

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        if job == "fields":
            return self._fields(kind)
        return {"decode": self.loads, "encode": self.dumps, "walk": self.walk}[job]

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        if job == "encode":
            # A str keeps its UTF-8 once it was asked for, and so each is made anew.
            return [self.loads(self.dumps(sample.plain)) for sample in samples]
        return [self.source(sample) for sample in samples]

    def _fields(self, kind: str) -> Callable[[Any], list[tuple[Any, Any]]]:
        loads = self.loads
        first, second = [path.partition(":")[2] for path in FIELDS[kind][1:]]
        if kind == "b":
            return lambda source: [
                (item[first], item[second]) for item in loads(source)["FolderSync"]["Changes"]["Add"]
            ]

        def read(source: Any) -> list[tuple[Any, Any]]:
            found = []
            for added in loads(source)["Sync"]["Collections"]["Collection"]["Commands"]["Add"]:
                item = added["ApplicationData"]
                found.append((item[first], item[second]))
            return found

        return read

    def walk(self, source: Any) -> int:
        return walk_values(self.loads(source))

    def check(self, job: str, sample: Sample) -> None:
        source = self.source(sample)
        if job == "fields":
            assert self._fields(sample.kind)(source) == sample.two_fields
        elif job == "walk":
            assert self.walk(source) > sample.count / 2
        else:
            assert self.loads(source) == sample.plain
            assert self.loads(self.dumps(sample.plain)) == sample.plain


def walk_values(value: Any) -> int:
    """Touches each key and value of what a JSON library loads once, and counts the values."""
    if type(value) is dict:
        count = 0
        for _, inner in value.items():  # noqa: PERF102 - the key is touched, too
            count += 1 if type(inner) is str else walk_values(inner)
        return count
    if type(value) is list:
        count = 0
        for inner in value:
            count += 1 if type(inner) is str else walk_values(inner)
        return count
    return 1


class Json(_Loads):
    name = "json"

    def __init__(self) -> None:
        self.loads, self.dumps = json.loads, json.dumps

    @property
    def version(self) -> str:
        return "of Python"


class Orjson(_Loads):
    name = "orjson"

    def __init__(self) -> None:
        library = import_module("orjson")
        self.loads, self.dumps = library.loads, library.dumps


class OrjsonTyped(Contender):
    """orjson from a dict with numbers, booleans and dates, which is nearer to what models hold."""

    name = "orjson, typed"
    jobs: ClassVar[dict[str, str]] = {"encode": "abcdefg"}

    def __init__(self) -> None:
        self.encode = import_module("orjson").dumps

    @property
    def version(self) -> str:
        return version("orjson")

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        found: Callable[[Any], Any] = self.encode
        return found

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        return [models.values(wbxml.decode(sample.data, type=models.ROOTS[sample.kind])) for sample in samples]

    def check(self, job: str, sample: Sample) -> None:
        assert len(json.loads(self.encode(sample.values))) == len(sample.values)


class Msgspec(_Loads):
    name = "msgspec"

    def __init__(self) -> None:
        library = import_module("msgspec.json")
        self.loads, self.dumps = library.Decoder().decode, library.Encoder().encode


class MsgspecTyped(Contender):
    """msgspec to and from Structs with the fields of the models, and the same types."""

    name = "msgspec, typed"
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefg", "encode": "abcdefg"}

    def __init__(self) -> None:
        self._json = import_module("msgspec.json")
        self._decoders: dict[str, Callable[[Any], Any]] = {}
        self.encode = self._json.Encoder().encode

    @property
    def version(self) -> str:
        return version("msgspec")

    def source(self, sample: Sample) -> Any:
        return self.encode(sample.values)

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        if job == "encode":
            encode: Callable[[Any], Any] = self.encode
            return encode
        if kind not in self._decoders:
            self._decoders[kind] = self._json.Decoder(models.struct_of(models.ROOTS[kind])).decode
        return self._decoders[kind]

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        sources = [self.source(sample) for sample in samples]
        if job == "decode":
            return sources
        decode = self.call("decode", samples[0].kind)
        return [decode(source) for source in sources]

    def check(self, job: str, sample: Sample) -> None:
        found = self.call("decode", sample.kind)(self.source(sample))
        wanted = wbxml.decode(sample.data, type=models.ROOTS[sample.kind])
        same(found, wanted)


def same(struct: Any, model: Any) -> None:
    """Asserts that a Struct holds what a Model does."""
    if isinstance(model, wbxml.Model):
        for name in struct.__struct_fields__:
            same(getattr(struct, name), getattr(model, name))
    elif isinstance(model, list):
        assert len(struct) == len(model)
        for one, other in zip(struct, model, strict=True):
            same(one, other)
    else:
        assert struct == model


class Msgpack(_Loads):
    name = "msgpack"

    def __init__(self) -> None:
        library = import_module("msgpack")
        self.loads, self.dumps = library.unpackb, library.packb


class Cbor2(_Loads):
    name = "cbor2"

    def __init__(self) -> None:
        library = import_module("cbor2")
        self.loads, self.dumps = library.loads, library.dumps


class _Xml(Contender):
    jobs: ClassVar[dict[str, str]] = {"decode": "abcdefg", "encode": "abcdefg"}
    parse: Callable[[bytes], Any]
    write: Callable[[Any], Any]

    def source(self, sample: Sample) -> Any:
        return sample.xml.encode()

    def call(self, job: str, kind: str) -> Callable[[Any], Any]:
        return self.parse if job == "decode" else self.write

    def arguments(self, job: str, samples: list[Sample]) -> list[Any]:
        sources = [self.source(sample) for sample in samples]
        return sources if job == "decode" else [self.parse(source) for source in sources]

    def check(self, job: str, sample: Sample) -> None:
        root = self.parse(self.source(sample))
        assert sum(1 for _ in root.iter()) == sample.count
        # ElementTree writes a carriage return as it is, and so loses it.
        assert sum(1 for _ in self.parse(self.write(root)).iter()) == sample.count


class Lxml(_Xml):
    name = "lxml"

    def __init__(self) -> None:
        library = import_module("lxml.etree")
        parser = library.XMLParser(huge_tree=True)
        self.parse = lambda source: library.fromstring(source, parser)
        self.write = lambda root: library.tostring(root, encoding="utf-8")


class Etree(_Xml):
    name = "ElementTree"

    def __init__(self) -> None:
        self.parse = ElementTree.fromstring
        self.write = lambda root: ElementTree.tostring(root, encoding="utf-8")

    @property
    def version(self) -> str:
        return "of Python"


def plain_of(element: Any, opaque: Callable[[bytes], str]) -> Any:
    """What an element of wbxml holds, as JSON has it: see documents.plain(). ``opaque`` makes text of bytes."""
    if not len(element):
        return element.text if element.data is None else opaque(element.data)
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(child.tag.name, []).append(plain_of(child, opaque))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


CONTENDERS: list[type[Contender]] = [
    Wbxml, WbxmlModels, LibWbxml, PyActiveSync, Orjson, OrjsonTyped, Msgspec, MsgspecTyped, Json, Msgpack, Cbor2, Lxml,
    Etree,
]  # fmt: skip


def available() -> tuple[dict[str, Contender], dict[str, str]]:
    """Those that are installed, by their names, and why the others are left out."""
    found: dict[str, Contender] = {}
    missing: dict[str, str] = {}
    for one in CONTENDERS:
        try:
            found[one.name] = one()
        except (ImportError, OSError) as error:
            missing[one.name] = str(error)
    return found, missing
