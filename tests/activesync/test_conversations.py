"""Conversations, as [MS-ASCON] has them: filters, ids, and the parts of bodies that are new in a conversation."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import wbxml
from activesync import Add, BodyType, Change, Client, Email, FilterType, FolderType, errors
from activesync.commands import Options, SyncResponse
from activesync.items import BodyPartPreference, BodyPreference
from activesync.testing import EASServer, Mailbox

from .clients import COLLECTION, sent
from .samples import DATA

NOW = datetime.now(UTC).replace(microsecond=0)
ESTIMATE = "GetItemEstimate:Collections/GetItemEstimate:Collection"
FIRST, SECOND = bytes(16), bytes(range(16))


@pytest.fixture
def server() -> Iterator[EASServer]:
    """An inbox of two conversations, of which the first is alive, and an older mail of it in another folder."""
    mailbox = Mailbox("alice", "secret")
    for subject, name, days in (("new", FIRST, 0), ("older", FIRST, 10), ("dead", SECOND, 10)):
        mail = Email(subject=subject, conversation_id=name, date_received=NOW - timedelta(days=days))
        mailbox.add(FolderType.INBOX, mail)
    elsewhere = Email(subject="elsewhere", conversation_id=FIRST, date_received=NOW - timedelta(days=10))
    mailbox.add(FolderType.SENT_ITEMS, elsewhere)
    with EASServer(mailbox) as running:
        yield running


def subjects(eas: Client, folder: str, *, conversations: bool) -> list[str]:
    """The subjects of the mails of the last three days, and of their conversations."""
    pages = eas.sync(folder, filter_type=FilterType.THREE_DAYS, conversations=conversations)
    return [change.item.subject for page in pages for change in page.changes if isinstance(change, Add)]


@pytest.mark.spec(
    *("MS-ASCMD_R2105", "MS-ASCMD_R2113", "MS-ASCON_R114", "MS-ASCON_R181", "MS-ASCON_R328", "MS-ASCON_R331"),
    *("MS-ASCON_R341",),
)
def test_a_conversation_comes_whole_where_it_is_alive(eas: Client, server: EASServer) -> None:
    assert subjects(eas, "inbox", conversations=False) == ["new"]
    assert subjects(eas, "inbox", conversations=True) == ["older"], "what is new of the conversation"
    assert subjects(eas, "inbox", conversations=True) == []
    assert subjects(eas, "sent items", conversations=True) == [], "each folder is looked at for itself"
    asked = [root.find(COLLECTION) for root in sent(server, "Sync")]
    modes = [one.findtext("AirSync:ConversationMode") for one in asked if one.find("AirSync:Options") is not None]
    assert modes[:2] == [None, "1"] and all(
        one.find("AirSync:Options/AirSync:ConversationMode") is None for one in asked
    )


@pytest.mark.spec("MS-ASCMD_R2967")
@pytest.mark.spec(
    *("MS-ASCMD_R2094", "MS-ASCMD_R2096", "MS-ASCMD_R2097", "MS-ASCMD_R2098", "MS-ASCMD_R2099", "MS-ASCON_R113"),
    *("MS-ASCON_R333",),
)
def test_an_estimate_counts_whole_conversations(eas: Client, server: EASServer) -> None:
    recent = FilterType.THREE_DAYS
    assert (eas.estimate("inbox"), eas.estimate("inbox", filter_type=recent)) == (3, 1)
    assert eas.estimate("inbox", filter_type=recent, conversations=True) == 2
    assert eas.estimate("sent items", filter_type=recent, conversations=True) == 0, "of this folder alone"
    last = sent(server, "GetItemEstimate")[-1].find(ESTIMATE)
    assert last.findtext("AirSync:ConversationMode") == "1"
    assert last.find("AirSync:Options/AirSync:ConversationMode") is None


def test_folders_of_other_classes_know_no_conversations(eas: Client, server: EASServer) -> None:
    assert eas.estimate("calendar", conversations=True) == 0
    list(eas.sync("calendar", conversations=True))
    asked = [root.find(COLLECTION) for root in sent(server, "Sync")]
    assert asked and all(one.find("AirSync:ConversationMode") is None for one in asked)


@pytest.mark.spec(
    *("MS-ASCON_R78", "MS-ASCON_R94", "MS-ASCON_R156", "MS-ASCON_R193", "MS-ASEMAIL_R346"),
)
@pytest.mark.parametrize("values", [{"conversation_id": SECOND}, {"conversation_index": b"\1\2\3\4\5"}])
def test_a_client_changes_no_conversation(eas: Client, server: EASServer, values: dict[str, bytes]) -> None:
    list(eas.sync("inbox"))
    known = next(iter(server.mailbox.items(FolderType.INBOX)))
    before = len(server.requests)
    with pytest.raises(errors.RequestError, match=r"MS-ASEMAIL_R346|MS-ASCON_R94"):
        eas.apply("inbox", [Change(server_id=known, item=Email(read=True, **values))])
    assert len(server.requests) == before
    kept = server.mailbox.item(known)
    assert isinstance(kept, Email) and kept.conversation_id == FIRST


@pytest.mark.spec(
    *("MS-ASCON_R152", "MS-ASCON_R153", "MS-ASCON_R154", "MS-ASCON_R191", "MS-ASCON_R195", "MS-ASCON_R196"),
)
def test_a_mail_says_which_conversation_it_is_of() -> None:
    # The example prints byte arrays as hexadecimal digits.
    text = (DATA / "microsoft" / "asemail-4.1.1-sync-response.xml").read_text("utf-8")
    digits = re.compile(r"(<email2:ConversationI(?:d|ndex)>)([0-9A-F]+)<")
    text = digits.sub(lambda found: f"{found[1]}{b64encode(bytes.fromhex(found[2])).decode()}<", text)
    answer = wbxml.decode(wbxml.from_xml(text), type=SyncResponse)
    (mail,) = [one.item for one in answer.collections[0].commands]
    assert isinstance(mail.conversation_id, bytes) and len(mail.conversation_id) == 16
    # A header of five bytes, and five more for each answer: [MS-ASEMAIL] section 2.2.2.22.
    assert isinstance(mail.conversation_index, bytes) and len(mail.conversation_index) % 5 == 0


@pytest.mark.spec("MS-ASAIRS_R137", "MS-ASCON_R254")
@pytest.mark.spec("MS-ASCON_R53", "MS-ASCON_R63", "MS-ASCON_R183")
def test_a_part_of_a_body_is_asked_for_as_html(eas: Client, server: EASServer) -> None:
    for kind, fine in ((BodyType.HTML, True), (BodyType.PLAIN_TEXT, False), (BodyType.MIME, False)):
        options = Options(body_part_preference=BodyPartPreference(type=kind, truncation_size=100, preview=20))
        if fine:
            list(eas.sync("inbox", options=options))
        else:
            with pytest.raises(errors.RequestError, match="MS-ASAIRS_R324"):
                list(eas.sync("inbox", options=options))
    (preference,) = [one for root in sent(server, "Sync") for one in root.iter(wbxml.AirSyncBase.BodyPartPreference)][
        :1
    ]
    assert [(child.tag.name, child.text) for child in preference] == [
        ("Type", "2"), ("TruncationSize", "100"), ("Preview", "20")
    ]  # fmt: skip


@pytest.mark.spec("MS-ASCON_R243")
def test_a_body_and_a_part_of_it_come_together() -> None:
    body = "<b:Body><b:Type>1</b:Type><b:Data>All of it</b:Data></b:Body>"
    part = "<b:BodyPart><b:Status>1</b:Status><b:Type>2</b:Type><b:Data>&lt;p&gt;new&lt;/p&gt;</b:Data></b:BodyPart>"
    add = f"<Add><ServerId>1:1</ServerId><ApplicationData>{body}{part}</ApplicationData></Add>"
    told = "<SyncKey>2</SyncKey><CollectionId>1</CollectionId><Status>1</Status>"
    collection = f"<Collection>{told}<Commands>{add}</Commands></Collection>"
    xml = f'<Sync xmlns="AirSync" xmlns:b="AirSyncBase"><Collections>{collection}</Collections></Sync>'
    answer = wbxml.decode(wbxml.from_xml(xml), type=SyncResponse)
    (mail,) = [one.item for one in answer.collections[0].commands]
    assert (mail.body.data, mail.body_part.data, mail.problems) == ("All of it", "<p>new</p>", ())


def test_a_preference_for_a_body_stands_beside_one_for_a_part(eas: Client, server: EASServer) -> None:
    both = Options(
        body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT)],
        body_part_preference=BodyPartPreference(type=BodyType.HTML),
    )
    assert [change.item.subject for page in eas.sync("inbox", options=both) for change in page.changes]
    (options,) = [one for root in sent(server, "Sync") for one in root.iter(wbxml.AirSync.Options)][:1]
    assert [child.tag.name for child in options] == ["BodyPreference", "BodyPartPreference"]
