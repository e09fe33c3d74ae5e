"""What can go wrong with a document.

    ValueError
      WBXMLError
        DecodeError         the bytes are not a document; .offset says where
          TruncatedError    the bytes end too early; .offset is their length
          LimitError        the document is beyond a limit
        EncodeError         the object cannot be written as WBXML

The kernels report a number and an offset; class and words come from the one table here, so that both say the same.
"""

from __future__ import annotations


class WBXMLError(ValueError):
    """Base of all errors of this package."""


class DecodeError(WBXMLError):
    """The bytes are not a document. ``offset`` is where the offending token starts."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message, offset)
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.args[0]} at offset {self.offset}"


class TruncatedError(DecodeError):
    """The bytes end before the document does. ``offset`` is the number of bytes there were."""


class LimitError(DecodeError):
    """The document is beyond one of the limits. ``offset`` is where the token that crosses it starts."""


class EncodeError(WBXMLError):
    """The object cannot be written as WBXML. ``line`` and ``column``, from 1, say where it stands in XML text."""

    line: int | None = None
    column: int | None = None


# The numbers are shared with _tape.h: a change here is a change there.
OK = 0
TRUNCATED = 1
BAD_VERSION = 2
BAD_INTEGER = 3
BAD_PUBLIC_ID = 4
BAD_CHARSET = 5
BAD_STRING_TABLE = 6
BAD_TOKEN = 7
BAD_TEXT = 8
NO_ROOT = 9
AFTER_ROOT = 10
TOO_DEEP = 11
TOO_MANY = 12
TOO_LARGE = 13
BAD_ATTRIBUTE = 14
BAD_REFERENCE = 15
BAD_ENTITY = 16
BAD_VALUE = 17
BAD_EXTENSION = 18
MIXED_ATTRIBUTE = 19
BAD_CHARSET_TEXT = 20
TOO_EXPANDED = 21

_TABLE: dict[int, tuple[type[DecodeError], str]] = {
    TRUNCATED: (TruncatedError, "the document ends too early"),
    BAD_VERSION: (DecodeError, "not WBXML: the version byte must be 0x00 to 0x03, found 0x{0:02X}"),
    BAD_INTEGER: (DecodeError, "an integer of more than 32 bits"),
    BAD_PUBLIC_ID: (DecodeError, "a public identifier outside of the string table"),
    BAD_CHARSET: (DecodeError, "character set {0} is not known (UTF-8 is 106)"),
    BAD_STRING_TABLE: (DecodeError, "the string table is longer than the document"),
    BAD_TOKEN: (DecodeError, "token 0x{0:02X} has no place here"),
    BAD_TEXT: (DecodeError, "text is not UTF-8"),
    NO_ROOT: (DecodeError, "a root element was expected, found token 0x{0:02X}"),
    AFTER_ROOT: (DecodeError, "nothing may follow the root element, found 0x{0:02X}"),
    TOO_DEEP: (LimitError, "elements are nested deeper than max_depth = {0}"),
    TOO_MANY: (LimitError, "more elements than max_elements = {0}"),
    TOO_LARGE: (LimitError, "the document is larger than max_size = {0} bytes"),
    BAD_ATTRIBUTE: (DecodeError, "an attribute was expected, found token 0x{0:02X}"),
    BAD_REFERENCE: (DecodeError, "there is no string at place {0} of the string table"),
    BAD_ENTITY: (DecodeError, "{0} is not the number of a character"),
    BAD_VALUE: (DecodeError, "the code pages have no attribute value 0x{0:02X}"),
    BAD_EXTENSION: (DecodeError, "the code pages have no text for extension 0x{0:02X} in an attribute"),
    MIXED_ATTRIBUTE: (DecodeError, "an attribute's value is text and opaque data"),
    BAD_CHARSET_TEXT: (DecodeError, "text is not in the document's character set, {0}"),
    TOO_EXPANDED: (LimitError, "strings that are referred to come to more than max_expanded = {0} characters"),
}


def decode_error(code: int, offset: int, detail: int = 0) -> DecodeError:
    """The error with this number, at this offset; ``detail`` is the byte, number or limit that its words name."""
    kind, words = _TABLE[code]
    return kind(words.format(detail), offset)


def not_encodable(what: str, where: str) -> EncodeError:
    """The error for a value that cannot be written; ``where`` names the element or field."""
    return EncodeError(f"{where}: {what}")


class Problem:
    """Something in a document that does not fit, and that did not stop its decoding.

    Of a Model: ``offset`` is where the element's tag starts, ``tag`` its name, ``expected`` what the model calls for
    there, and ``value`` what there was: a str, bytes where it is no text, or None where it is elements.

    Of a Document that was decoded leniently: ``offset`` is where the token starts that is out of place, ``tag`` the
    element that it stands in ("": none), and ``value`` its text or bytes, or None where a limit was reached.
    """

    __slots__ = ("expected", "offset", "tag", "value")

    def __init__(self, offset: int, tag: str, expected: str, value: str | bytes | None) -> None:
        self.offset = offset
        self.tag = tag
        self.expected = expected
        self.value = value

    def __repr__(self) -> str:
        return f"Problem(offset={self.offset}, tag={str(self.tag)!r}, expected={self.expected!r}, value={self.value!r})"

    def __str__(self) -> str:
        found = "elements" if self.value is None else repr(self.value)
        where = f"{self.tag} at offset {self.offset}" if self.tag else f"at offset {self.offset}"
        return f"{where}: expected {self.expected}, found {found}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Problem):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.offset, self.tag, self.expected, self.value))

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, (self.offset, self.tag, self.expected, self.value))
