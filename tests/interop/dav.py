"""A user's contacts, events and tasks over CardDAV and CalDAV."""

from http.client import HTTPConnection

_TYPES = {"vcf": "text/vcard; charset=utf-8", "ics": "text/calendar; charset=utf-8"}


class Dav:
    """The DAV tree of a user. Paths below it: ``Contacts/personal/x.vcf``, ``Calendar/personal/x.ics`` (tasks too)."""

    def __init__(self, port: int, user: str, authorization: str) -> None:
        """Connects to nothing yet; `authorization` is the value of the header."""
        self._port = port
        self._base = f"/SOGo/dav/{user}/"
        self._authorization = authorization

    def put(self, path: str, text: str) -> None:
        """Nothing; makes or replaces one object, a vCard or an iCalendar text by the path's ending."""
        self._request("PUT", path, {201, 204}, text.encode(), {"Content-Type": _TYPES[path.rpartition(".")[2]]})

    def get(self, path: str) -> str | None:
        """The object's text, or None where there is none."""
        return self._request("GET", path, {200, 404})

    def delete(self, path: str) -> None:
        """Nothing; the object is gone afterwards."""
        self._request("DELETE", path, {200, 204})

    def _request(
        self,
        method: str,
        path: str,
        expected: set[int],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> str | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(
                method, self._base + path, body, {"Authorization": self._authorization} | (headers or {})
            )
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        if response.status not in expected:
            raise AssertionError(f"{method} {self._base}{path}: HTTP {response.status} {answer[:500]!r}")
        return None if response.status == 404 else answer
