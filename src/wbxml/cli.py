"""The command line `wbxml`: decode, encode, dump, diff."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import WBXMLError
from .kernel import kernel
from .tokenstream import dump, printable, tokens
from .xml import from_xml, to_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ._kernel_py import Document, Element
    from .constructs import Instruction
    from .diff import Difference
    from .errors import Problem
    from .tokenstream import Token

# Exit codes; those of diff are as for diff(1).
OK, BAD_DATA, BAD_USAGE = 0, 1, 2
SAME, DIFFERENT, TROUBLE = 0, 1, 2

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_EXAMPLES = """\
examples:
  wbxml decode answer.wbxml                  as XML, indented
  wbxml decode --json answer.wbxml | jq .    as JSON
  echo 03016a0005 | wbxml decode --hex       from hexadecimal digits
  wbxml encode request.xml -o request.wbxml  XML to WBXML
  wbxml encode --hex request.xml             XML to hexadecimal digits
  wbxml decode --lenient broken.wbxml        what can be read of it, and what is wrong
  wbxml dump broken.wbxml | less -R          every token with its offset and bytes, whatever the bytes
  wbxml diff before.wbxml after.xml          what differs, element by element
  wbxml decode session.har                   each body of a HAR file, a mitmproxy dump or (by tshark) a pcap file

