"""Search, Find and document libraries: [MS-ASCMD] sections 2.2.1.2 and 2.2.1.16, [MS-ASDOC]."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wbxml
from activesync import BodyType, Client, Email, FolderType, errors
from activesync.commands import (
    And,
    EqualTo,
    ExecuteSearch,
    Find,
    FindOptions,
    FindPictures,
    FindQuery,
    GALCriterion,
    GALStore,
    GreaterThan,
    LessThan,
    MailboxCriterion,
    PictureOptions,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchResponse,
    SearchStore,
)
from activesync.items import (
    BodyPartPreference,
    BodyPreference,
    Contact,
    DocumentEntry,
    GALEntry,
    GALPicture,
    MIMESupport,
    Note,
)
from activesync.testing import sample_mailbox

from .clients import client, sent
from .schemas import Checked

NOON = datetime.now(UTC).replace(microsecond=0)
SHARE = "\\\\server.example.test\\share"
DOCUMENTS = [
    DocumentEntry(link_id=SHARE, display_name="share", is_folder=True, creation_date=NOON, is_hidden=False),
    DocumentEntry(
        link_id=f"{SHARE}\\plan.txt", display_name="plan.txt", is_folder=False, creation_date=NOON,
        last_modified_date=NOON, is_hidden=False, content_length=12, content_type="text/plain",
    ),
    DocumentEntry(link_id=f"{SHARE}\\old", display_name="old", is_folder=True),
    DocumentEntry(link_id=f"{SHARE}\\old\\deep.txt", display_name="deep.txt", is_folder=False),
]  # fmt: skip
PEOPLE = [
    GALEntry(display_name=name, alias=alias, first_name=name.split()[0], last_name=name.split()[1], office=office,
             email_address=f"{alias}@example.test", company="Example")
    for name, alias, office in (
        ("Michael Alexander", "malex", "1"), ("Michael Allen", "mallen", "2"), ("Ann Lee", "123ann", "123 Main Street"),
        ("Bob Ray", "bob", "Amichael 4"),
    )
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[Checked]:
    mailbox = sample_mailbox("alice", "secret", mails=4, contacts=2, events=2)
    with Checked(mailbox, directory=PEOPLE, documents=DOCUMENTS) as running:
        yield running


def found(eas: Client, query: Query, **options: Any) -> Any:
    """The store in the answer to a search of the mailbox."""
    store = SearchStore(name="Mailbox", query=query, options=SearchOptions(**options) if options else None)
    return eas.run(Search(store=store)).store


# Document libraries


@pytest.mark.spec(
    *("MS-ASDOC_R66", "MS-ASDOC_R80", "MS-ASDOC_R82", "MS-ASDOC_R83", "MS-ASDOC_R91", "MS-ASDOC_R110"),
    *("MS-ASDOC_R64", "MS-ASCMD_R3491"),
)
def test_a_file_is_found_by_its_path(eas: Client, server: Checked) -> None:
    (entry,) = eas.search_documents(f"{SHARE}\\plan.txt")
    assert entry == DOCUMENTS[1]
    (store,) = sent(server, "Search")[-1]
    assert store.findtext("Search:Name") == "DocumentLibrary"
    equal = store.find("Search:Query/Search:EqualTo")
    assert equal is not None and [child.tag.name for child in equal] == ["LinkId", "Value"]
    assert equal.findtext("Search:Value") == f"{SHARE}\\plan.txt"


@pytest.mark.spec("MS-ASCMD_R3854", "MS-ASCMD_R3856", "MS-ASCMD_R2203", "MS-ASCMD_R2204", "MS-ASCMD_R2279")
def test_a_folder_comes_before_what_it_holds(eas: Client, server: Checked) -> None:
    entries = eas.search_documents(SHARE)
    assert [entry.display_name for entry in entries] == ["share", "plan.txt", "old"]
    assert [entry.display_name for entry in eas.search_documents(SHARE, limit=2)] == ["share", "plan.txt"]
    (inner,) = [entry for entry in entries if entry.is_folder and entry.link_id != SHARE]
    assert inner.link_id is not None
    assert [entry.display_name for entry in eas.search_documents(inner.link_id)] == ["old", "deep.txt"]


@pytest.mark.spec(
    *("MS-ASDOC_R3", "MS-ASDOC_R4", "MS-ASDOC_R5", "MS-ASDOC_R6", "MS-ASDOC_R63", "MS-ASDOC_R65", "MS-ASDOC_R16"),
    "MS-ASDOC_R18",
)
def test_documents_are_elements_of_their_schema(eas: Client, server: Checked) -> None:
    """The answers have been held against SearchResponse.xsd and DocumentLibrary.xsd, see Checked."""
    eas.search_documents(SHARE)
    document = wbxml.decode(server.answers[-1])
    properties = list(document.root.iter(wbxml.Search.Properties))
    assert len(properties) == 3
    assert {child.tag.namespace for one in properties for child in one} == {"DocumentLibrary"}
    assert server.answers[-1][:2] == server.requests[-1].body[:2] == b"\x03\x01"
    assert wbxml.to_xml(server.requests[-1].body).startswith("<")


@pytest.mark.spec("MS-ASCMD_R2278", "MS-ASDOC_R85")
def test_what_no_library_can_be_asked(server: Checked) -> None:
    with client(server, check=False) as eas:
        eas.folders()
        unnamed = Query(equal_to=EqualTo(value=SHARE))
        answer = eas.run(Search(store=SearchStore(name="DocumentLibrary", query=unnamed)))
        assert answer.store is not None and answer.store.status == 2
        elsewhere = found(eas, Query(equal_to=EqualTo(link_id=True, value=SHARE)))
        assert elsewhere.status == 8, "only a library is searched so"
        with pytest.raises(errors.StatusError, match="NotFound"):
            eas.search_documents("\\\\nowhere\\at\\all")


# Search


@pytest.mark.spec("MS-ASCMD_R375", "MS-ASCMD_R414", "MS-ASCMD_R433", "MS-ASCMD_R3489", "MS-ASCMD_R5712")
def test_three_stores_are_searched(eas: Client, server: Checked) -> None:
    assert eas.search("the") and eas.search_gal("Ann") and eas.search_documents(SHARE)
    names = {root.findtext("Search:Store/Search:Name") for root in sent(server, "Search")}
    assert names == {"Mailbox", "GAL", "DocumentLibrary"}


@pytest.mark.spec("MS-ASCMD_R918", "MS-ASCMD_R920", "MS-ASCMD_R6289")
@pytest.mark.parametrize("cls", ["Email", "Contacts", "Calendar", "Tasks", "Notes", "SMS"])
def test_a_search_is_for_classes(server: Checked, cls: str) -> None:
    server.mailbox.add(FolderType.INBOX, Email(subject="needle"))
    server.mailbox.add(FolderType.NOTES, Note(subject="needle"))
    server.mailbox.add(FolderType.CONTACTS, Contact(last_name="needle"))
    for version in ("12.1", "14.1", "16.1"):
        with client(server, versions=(version,)) as eas:
            eas.folders()
            query = Query(and_=And(classes=[cls], free_text="needle"))
            if version == "12.1" and cls in ("Notes", "SMS"):
                with pytest.raises(errors.RequestError, match="MS-ASCMD_R6298"):
                    found(eas, query)
                continue
            store = found(eas, query)
            assert store.status == 1 and {one.cls for one in store.results} <= {cls}
            assert len(store.results) == int(cls in ("Email", "Contacts", "Notes"))


@pytest.mark.spec("MS-ASCMD_R3139", "MS-ASCMD_R3216")
@pytest.mark.spec("MS-ASCMD_R3138", "MS-ASCMD_R3143", "MS-ASCMD_R3214", "MS-ASCMD_R3220")
@pytest.mark.parametrize("kind", [GreaterThan, LessThan])
def test_bounds_of_time_stand_in_and_of_a_mailbox_search(server: Checked, kind: Any) -> None:
    with client(server, check=False) as eas:
        eas.folders()
        name = "greater_than" if kind is GreaterThan else "less_than"
        bound = {name: kind(date_received=True, value=NOON)}
        assert found(eas, Query(and_=And(free_text="the", **bound))).status == 1
        assert found(eas, Query(**bound)).status == 8
        library = Query(equal_to=EqualTo(link_id=True, value=SHARE), **bound)
        answer = eas.run(Search(store=SearchStore(name="DocumentLibrary", query=library)))
        assert answer.store is not None and answer.store.status == 2


@pytest.mark.spec("MS-ASCMD_R5262", "MS-ASCMD_R5269", "MS-ASCMD_R5270", "MS-ASCMD_R5858")
def test_a_value_is_compared_with_the_property_it_stands_with(eas: Client, server: Checked) -> None:
    eas.folders()
    for days in (1, 3):
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {days}", date_received=NOON - timedelta(days=days)))
    bound = GreaterThan(date_received=True, value=NOON - timedelta(days=2))
    store = found(eas, Query(and_=And(classes=["Email"], free_text="needle", greater_than=bound)))
    assert [one.properties.subject for one in store.results] == ["needle 1"]
    (told,) = sent(server, "Search")[-1].iter(wbxml.Search.GreaterThan)
    assert [child.tag.name for child in told] == ["DateReceived", "Value"]
    assert told.find("Email:DateReceived").text is None and told.findtext("Search:Value")


@pytest.mark.spec("MS-ASEMAIL_R66")
@pytest.mark.spec("MS-ASCMD_R3724", "MS-ASCMD_R4640", "MS-ASCMD_R4642")
def test_total_tells_whether_there_is_more(eas: Client, server: Checked) -> None:
    eas.folders()
    for number in range(25):
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {number}"))
    store = found(eas, Query(and_=And(classes=["Email"], free_text="needle")), range="0-4")
    assert (store.range, store.total, len(store.results)) == ("0-4", 25, 5)
    assert len(eas.search("needle", limit=100)) == 25


@pytest.mark.spec("MS-ASCMD_R3584")
@pytest.mark.spec("MS-ASCMD_R3583", "MS-ASCMD_R3585", "MS-ASCMD_R3586", "MS-ASCMD_R3587", "MS-ASCMD_R3582")
def test_each_store_has_its_options(eas: Client, server: Checked) -> None:
    eas.folders()
    person: dict[str, Any] = {"range": "0-9", "user_name": "u" * 100, "password": "p" * 100}
    mail: dict[str, Any] = {
        "range": "0-9", "deep_traversal": True, "rebuild_results": True, "rights_management_support": True,
        "body_preferences": [BodyPreference(type=BodyType.PLAIN_TEXT)],
        "body_part_preference": BodyPartPreference(type=BodyType.HTML),
    }  # fmt: skip
    people = SearchOptions(**person, picture=PictureOptions(max_size=100, max_pictures=1))
    gal = eas.run(SearchGAL(store=GALStore(name="GAL", query="Ann", options=people)))
    conversation = Query(and_=And(classes=["Email"], free_text="the", conversation_id=bytes(16)))
    library = SearchStore(
        name="DocumentLibrary", query=Query(equal_to=EqualTo(link_id=True, value=SHARE)),
        options=SearchOptions(**person),
    )  # fmt: skip
    answers = (gal, eas.run(Search(store=library)))
    assert [one.store.status for one in answers if one.store] == [1, 1]
    assert found(eas, conversation, **mail).status == 1
    for name in ("user_name", "password"):
        with pytest.raises(errors.RequestError, match="at most 100"):
            eas.run(SearchGAL(store=GALStore(name="GAL", query="Ann", options=SearchOptions(**{name: "x" * 101}))))


@pytest.mark.spec("MS-ASCMD_R5568", "MS-ASAIRS_R10011")
def test_parts_of_bodies_are_for_conversations(eas: Client, server: Checked) -> None:
    eas.folders()
    part = BodyPartPreference(type=BodyType.HTML)
    with pytest.raises(errors.RequestError, match="MS-ASCMD_R5568"):
        found(eas, Query(and_=And(classes=["Email"], free_text="the")), body_part_preference=part)
    query = Query(and_=And(classes=["Email"], free_text="the", conversation_id=bytes(16)))
    assert found(eas, query, body_part_preference=part).status == 1


@pytest.mark.spec("MS-ASCMD_R3384")
@pytest.mark.spec("MS-ASCMD_R5566", "MS-ASCMD_R3382", "MS-ASAIRS_R339")
def test_a_search_brings_mime_where_it_is_wanted(eas: Client, server: Checked) -> None:
    eas.folders()
    server.mailbox.add(FolderType.INBOX, Email(subject="needle"), html="<p>x</p>")
    query = Query(and_=And(classes=["Email"], free_text="needle"))
    mime = BodyPreference(type=BodyType.MIME, truncation_size=5000, all_or_none=False, preview=10)
    text = BodyPreference(type=BodyType.PLAIN_TEXT)
    for support, kind in (
        (None, BodyType.PLAIN_TEXT),
        (MIMESupport.NEVER, BodyType.PLAIN_TEXT),
        (MIMESupport.ALWAYS, BodyType.MIME),
    ):
        (result,) = found(eas, query, mime_support=support, body_preferences=[mime, text]).results
        assert result.properties.body.type is kind
    told = [
        one.findtext("AirSyncBase:Type") for one in sent(server, "Search")[-1].iter(wbxml.AirSyncBase.BodyPreference)
    ]
    assert told == ["4", "1"]


@pytest.mark.spec("MS-ASCMD_R3241")
def test_a_long_id_is_kept_as_it_is() -> None:
    name = "~" * 253 + "%3a"
    xml = (
        '<Search xmlns="Search"><Status>1</Status><Response><Store><Status>1</Status><Result>'
        f"<LongId>{name}</LongId></Result></Store></Response></Search>"
    )
    answer = wbxml.decode(wbxml.from_xml(xml), type=SearchResponse)
    assert answer.store is not None and answer.store.results[0].long_id == name and len(name) == 256


GAL_ALONE = ("DisplayName", "EmailAddress", "FirstName", "Company")


@pytest.mark.spec("MS-ASCMD_R5711")
@pytest.mark.spec("MS-ASCMD_R5300", "MS-ASCMD_R5316", "MS-ASCMD_R5323")
def test_only_a_search_for_people_brings_people(eas: Client, server: Checked) -> None:
    for search, there in ((lambda: eas.search_gal("Michael"), True), (lambda: eas.search("the"), False)):
        assert search()
        names = {one.tag.name for one in wbxml.decode(server.answers[-1]).root.iter() if one.tag.namespace == "GAL"}
        assert (set(GAL_ALONE) <= names) if there else not names


# Find


@pytest.mark.spec("MS-ASCMD_R63510605", "MS-ASCMD_R5308100802", "MS-ASCMD_R65590806")
def test_only_a_find_of_people_brings_people(eas: Client, server: Checked) -> None:
    for find, there in ((lambda: eas.find_gal("Michael"), True), (lambda: eas.find("the"), False)):
        assert find()
        names = {one.tag.name for one in wbxml.decode(server.answers[-1]).root.iter() if one.tag.namespace == "GAL"}
        assert (set(GAL_ALONE) <= names) if there else not names


@pytest.mark.spec(
    *("MS-ASCMD_R10031994", "MS-ASCMD_R10031995", "MS-ASCMD_R10031996", "MS-ASCMD_R10031998", "MS-ASCMD_R10032001"),
    *("MS-ASCMD_R10032002", "MS-ASCMD_R10032006", "MS-ASCMD_R10032007"),
)
def test_people_are_found_by_the_beginnings_of_words(eas: Client, server: Checked) -> None:
    assert {one.display_name for one in eas.find_gal("Michael A.")} == {"Michael Alexander", "Michael Allen"}
    assert [one.display_name for one in eas.find_gal("123")] == ["Ann Lee"], "an address that begins so"
    many = [
        GALEntry(display_name=f"Many {number}", first_name="Many", last_name=str(number), alias=f"m{number}")
        for number in range(150)
    ]
    server.directory += many
    criterion = GALCriterion(query="Many")
    whole = eas.run(Find(search_id="1", execute=ExecuteSearch(gal=criterion))).response
    assert whole is not None and (len(whole.results), whole.total) == (100, 150), "100 where nothing is said"
    criterion.options = FindOptions(range="0-9")
    ten = eas.run(Find(search_id="2", execute=ExecuteSearch(gal=criterion))).response
    assert ten is not None and (len(ten.results), ten.range) == (10, "0-9")


def test_people_of_the_address_list_come_with_pictures(eas: Client, server: Checked) -> None:
    server.directory.append(GALEntry(display_name="Pia Picture", alias="pia", picture=GALPicture(data=b"\xff\xd8jpeg")))
    (plain,), (shown,) = eas.search_gal("Pia"), eas.search_gal("Pia", pictures=True)
    assert plain.picture is None and shown.picture is not None
    assert (shown.picture.status, shown.picture.data) == (1, b"\xff\xd8jpeg")
    (found,) = eas.find_gal("Pia", pictures=True)
    assert found.picture == shown.picture
    small = SearchOptions(picture=PictureOptions(max_size=5))
    answer = eas.run(SearchGAL(store=GALStore(name="GAL", query="Pia", options=small)))
    assert [one.properties.picture.status for one in answer.store.results] == [174]
    (without,) = eas.search_gal("Ann Lee", pictures=True)
    assert without.picture is not None and (without.picture.status, without.picture.data) == (173, None)
    with (
        client(server, versions=("14.0",)) as old,
        pytest.raises(errors.UsageError, match=r"Picture is not in version 14\.0"),
    ):
        old.search_gal("Pia", pictures=True)


@pytest.mark.spec("MS-ASCMD_R10032003", "MS-ASCMD_R421", "MS-ASCMD_R132000")
@pytest.mark.parametrize("text", ["Ann Lee", "123ann", "Ann", "Lee", "123ann@example.test"])
def test_what_of_people_is_indexed(eas: Client, text: str) -> None:
    assert [one.alias for one in eas.find_gal(text)] == ["123ann"]
    assert [one.alias for one in eas.search_gal(text)] == ["123ann"]
    for inner in ("nn", "ee", "23ann"):
        assert not eas.find_gal(inner) and not eas.search_gal(inner), "the beginning of a word, not its middle"


@pytest.mark.spec(
    *("MS-ASCMD_R10032010", "MS-ASCMD_R10032011", "MS-ASCMD_R10032012", "MS-ASCMD_R4630101812"),
    *("MS-ASCMD_R3707101817", "MS-ASCMD_R901100603", "MS-ASEMAIL_R12000", "MS-ASEMAIL_R3100"),
)
def test_mails_are_found_page_by_page(eas: Client, server: Checked) -> None:
    for number in range(150):
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {number}"), html="<p>some words of it</p>")
    known = {change.server_id for page in eas.sync("inbox") for change in page.changes}
    results = eas.find("needle", limit=150)
    assert len(results) == 150
    assert {one.server_id for one in results} <= known, "as they are in the folder that was synchronised"
    folder = eas.folders().named("inbox")
    assert folder is not None and {one.collection_id for one in results} == {folder.collection_id}
    assert all(one.properties is not None and one.properties.preview for one in results)
    assert {one.cls for one in results} == {"Email"}
    ranges = [one.text for root in sent(server, "Find") for one in root.iter(wbxml.Find.Range)]
    assert ranges == ["0-99", "100-149"]
    assert len({root.findtext("Find:SearchId") for root in sent(server, "Find")}) == 1


@pytest.mark.spec(
    *("MS-ASCMD_R982100612", "MS-ASCMD_R6399100713", "MS-ASCMD_R6399100714", "MS-ASCMD_R6399100710"),
    *("MS-ASCMD_R3707101815", "MS-ASEMAIL_R6000"),
)
def test_find_looks_into_folders(eas: Client, server: Checked) -> None:
    inbox = server.mailbox.folder(FolderType.INBOX)
    below = server.mailbox.add_folder("Below", parent_id=inbox.server_id)
    for place in (inbox, below, server.mailbox.folder(FolderType.SENT_ITEMS)):
        server.mailbox.add(place, Email(subject=f"needle {place.name}"))
    eas.folders()
    assert len(eas.find("needle")) == 3, "in all of them"
    assert len(eas.find("needle", folder="inbox")) == 2, "with what is within it"
    shallow = MailboxCriterion(query=FindQuery(cls="Email", collection_id=inbox.server_id, free_text="needle"))
    answer = eas.run(Find(search_id="1", execute=ExecuteSearch(mailbox=shallow))).response
    assert answer is not None and len(answer.results) == 1
    deep = [root.find("Find:ExecuteSearch/Find:MailBoxSearchCriterion/Find:Options/Find:DeepTraversal") is not None
            for root in sent(server, "Find")[:2]]  # fmt: skip
    assert deep == [False, True]
    eas.find_gal("Ann", pictures=True)
    (options,) = sent(server, "Find")[-1].iter(wbxml.Find.Options)
    assert [child.tag.name for child in options] == ["Range", "Picture"]


@pytest.mark.spec("MS-ASCMD_R901100613", "MS-ASCMD_R37071812", "MS-ASCMD_R3300101607")
def test_what_find_cannot_be_asked(eas: Client, server: Checked) -> None:
    def asked(**values: Any) -> Any:
        return eas.run(Find(search_id="1", execute=ExecuteSearch(**values)))

    for cls in ("Calendar", "Contacts"):
        with pytest.raises(errors.RequestError, match="MS-ASCMD_R901100613"):
            asked(mailbox=MailboxCriterion(query=FindQuery(cls=cls, free_text="the")))
    for wrong in ("9-0", "0-1000", "all"):
        with pytest.raises(errors.RequestError, match=r"MS-ASCMD_R3707181[12]"):
            asked(gal=GALCriterion(query="Ann", options=FindOptions(range=wrong)))
    assert asked(gal=GALCriterion(query="Ann", options=FindOptions(range="0-999"))).response is not None
    with pytest.raises(errors.RequestError, match="MaxSize"):
        asked(gal=GALCriterion(query="Ann", options=FindOptions(picture=FindPictures(max_size=-1))))


@pytest.mark.spec("MS-ASCMD_R10031940", "MS-ASCMD_R6659100910", "MS-ASCMD_R6659100911", "MS-ASCMD_R6659100913")
def test_restrictions_to_properties(eas: Client, server: Checked) -> None:
    for subject, sender, to in (
        ("needle one", "ann@example.test", "x@example.test"),
        ("other", "bob@example.test", "needle@example.test"),
    ):
        server.mailbox.add(FolderType.INBOX, Email(subject=subject, from_=sender, to=to))

    def subjects(text: str) -> list[str | None]:
        return sorted(one.properties.subject or "" for one in eas.find(text) if one.properties)

    assert subjects("needle") == ["needle one", "other"], "in any property"
    assert subjects("subject:needle") == ["needle one"]
    assert subjects("to:needle") == ["other"]
    assert subjects("from:ann subject:one") == ["needle one"]
    assert subjects("from:ann subject:other") == []
    assert eas.run(Find(search_id="1", execute=ExecuteSearch(mailbox=MailboxCriterion(
        query=FindQuery(cls="Email", free_text="to:nobody"))))).response.results == []  # fmt: skip


@pytest.mark.spec("MS-ASCMD_R3731", "MS-ASCMD_R3740")
def test_no_search_brings_more_than_a_hundred(eas: Client, server: Checked) -> None:
    eas.folders()
    for number in range(130):
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {number}"))
        server.directory.append(GALEntry(display_name=f"Needle {number}", alias=f"n{number}"))
    mails = found(eas, Query(and_=And(classes=["Email"], free_text="needle")))
    assert (len(mails.results), mails.range) == (100, "0-99")
    people = eas.run(SearchGAL(store=GALStore(name="GAL", query="needle"))).store
    assert people is not None and (len(people.results), people.range) == (100, "0-99")
    beyond = found(eas, Query(and_=And(classes=["Email"], free_text="needle")), range="100-110")
    assert beyond.status == 12
    assert len(found(eas, Query(and_=And(classes=["Email"], free_text="needle")), range="50-59").results) == 10


@pytest.mark.spec(
    "MS-ASCMD_R5426", "MS-ASCMD_R3754", "MS-ASCMD_R3756", "MS-ASCMD_R3758", "MS-ASCMD_R2086", "MS-ASCMD_R3105"
)
def test_what_was_found_stays_until_it_is_looked_for_anew(eas: Client, server: Checked) -> None:
    """By another query, or by RebuildResults, which search() sends with the first range of each search."""
    eas.folders()
    query = Query(and_=And(classes=["Email"], free_text="needle"))
    server.mailbox.add(FolderType.INBOX, Email(subject="needle 1"))
    assert found(eas, query).total == 1
    server.mailbox.add(FolderType.INBOX, Email(subject="needle 2"))
    assert found(eas, query).total == 1
    assert found(eas, query, rebuild_results=True).total == 2
    server.mailbox.add(FolderType.INBOX, Email(subject="needle 3"))
    assert found(eas, query).total == 2
    assert found(eas, Query(and_=And(classes=["Email"], free_text="needle 3"))).total == 1
    assert found(eas, query).total == 3
    server.mailbox.add(FolderType.INBOX, Email(subject="needle 4"))
    assert len(eas.search("needle")) == 4
    (told,) = sent(server, "Search")[-1].iter(wbxml.Search.RebuildResults)
    assert told.text is None
    for alone in (Query(free_text="needle"), Query(conversation_id=bytes(16))):
        assert found(eas, alone).status == 8, "criteria stand within And"
