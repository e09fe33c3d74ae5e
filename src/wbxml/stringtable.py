"""Moves text that a document repeats into its string table, where that makes the document shorter."""

from __future__ import annotations

from .constructs import mb_u_int32
from .tokenstream import tokens

_STR_T = b"\x83"


def compact(document: bytes) -> bytes:
    """The document with its repeated strings in the string table; the same one where none of them pays.

    ``document`` is what encode() wrote: in UTF-8, and what its string table holds already stays where it is. An inline
    string takes two bytes beside its text, one in the table takes one there and two to six for each reference to it.
    """
    header: list[bytes] = []
    table = b""
    body: list[bytes] = []
    seen: dict[bytes, int] = {}
    for token in tokens(document):
        if token.kind == "string_table":
            assert isinstance(token.value, bytes)
            table = token.value
        elif token.kind in ("version", "public_id", "charset"):
            header.append(token.raw)
        else:
            body.append(token.raw)
            if token.kind == "str_i":
                seen[token.raw] = seen.get(token.raw, 0) + 1
    places: dict[bytes, bytes] = {}
    strings = bytearray(table)
    # What saves most comes first, where references are shortest. (Sorting is stable, so the order is the document's.)
    for raw, count in sorted(seen.items(), key=lambda item: -item[1] * len(item[0])):
        string = raw[1:]
        reference = _STR_T + mb_u_int32(len(strings))
        if len(string) + count * len(reference) < count * len(raw):
            places[raw] = reference
            strings += string
    if not places:
        return document
    header += [mb_u_int32(len(strings)), bytes(strings)]
    return b"".join(header + [places.get(raw, raw) for raw in body])
