"""What every command has in common."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from wbxml import Document, Model

R = TypeVar("R", bound=Model)


class Command(Model, Generic[R]):
    """A request: the root Model of a command whose answer is an ``R``.

    A subclass names ``response``, the Model of its answer, and ``name``, the command's name in the query string
    (parameter Cmd, [MS-ASHTTP] section 2.2.1.1.1.2.1), which is that of its root tag as well.
    """

    name: ClassVar[str]
    response: ClassVar[type[Any]]

    @classmethod
    def form(cls, document: Document, version: str) -> type[Command[Any]]:
        """The Model that fits a request of this command which a server has received in ``version``.

        That is this class, but for the commands that have two forms of request under the same root.
        """
        return cls
