"""Limits that keep any input from taking more than its share of memory or time."""

from __future__ import annotations


class Limits:
    """What a document may at most be: ints, which do not change. A document beyond one ends in a LimitError."""

    __slots__ = ("max_depth", "max_elements", "max_expanded", "max_size")

    max_depth: int
    max_elements: int
    max_expanded: int
    max_size: int

    def __init__(
        self,
        *,
        max_depth: int = 256,
        max_elements: int = 1 << 24,
        max_size: int = (1 << 31) - 1,
        max_expanded: int = 1 << 24,
    ) -> None:
        put = object.__setattr__
        # The deepest real document (a Search query within a Sync of exceptions with attendees) is under 20 deep;
        # XML tools behind a proxy often stop at 256.
        put(self, "max_depth", max_depth)
        # A slot takes 16 bytes: 2**24 of them are 256 MB, far above any real answer (512 calendar items: 60,000).
        put(self, "max_elements", max_elements)
        # Offsets and lengths are 32 bits wide in a slot; Exchange stops a message at 2 GB.
        put(self, "max_size", max_size)
        # Characters that references to the string table and tokens of attributes stand for, in all: two bytes can stand
        # for as much as the table is long. A real document saves less than its own size by them.
        put(self, "max_expanded", max_expanded)
        for name in self.__slots__:
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive int, not {value!r}")
        if max_size > 0xFFFF_FFFF:
            raise ValueError("max_size must fit 32 bits")
        if max_elements > 0xFFFF_FFFE:
            raise ValueError("max_elements must fit 32 bits")

    def __setattr__(self, name: str, value: object) -> None:
        # The kernels read those of DEFAULT once.
        raise AttributeError("Limits are immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Limits are immutable")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"Limits({values})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.max_depth, self.max_elements, self.max_size, self.max_expanded))


def _restore(max_depth: int, max_elements: int, max_size: int, max_expanded: int) -> Limits:
    return Limits(max_depth=max_depth, max_elements=max_elements, max_size=max_size, max_expanded=max_expanded)


DEFAULT = Limits()