exit codes: 0 done, 1 the data is not what it should be, 2 wrong usage, or a file that cannot be read or written;
of diff: 0 the same, 1 different, 2 trouble
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of the command that ``argv`` (by default the process's arguments) asks for.

    Wrong options end in SystemExit(2), as argparse has it.
    """
    options = _parser().parse_args(argv)
    try:
        _write(options.run(options), options.output)
    except _UsageError as error:
        return _fail(str(error), BAD_USAGE)
    except WBXMLError as error:
        return _fail(f"{_name(options.file)}: {error}{options.hint}", options.bad_data)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _fail(f"{error.filename or _name(options.file)}: {error.strerror or error}", BAD_USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    code: int = options.code
    return code


class _UsageError(Exception):
    """The options do not go with each other or with where the output goes."""


class _VersionAction(argparse.Action):
    """Prints the version of the distribution, and the kernel, which are looked up only now."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            release = version("activesync")
        except PackageNotFoundError:
            release = "not installed"
        print(f"wbxml (activesync {release}, kernel: {kernel.IMPL})")
        parser.exit(OK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wbxml",
        description="WBXML as ActiveSync uses it: to XML or JSON, from XML, and token by token.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="show the version and the kernel, and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(commands, "decode", _decode, "WBXML to XML, or with --json to JSON")
    command.set_defaults(hint="; `wbxml dump` shows what there is")
    _add_input(command)
    command.add_argument("--json", action="store_true", help="write JSON: tags, offsets, text, opaque as base64")
    command.add_argument("--lenient", action="store_true", help="of any bytes, what can be read; what is wrong: stderr")
    layout = command.add_mutually_exclusive_group()
    layout.add_argument("--indent", type=_width, default=2, metavar="N", help="spaces a level (default: 2)")
    layout.add_argument("--compact", action="store_const", const=None, dest="indent", help="all on one line")

    command = _command(commands, "encode", _encode, "XML to WBXML")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--hex", action="store_true", help="write hexadecimal digits")
    form.add_argument("--json", action="store_true", help="write JSON: the size, and the document as base64")

    command = _command(commands, "dump", _dump, "every token with offset, bytes, code page, name and value")
    _add_input(command)
    command.add_argument("--json", action="store_true", help="write JSON, an object a line for each token")
    _add_colour(command)

    command = _command(commands, "diff", _diff, "what differs between two documents, WBXML or XML, as trees")
    command.set_defaults(bad_data=TROUBLE)
    command.add_argument("--json", action="store_true", help="write JSON, an object a line for each difference")
    command.add_argument("--raw", action="store_true", help="also tell of bytes that differ where the trees do not")
    _add_colour(command)
    return parser


def _add_input(command: argparse.ArgumentParser) -> None:
    command.add_argument("--hex", action="store_true", help="the input is hexadecimal digits")
    command.add_argument(
        "--keys", default="", metavar="FILE", help="for a pcap file of TLS: what SSLKEYLOGFILE made the client write"
    )


def _add_colour(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--colour",
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto (default): on a terminal, unless the environment has NO_COLOR",
    )


def _command(commands: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=f"{about}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run, hint="", code=OK, bad_data=BAD_DATA)
    if run is _diff:
        command.add_argument("file", metavar="BEFORE", help="a document, WBXML or XML; -: stdin")
        command.add_argument("after", metavar="AFTER", help="another one")
    else:
        command.add_argument("file", nargs="?", default="-", metavar="FILE", help="what to read; - (default): stdin")
    command.add_argument("-o", "--output", default="-", metavar="FILE", help="where to write; - (default): stdout")
    return command


def _width(text: str) -> int:
    width = int(text)
    if not 0 <= width <= 16:
        raise argparse.ArgumentTypeError("a number of spaces from 0 to 16")
    return width


def _decode(options: argparse.Namespace) -> bytes:
    data = _read(options.file)
    if options.hex:
        data = _from_hex(data)
    elif _is_capture(data):
        return _each_body(options, data, _decoded)
    text, problems = _decoded(options, data)
    for problem in problems:
        print(f"wbxml: {_name(options.file)}: {problem}", file=sys.stderr)
    return text.encode()


def _decoded(options: argparse.Namespace, data: bytes) -> tuple[str, Sequence[Problem]]:
    """The document as XML or JSON, and what is to be said about it. Raises DecodeError."""
    document = kernel.decode(data, lenient=options.lenient)
    if options.json:
        return f"{json.dumps(_document_as_json(document), ensure_ascii=False, indent=options.indent)}\n", ()
    texts = [to_xml(document if len(document.roots) == 1 else root, indent=options.indent) for root in document.roots]
    return "".join([f"{text}\n" for text in texts]), document.problems


def _is_capture(data: bytes) -> bool:
    # WBXML starts with its version.
    if data[:1] <= b"\x03":
        return False
    from .captures import kind_of

    return bool(kind_of(data))


def _each_body(
    options: argparse.Namespace,
    data: bytes,
    show: Callable[[argparse.Namespace, bytes], tuple[str, Sequence[Problem]]],
) -> bytes:
    """Each body of a capture, shown under a line that says what it is, or as JSON in a line of its own."""
    from .captures import read

    options.hint = ""
    options.indent = None if options.json else getattr(options, "indent", None)
    found = []
    for body in read(data, keys=options.keys):
        text, trouble = "", body.trouble
        try:
            if body.data:
                text, problems = show(options, body.data)
                trouble = "; ".join([str(problem) for problem in problems])
        except WBXMLError as error:
            trouble = str(error)
        if trouble and body.data != b"":
            options.code = BAD_DATA
        if options.json:
            made: dict[str, Any] = {"exchange": body.number, **body._asdict()}
            for name in ("number", "data", "trouble"):
                del made[name]
            made["size"] = None if body.data is None else len(body.data)
            if trouble:
                made["trouble"] = trouble
            if text:
                made["document"] = json.loads(text)
            found.append(json.dumps(made, ensure_ascii=False))
        else:
            said = [str(body.number), body.direction, body.command or body.method]
            said += [str(body.status)] if body.status is not None else []
            line = f"# {' '.join(said)}{'' if body.data or trouble else ': no body'}"
            found += [printable(f"{line}: {trouble}" if trouble else line), text]
    # JSON can have halves of surrogate pairs, UTF-8 cannot.
    return "".join([f"{text}\n" for text in found]).encode(errors="replace")


def _encode(options: argparse.Namespace) -> bytes:
    if options.output == "-" and not options.hex and not options.json and sys.stdout.isatty():
        raise _UsageError("WBXML is no text for a terminal: give -o FILE or --hex, or pipe it elsewhere")
    document = from_xml(_read(options.file))
    if options.hex:
        return f"{document.hex()}\n".encode()
    if options.json:
        return f"{json.dumps({'size': len(document), 'wbxml': b64encode(document).decode()})}\n".encode()
    return document


def _dump(options: argparse.Namespace) -> bytes:
    data = _read(options.file)
    if options.hex:
        data = _from_hex(data)
    elif _is_capture(data):
        return _each_body(options, data, _dumped)
    if options.json:
        return "".join([f"{json.dumps(token, ensure_ascii=False)}\n" for token in _tokens_as_json(data)]).encode()
    return dump(data, colour=_has_colour(options)).encode()


def _dumped(options: argparse.Namespace, data: bytes) -> tuple[str, Sequence[Problem]]:
    if options.json:
        return json.dumps(_tokens_as_json(data), ensure_ascii=False), ()
    return dump(data, colour=_has_colour(options)), ()


def _tokens_as_json(data: bytes) -> list[dict[str, Any]]:
    return [_token_as_json(token) for token in tokens(data)]


def _has_colour(options: argparse.Namespace) -> bool:
    return bool(options.colour == "always") or (
        options.colour == "auto"
        and options.output == "-"
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def _diff(options: argparse.Namespace) -> bytes:
    from .diff import MOST_TOLD, compare, lines

    if options.file == options.after == "-":
        raise _UsageError("only one of the two documents can come from stdin")
    documents, are_text = [], []
    for path in (options.file, options.after):
        options.file = path  # it is what an error is about
        data = _read(path)
        # WBXML starts with its version, 0 to 3.
        are_text.append(data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or data[:2] in _UTF_16)
        documents.append(kernel.decode(from_xml(data) if are_text[-1] else data))
    found = compare(documents[0], documents[1], raw=options.raw)
    if len(found) == MOST_TOLD:
        print(f"wbxml: there may be more differences than these {MOST_TOLD}", file=sys.stderr)
    if any(are_text):
        # XML has no such offsets.
        first, second = are_text
        found = [
            one._replace(offsets=(None if first else one.offsets[0], None if second else one.offsets[1]))
            for one in found
        ]
    if options.json:
        made = [json.dumps(_difference_as_json(one), ensure_ascii=False) for one in found]
    else:
        made = list(lines(found, colour=_has_colour(options)))
    options.code = DIFFERENT if found else SAME
    return "".join([f"{line}\n" for line in made]).encode()


def _difference_as_json(one: Difference) -> dict[str, Any]:
    values = [
        _element_as_json(value) if isinstance(value, kernel.Element)
        else {name: _value_as_json(held) for name, held in value.items()} if isinstance(value, dict)
        else _value_as_json(value)
        for value in (one.before, one.after)
    ]  # fmt: skip
    return {"kind": one.kind, "path": one.path, "offsets": one.offsets, "before": values[0], "after": values[1]}


def _document_as_json(document: Document) -> dict[str, Any]:
    roots = [_element_as_json(root) for root in document.roots]
    made: dict[str, Any] = {"version": document.version, "public_id": document.public_id, "charset": document.charset}
    for name in ("prolog", "epilog"):
        if getattr(document, name):
            made[name] = [_piece_as_json(one) for one in getattr(document, name)]
    if document.problems:
        made["problems"] = [
            {"offset": one.offset, "tag": one.tag, "expected": one.expected, "found": _value_as_json(one.value)}
            for one in document.problems
        ]
    return {**made, "root": roots[0]} if len(roots) == 1 else {**made, "roots": roots}


def _element_as_json(element: Element) -> dict[str, Any]:
    root: dict[str, Any] = {}
    levels: list[tuple[list[Any], Iterator[str | memoryview | Element | Instruction]]] = []
    _fill(root, element, levels)
    while levels:
        content, pieces = levels[-1]
        piece = next(pieces, None)
        if piece is None:
            levels.pop()
            continue
        made: dict[str, Any] = {}
        content.append(made)
        if isinstance(piece, kernel.Element):
            _fill(made, piece, levels)
        else:
            made.update(_piece_as_json(piece))
    return root


def _fill(
    made: dict[str, Any],
    element: Element,
    levels: list[tuple[list[Any], Iterator[str | memoryview | Element | Instruction]]],
) -> None:
    """Puts the element into ``made``; where it holds more than one text or opaque, leaves that to a new level."""
    made["tag"] = str(element.tag)
    made["offset"] = element.offset
    if element.attrib:
        made["attributes"] = {name: _value_as_json(value) for name, value in element.attrib.items()}
    pieces = element.nodes
    if len(pieces) == 1 and not isinstance(pieces[0], kernel.Element):
        made.update(_piece_as_json(pieces[0]))
    elif pieces:
        content: list[Any] = []
        made["content"] = content
        levels.append((content, iter(pieces)))


def _piece_as_json(piece: Any) -> dict[str, Any]:
    if isinstance(piece, memoryview):
        return {"opaque": b64encode(piece).decode()}
    if isinstance(piece, tuple):
        return {"instruction": piece[0], "value": _value_as_json(piece[1])}
    if type(piece) is str:
        return {"text": piece}
    return {"extension": piece.token, "value": piece.value, "text": str(piece)}


def _value_as_json(value: str | bytes | None) -> Any:
    return {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value


def _token_as_json(token: Token) -> dict[str, Any]:
    made: dict[str, Any] = {"offset": token.offset, "bytes": token.raw.hex(), "kind": token.kind}
    for name in ("page", "tag", "value", "expected"):
        value = getattr(token, name)
        if value is not None:
            made[name] = _value_as_json(value)
    return made


def _from_hex(data: bytes) -> bytes:
    """The bytes for hexadecimal digits as debuggers print them: with white space, 0x, \\x, commas, colons, or none."""
    digits = re.sub(rb"0x|\\x|[\s,:-]", b"", data)
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        raise _HexError("not hexadecimal digits, two for each byte") from None


class _HexError(WBXMLError):
    """The input of --hex is something else."""


def _name(path: str) -> str:
    return "stdin" if path == "-" else path


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def _write(data: bytes, path: str) -> None:
    if path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with open(path, "wb") as file:
            file.write(data)


def _fail(message: str, code: int) -> int:
    """``code``, after the message has gone to stderr, in one line."""
    print("wbxml: " + " ".join(message.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
