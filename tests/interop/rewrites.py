"""What SOGo makes of a message whose MIME is fetched (MIMESupport 2, BodyPreference Type 4), measured with SOGo 5.8.

It hands out the message as it is, but for two things. (1) A message is taken apart and generated anew when a part
sent as ``7bit`` or ``8bit`` declares a character set other than UTF-8 and US-ASCII, whatever its bytes are: SOGo wants
such text in UTF-8. Encrypted and signed messages, and messages inside of messages, do not count. Nothing of the new
message's form is as it was: order, names and folding of headers, dates in UTC, transfer encodings, characters of the
text parts. (2) Everything is passed through XML: a message that is not UTF-8 as a whole is taken for Latin-1, and
characters that XML cannot hold are dropped. (Of an empty first line only the LF is left. No mail has one.)
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def expected_mime(message: bytes) -> bytes | None:
    """The very bytes of the MIME that SOGo sends for the message IMAP returned, or None where it generates it anew.

    No message may hold U+FFFE or U+FFFF: SOGo then sends an empty answer in place of the whole page.
    """
    if _in_other_charset(message) is not None:
        return None
    try:
        text = message.decode()
    except UnicodeDecodeError:
        text = message.decode("latin-1")
    return _NOT_XML.sub("", text).encode()


def reason(message: bytes) -> str | None:
    """Why SOGo does not hand out the message as it is, in words, or None where it does."""
    part = _in_other_charset(message)
    if part is not None:
        declared = f"a {part.get_content_type()} part in {part.get_content_charset()}, not encoded"
        return f"generated anew for {declared}: SOGo turns such text into UTF-8"
    try:
        text = message.decode()
    except UnicodeDecodeError:
        return "taken for Latin-1: it is not UTF-8 as a whole"
    return "without its control characters: XML has none" if _NOT_XML.search(text) else None


def texts(message: bytes) -> list[str]:
    """The decoded text parts of a message in order, without blank lines at their ends: what generating anew keeps."""
    found = []
    for part in _parts(message_from_bytes(message)):
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            text = payload.decode(part.get_content_charset("utf-8"))
            found.append(text.replace("\r\n", "\n").strip("\n"))
    return found


def _in_other_charset(message: bytes) -> Message | None:
    """The first part because of which SOGo generates the message anew."""
    parts = list(_parts(message_from_bytes(message)))
    if any(part.get_content_type() in _PROTECTED for part in parts):
        return None
    for part in parts:
        encoding = str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower()
        charset = part.get_content_charset("us-ascii")
        if not part.is_multipart() and charset not in ("us-ascii", "utf-8") and encoding in ("7bit", "8bit"):
            return part
    return None


_PROTECTED = ("multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")


def _parts(part: Message) -> Iterator[Message]:
    """The part and those below it, as IMAP's BODYSTRUCTURE nests them for SOGo: without what messages in it hold."""
    yield part
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.get_payload():
            assert isinstance(child, Message)
            yield from _parts(child)
