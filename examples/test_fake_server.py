"""A fake server in a test: a program that uses ActiveSync, tried without any server of one's own.

python -m pytest test_fake_server.py
"""

from email.message import EmailMessage

import pytest

from activesync import AuthenticationError, Client, FolderType
from activesync.testing import EASServer, Mailbox, faults


def unread(url: str, user: str, password: str) -> list[str]:
    """The program under test: the subjects of the mails in the inbox that nobody has read."""
    with Client(url, user, password, allow_http=True) as eas:
        pages = eas.sync("inbox")
        return [change.item.subject for page in pages for change in page.changes if not change.item.read]


@pytest.fixture
def mailbox():
    mailbox = Mailbox("alice", "secret")
    for subject in ("Lunch?", "Minutes"):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "bob@example.test", mailbox.address, subject
        message.set_content("…")
        mailbox.deliver(message)
    return mailbox


@pytest.fixture
def server(mailbox):
    with EASServer(mailbox) as server:
        yield server


def test_what_nobody_has_read(server, mailbox):
    first, _ = mailbox.items(FolderType.INBOX)
    mailbox.change(first, read=True)
    assert unread(server.url, "alice", "secret") == ["Minutes"]


def test_an_answer_that_is_lost_changes_nothing(server):
    server.faults.append(faults.dropped(after=True, command="Sync"))
    assert sorted(unread(server.url, "alice", "secret")) == ["Lunch?", "Minutes"]


def test_a_wrong_password(server):
    with pytest.raises(AuthenticationError):
        unread(server.url, "alice", "guessed")
    assert not server.devices
