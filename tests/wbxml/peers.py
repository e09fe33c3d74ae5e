"""Other readers of WBXML, where they are installed: tshark (Wireshark's dissector) and Horde's decoder in PHP."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

TSHARK = shutil.which("tshark")
PHP = shutil.which("php") if Path("/usr/share/php/Horde/Xml/Wbxml/Decoder.php").exists() else None

# A row of tshark's table: level, state, code page, token, and how it is rendered.
_ROW = re.compile(r"^ +(?:\d+)? *\| *(Tag|Attr) *\| [TA](?: *\d+| -->) *(?:\d+ *)?\|(.*?)\|(.*)$")

_HORDE = """
spl_autoload_register(function ($name) {
    @include '/usr/share/php/' . str_replace('_', '/', $name) . '.php';
});
$decoder = new Horde_Xml_Wbxml_Decoder();
class Shown extends Horde_Xml_Wbxml_ContentHandler {
    public $rows = array();
    public function startElement($uri, $element, $attrs = array()) { $this->rows[] = "<$element"; }
    public function endElement($uri, $element) { $this->rows[] = ">$element"; }
    public function characters($text) { $this->rows[] = "=$text"; }
    public function opaque($data) { $this->rows[] = "!" . bin2hex($data); }
}
$shown = new Shown();
$decoder->setContentHandler($shown);
error_reporting(0);
$decoder->decode(stream_get_contents(STDIN));
echo json_encode($shown->rows);
"""


# Not for a program of somebody else: the runtime of the sanitizers, under which the kernel may be tested.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


class Row(NamedTuple):
    """A token as tshark shows it: among tags ("Tag") or attributes ("Attr"), what it is, and how it is rendered."""

    state: str
    token: str
    shown: str


def tshark(documents: list[bytes], content_type: str, folder: Path) -> list[list[Row]]:
    """What tshark makes of each document, sent as the body of an HTTP response."""
    capture = folder / "documents.pcap"
    capture.write_bytes(_capture(documents, content_type))
    assert TSHARK is not None
    command = [TSHARK, "-r", str(capture), "-V", "-O", "wbxml"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True, errors="replace")
    found: list[list[Row]] = [[] for _ in documents]
    number = 0
    for line in done.stdout.splitlines():
        port = re.match(r"Transmission Control Protocol, Src Port: 80, Dst Port: (\d+)", line)
        if port:
            number = int(port[1]) - 20000
        row = _ROW.match(line)
        if row:
            found[number].append(Row(row[1], row[2].strip(), row[3].strip()))
    return found


def horde(document: bytes) -> str:
    """What Horde's decoder makes of a document, as JSON."""
    assert PHP is not None
    command = [PHP, "-r", _HORDE]
    done = subprocess.run(command, env=ENVIRONMENT, input=document, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def _capture(documents: list[bytes], content_type: str) -> bytes:
    """A pcap file with a connection for each document."""
    made = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101)]
    request = b"POST /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    for number, document in enumerate(documents):
        port = 20000 + number
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(document)}\r\n\r\n"
        answer = head.encode() + document
        made += [_packet(port, 80, 0, 0, 0x02), _packet(80, port, 0, 1, 0x12), _packet(port, 80, 1, 1, 0x10)]
        made.append(_packet(port, 80, 1, 1, 0x18, request))
        for start in range(0, len(answer), 60_000):
            part = answer[start : start + 60_000]
            made.append(_packet(80, port, 1 + start, 1 + len(request), 0x18, part))
    return b"".join(made)


def _packet(source: int, target: int, seq: int, ack: int, flags: int, data: bytes = b"") -> bytes:
    tcp = struct.pack(">HHIIBBHHH", source, target, seq, ack, 5 << 4, flags, 65535, 0, 0) + data
    hosts = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    ends = hosts if source == 80 else hosts[::-1]
    frame = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, *ends) + tcp
    return struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
