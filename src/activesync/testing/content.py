"""The body of an item, in every form that a client may ask for. Source: [MS-ASAIRS] section 2.2.2.12."""

from __future__ import annotations

import email
import email.policy
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser

from ..items import Body, BodyPreference, BodyType, Email, Importance, MIMESupport

# [MS-ASCMD] section 2.2.3.111: how many bytes of MIME each value of MIMETruncation leaves; 8 leaves all.
_MIME_TRUNCATION = {0: 0, 1: 4096, 2: 5120, 3: 7168, 4: 10240, 5: 20480, 6: 51200, 7: 102400}


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: its name, its MIME type and its bytes, and the FileReference that the mailbox gives it."""

    name: str
    content_type: str
    data: bytes
    content_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The body of an item: as text, as HTML where it was written so, and the whole message where it came as one."""

    text: str = ""
    html: str | None = None
    files: tuple[File, ...] = ()
    mime: bytes | None = None

    @property
    def native(self) -> BodyType:
        """The form in which the body was written: [MS-ASAIRS] section 2.2.2.32."""
        return BodyType.PLAIN_TEXT if self.html is None else BodyType.HTML

    def as_html(self) -> str:
        """The body as HTML, made of the text where it was written as such."""
        if self.html is not None:
            return self.html
        lines = html.escape(self.text, quote=False).replace("\r\n", "<br>\r\n")
        return f"<html><body>{lines}</body></html>"


class _Text(HTMLParser):
    """Collects the text of an HTML document."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head"):
            self._hidden += 1
        elif tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3"):
            self.pieces.append("\r\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(" ".join(data.split(" ")))


def text_of(document: str) -> str:
    """The text of an HTML document."""
    parser = _Text()
    parser.feed(document)
    parser.close()
    return "".join(parser.pieces).strip()


def content_of(body: Body | str | None) -> Content:
    """The content that a Body, or plain text, stands for. MIME is not looked into: see parse()."""
    if isinstance(body, str):
        return Content(body)
    if body is None or body.data is None:
        return Content()
    if body.type == BodyType.HTML:
        return Content(text_of(body.data), body.data)
    return Content(body.data)


def parse(message: bytes | EmailMessage) -> tuple[Email, Content]:
    """A message as the server keeps it: the Email that tells of it, and its content."""
    mime = message.as_bytes(policy=email.policy.SMTP) if isinstance(message, EmailMessage) else message
    parsed = email.message_from_bytes(mime, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)

    def header(name: str) -> str | None:
        value = parsed.get(name)
        return None if value is None else str(value)

    date = header("Date")
    try:
        received = parsedate_to_datetime(date) if date else datetime.now(UTC)
    except ValueError:
        received = datetime.now(UTC)
    if received.tzinfo is None:
        received = received.replace(tzinfo=UTC)
    subject = header("Subject") or ""
    item = Email(
        to=header("To") or "",
        cc=header("Cc"),
        from_=header("From") or "",
        subject=subject,
        reply_to=header("Reply-To"),
        date_received=received,
        display_to=header("To") or "",
        thread_topic=subject,
        importance={"high": Importance.HIGH, "low": Importance.LOW}.get(
            (header("Importance") or "").lower(), Importance.NORMAL
        ),
        read=False,
        message_class="IPM.Note",
        internet_cpid="65001",
        content_class="urn:content-classes:message",
    )
    plain, rich = parsed.get_body(("plain",)), parsed.get_body(("html",))
    document = _part_text(rich) if rich is not None else None
    text = _part_text(plain) if plain is not None else text_of(document or "")
    files = tuple(
        File(
            part.get_filename() or "attachment",
            part.get_content_type(),
            part.get_payload(decode=True) or b"",  # type: ignore[arg-type]
            part.get("Content-ID"),
        )
        for part in parsed.iter_attachments()
    )
    return item, Content(text, document, files, mime)


def _part_text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        text = data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def compose(item: Email, content: Content, name: str) -> bytes:
    """The message that an Email and its content make, the same each time; ``name`` tells it from all others."""
    message = EmailMessage()
    for header, value in (
        ("From", item.from_),
        ("To", item.to),
        ("Cc", item.cc),
        ("Reply-To", item.reply_to),
        ("Subject", item.subject),
        ("Date", format_datetime(item.date_received) if item.date_received else None),
        ("Message-ID", f"<{name}@activesync.test>"),
    ):
        if value:
            message[header] = value
    message.set_content(content.text.replace("\r\n", "\n"))
    if content.html is not None:
        message.add_alternative(content.html.replace("\r\n", "\n"), subtype="html")
    for file in content.files:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name, cid=file.content_id)
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{name}_=")
    return message.as_bytes(policy=email.policy.SMTP)


def body_for(
    content: Content,
    preferences: Sequence[BodyPreference],
    *,
    mime: Callable[[], bytes] | None = None,
    mime_support: MIMESupport | None = None,
    mime_truncation: int | None = None,
    whole: bool = False,
) -> Body:
    """The body in the form that a client prefers.

    ``mime`` gives the whole message, and is None where the item is no mail. ``whole`` leaves nothing out, as for a
    Fetch. The form in which the body was written goes before those it has to be turned into; MIME goes before both,
    where the client asks for it. Source: [MS-ASAIRS] sections 2.2.2.3.2 and 2.2.2.40.2.
    """
    wanted = {preference.type: preference for preference in preferences}
    forms: list[BodyType] = []
    if BodyType.MIME in wanted and mime is not None and mime_support == MIMESupport.ALWAYS:
        forms.append(BodyType.MIME)
    forms += [form for form in (content.native, BodyType.HTML, BodyType.PLAIN_TEXT) if form in wanted]
    if not forms:
        # Nothing that this server can send was asked for: RTF alone, or MIME without MIMESupport.
        forms.append(BodyType.PLAIN_TEXT if not preferences else content.native)
    first: Body | None = None
    for form in forms:
        if form is BodyType.MIME and mime is not None:
            data = mime().decode("utf-8", "replace")
        else:
            data = content.as_html() if form is BodyType.HTML else content.text
        encoded = data.encode()
        preference = wanted.get(form)
        limit = None if whole or preference is None else preference.truncation_size
        if form is BodyType.MIME and not whole and mime_truncation in _MIME_TRUNCATION:
            limit = min(_MIME_TRUNCATION[mime_truncation], len(encoded) if limit is None else limit)
        preview = content.text[: preference.preview] if preference and preference.preview else None
        body = Body(type=form, estimated_data_size=len(encoded), preview=preview)
        if limit is None or len(encoded) <= limit:
            body.truncated = False
            body.data = data.replace("\0", "")
            return body
        body.truncated = True
        if not (preference and preference.all_or_none):
            # A character that the cut goes through is left out.
            body.data = encoded[:limit].decode("utf-8", "ignore").replace("\0", "") or None
            return body
        first = first or body
    assert first is not None
    return first
