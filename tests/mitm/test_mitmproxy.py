"""The views within the real mitmproxy, between the client and the embedded server."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from pathlib import Path
from threading import Thread, Timer
from types import SimpleNamespace

import pytest
import trustme

import wbxml
from activesync import Add, Changed, Client, Contact
from activesync.auth import basic
from activesync.commands import DeviceInformation
from activesync.query import Query
from activesync.testing import EASServer

from ..activesync.clients import requested
from ..examples import ROOT
from .proxy import Console, Proxy, Web, command_of, document_of, wait

EVERYTHING = {
    "OPTIONS", "Provision", "FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete", "Sync", "Ping",
    "GetItemEstimate", "Search", "Find", "Settings",
}  # fmt: skip


EDITING = str(Path(__file__).with_name("editing.py"))
LINES = [
    command
    for block in re.findall(
        r"^ *```console\n(.*?)^ *```$", (ROOT / "docs" / "mitmproxy.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    for command in re.findall(r"^ *\$ (.*)$", block, re.MULTILINE)
]


def do_everything(eas: Client, server: EASServer) -> None:
    """Has the client send each of its commands."""
    eas.folders()
    list(eas.sync("inbox", "contacts"))
    eas.apply("contacts", [Add(item=Contact(first_name="Ada", last_name="Lovelace"))])
    folder = eas.create_folder("Projects")
    eas.update_folder(folder, "Plans")
    eas.delete_folder(folder)
    eas.estimate("inbox")
    eas.search("agenda")
    eas.find("agenda")
    eas.search_gal("a")
    eas.set_oof("Away -- until <Monday> & beyond")
    eas.device_information(DeviceInformation(model="Test", friendly_name="x"))
    with closing(eas.watch("inbox", duration=20)) as events:
        Timer(0.5, server.mailbox.deliver, [b"Subject: new\r\n\r\n"]).start()
        assert isinstance(next(events), Changed)


@pytest.mark.parametrize("base64_query", [False, True], ids=["plain", "base64"])
def test_every_command_is_shown(server: EASServer, tmp_path: Path, base64_query: bool) -> None:
    with Web(tmp_path, server.url) as web:
        with Client(web.url, "alice", "secret", allow_http=True, base64_query=base64_query) as eas:
            do_everything(eas, server)
            device, key = eas.session.device_id, eas.session.policy_key
        assert {"activesync", "activesync dump"} <= set(web.asked("/state")["contentViews"])
        flows = web.flows()
        sent = [request for request in server.requests if request.command != "Ping"]
        seen = set()
        for flow in flows:
            text = web.shown(flow, "request")["text"]
            command = command_of(text)
            seen.add(command)
            if command != "OPTIONS":
                assert f"     device          {device} (Python)\n" in text and "     user            alice\n" in text
                assert re.search(r"\n     version         16\.1\n", text)
                assert f"\n     query           {'base64' if base64_query else 'plain'}" in text
            for part in ("request", "response"):
                if flow.get(part):  # the last Ping may have been hung up
                    _check(web, flow, part)
        assert seen == EVERYTHING
        assert any(f"     policy key      {key}\n" in web.shown(flow, "request")["text"] for flow in flows)
        # What the views show is what the server was sent, in its order.
        shown = [document_of(web.shown(flow, "request")["text"]) for flow in flows]
        bodies = [wbxml.from_xml(one) if one else b"" for one in shown if not one.startswith("<Ping")]
        assert bodies == [request.body for request in sent]


def _check(web: Web, flow: dict[str, object], part: str) -> None:
    """That a message is shown by both views, which agree, and each as the whole of it."""
    document = web.shown(flow, part)
    assert (document["view_name"], document["syntax_highlight"]) == ("ActiveSync", "xml")
    dump = web.shown(flow, part, "ActiveSync dump")
    assert dump["view_name"] == "ActiveSync dump"
    assert command_of(document["text"]) == command_of(dump["text"])
    xml = document_of(document["text"])
    assert bool(xml) != ("no body" in document["text"]) and "broken" not in document["text"]
    if xml:
        assert wbxml.dump(wbxml.from_xml(xml)).strip() == dump["text"].partition("\n\n")[2]


def test_packed_answers_are_shown_unpacked(server: EASServer, tmp_path: Path) -> None:
    with Web(tmp_path, server.url) as web:
        with Client(web.url, "alice", "secret", allow_http=True) as eas:
            list(eas.sync("inbox"))
        shown = [web.shown(flow, "response") for flow in web.flows()]
    packed = [one for one in shown if one["description"] == "[decoded gzip]"]
    assert any("<ApplicationData>" in one["text"] for one in packed)


def test_what_is_edited_goes_on_edited(server: EASServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITED_QUERY", "minutes &amp; notes")
    with Proxy(tmp_path, server.url, "--flow-detail", "3", scripts=(EDITING,)) as proxy:
        with Client(proxy.url, "alice", "secret", allow_http=True, versions=("14.1",)) as eas:
            # An answer, packed again by mitmproxy, as its header says.
            assert eas.folders().named("inbox").name == "Nicht alles, aber vieles & Übriges"
            eas.search("agenda")
            eas.search("broken")
        searches = [wbxml.decode(request.body).root for request in server.requests if request.command == "Search"]
        texts = [element.text for root in searches for element in root.iter("Search:FreeText")]
        assert texts == ["minutes & notes", "broken"]
        # mitmdump prints what the view shows, here of the request as it was edited.
        assert "ActiveSync Search request" in proxy.log and "minutes &amp; notes" in proxy.log
        assert re.search(r"refused: line \d+, column \d+: ", proxy.log)


def test_a_person_edits_in_the_console(server: EASServer, tmp_path: Path) -> None:
    """On a terminal: an intercepted request goes into an editor, comes back wrong, then right, and goes on."""
    change = tmp_path / "change.sed"
    edit = ":console.edit.focus 'request-body (ActiveSync)'\r"
    options = ("--intercept", "~q & ~u Cmd=Search", "--set", "console_focus_follow=true")

    def searched() -> list[wbxml.Element]:
        return [wbxml.decode(request.body).root for request in server.requests if request.command == "Search"]

    with (
        Console(tmp_path, server.url, *options, editor=f"sed -i -f {change}") as console,
        Client(console.url, "alice", "secret", allow_http=True, versions=("14.1",)) as eas,
    ):
        eas.folders()
        search = Thread(target=eas.search, args=("agenda",), daemon=True)
        search.start()
        wait(lambda: "Cmd=Search" in console.log, "the request is not intercepted", lambda: console.log)
        change.write_text("s/<Range>/<Rage>/\n")
        console.insist(edit, lambda: "line 18, column 7: Rage is not a tag of Search" in console.log)
        assert console.runs and not searched()
        change.write_text(f"s/>agenda</>minutes</w {tmp_path / 'edited'}\n")
        console.insist(edit, (tmp_path / "edited").exists)
        console.insist("a", searched)
        search.join(20)
        (root,) = searched()
        assert [element.text for element in root.iter("Search:FreeText")] == ["minutes"]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("mitm")])
def test_the_lines_of_the_documentation_load_the_views(tmp_path: Path, line: str) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for command in LINES:
        if command.startswith("echo "):
            subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, timeout=20)
    with Web(tmp_path, None, line=line) as web:
        assert {"activesync", "activesync dump"} <= set(web.asked("/state")["contentViews"])
        assert "rror" not in web.log


def test_the_fuzzing_proxy_of_the_examples(server: EASServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUZZ_EVERY", "2")
    monkeypatch.setenv("FUZZ_MOST", "5")
    body = wbxml.from_xml('<FolderSync xmlns="FolderHierarchy"><SyncKey>0</SyncKey></FolderSync>')
    headers = {"Authorization": basic("alice", "secret")(), "Content-Type": "application/vnd.ms-sync.wbxml"}
    query = Query("FolderSync", "alice", "d1", "SP").plain()
    came = []
    for seed in ("1", "1", "2"):
        monkeypatch.setenv("FUZZ_SEED", seed)
        server.requests.clear()
        with Proxy(tmp_path, server.url, scripts=(str(ROOT / "examples" / "mitmproxy_fuzz.py"),)) as proxy:
            address = SimpleNamespace(url=f"{proxy.url}/Microsoft-Server-ActiveSync")
            for _ in range(20):
                requested(address, "POST", query, headers, body)  # type: ignore[arg-type]
            assert proxy.log.count("fuzzed: ") == 5
        came.append([request.body for request in server.requests])
    assert [len(bodies) for bodies in came] == [20, 20, 20]
    assert came[0] == came[1] != came[2] and 2 <= sum(one != body for one in came[0]) <= 5


def test_https_is_read_with_the_authority_of_mitmproxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    for name, blob in (("key", issued.private_key_pem), ("cert", issued.cert_chain_pems[0])):
        blob.write_to_path(str(tmp_path / f"{name}.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with (
        EASServer(tls=(tmp_path / "cert.pem", tmp_path / "key.pem"), host="127.0.0.1") as server,
        Web(tmp_path, None, "--set", f"ssl_verify_upstream_trusted_ca={tmp_path / 'ca.pem'}") as web,
    ):
        url = server.url.replace("127.0.0.1", "localhost")
        monkeypatch.setenv("HTTPS_PROXY", web.url)
        with Client(url, "alice", "secret", verify=str(tmp_path / "mitmproxy-ca-cert.pem")) as eas:
            assert eas.folders().named("inbox")
        commands = [command_of(web.shown(flow, "request")["text"]) for flow in web.flows()]
        assert commands == ["OPTIONS", "FolderSync"]
