"""Decoding of a document while it arrives, as an iterator over its selected values."""

from __future__ import annotations

from .kernel import kernel
from .limits import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from ._kernel_py import BytesLike
    from .codepages import CodePages
    from .limits import Limits


def iterdecode(
    chunks: Iterable[BytesLike],
    select: Iterable[str] | Mapping[str, type[Any] | None],
    *,
    pages: CodePages | None = None,
    limits: Limits = DEFAULT,
) -> Iterator[Any]:
    """The selected values of the document in ``chunks``, each as soon as its end is in: Elements or Model instances.

    ``select`` is as for Decoder. Raises DecodeError where the bytes are not a document, after the values before it.
    """
    decoder = kernel.Decoder(select, pages=pages, limits=limits)
    for chunk in chunks:
        for match in decoder.feed(chunk):
            yield match.value
    decoder.close()
