"""Stored JSON texts that are read like what they say: parsed when asked for, not before.

A record is read back after each of its writes, and most of it is not looked at until the next one: unparsed it costs a third of the memory
and less time. Nothing is cached, for the same reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from pydantic import JsonValue
from pydantic_core import from_json
from typing_extensions import override  # typing has it from 3.12

from aiops_daemon.model.incident import AuditEntry


class Results(Mapping[str, JsonValue]):
    """`results` of an incident."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    @override
    def __getitem__(self, key: str) -> JsonValue:
        value: JsonValue = from_json(self._texts[key])  # shares the short strings that many records have
        return value

    @override
    def __contains__(self, key: object) -> bool:
        return key in self._texts

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    @override
    def __len__(self) -> int:
        return len(self._texts)


class Trail(Sequence[AuditEntry]):
    """`audit` of an incident."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    @overload
    def __getitem__(self, at: int) -> AuditEntry: ...
    @overload
    def __getitem__(self, at: slice) -> list[AuditEntry]: ...

    @override
    def __getitem__(self, at: int | slice) -> AuditEntry | list[AuditEntry]:
        if isinstance(at, slice):
            return [AuditEntry.model_validate_json(text) for text in self._texts[at]]
        return AuditEntry.model_validate_json(self._texts[at])

    @override
    def __len__(self) -> int:
        return len(self._texts)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # a record is never a key
