"""Log templates: which lines are the same event? One configuration for every log.

    miner = TemplateMiner(limit=10_000)          # one per log group
    ids = miner.assign(messages)                 # one id per message, header already cut (records.parse_records)
    miner.text(ids[0])                           # "Connection from <*> refused"
    miner = TemplateMiner.from_state(miner.to_state())   # plain JSON types; the same ids after a restart

A message is its first line. An id is the hash of the template's text when it was first seen: it stays when the text widens
later ("user root" becomes "user <*>"). When two templates turn out to be one, the older id stays and the other one is an
alias: `resolve(old_id)` gives the id that counts now. At `limit` templates the least recently used go first:
`evicted` counts them and `assign` returns ids that `text` no longer knows only if they were evicted.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, TypedDict

from aiops_daemon.logwatch.masking import collapse, mask

_TOKENS = re.compile(r"<\*>|[^\s=:,()\[\]{}\"'<>|;]+|\s+|[=:,()\[\]{}\"'<>|;]")
_MIN_VALUES: Final = 5  # as many different words in one place are a variable
_STATE_VERSION: Final = 1


class MinerState(TypedDict):
    version: int
    limit: int
    evicted: int
    templates: list[tuple[str, str]]  # id, text; least recently used first
    shapes: dict[str, str]  # masked line -> id
    aliases: dict[str, str]


def template_id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class TemplateMiner:
    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.evicted = 0
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._shapes: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._seen: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def assign(self, messages: Sequence[str]) -> list[str]:
        joined = "\n".join(m if "\n" not in m else m[: m.index("\n")] for m in messages)
        keys = collapse(joined).split("\n") if messages else []
        new = [key for key in dict.fromkeys(keys) if key not in self._seen]
        for key, shape in zip(new, mask(new), strict=True):
            if shape not in self._shapes:
                identifier = template_id(shape)
                self._shapes[shape] = identifier
                self._texts.setdefault(identifier, shape)
            self._seen[key] = self._shapes[shape]
        seen = self._seen
        return [seen[key] for key in keys]

    def text(self, identifier: str) -> str:
        return self._texts[self.resolve(identifier)]

    def to_state(self) -> MinerState:
        return MinerState(
            version=_STATE_VERSION,
            limit=self.limit,
            evicted=self.evicted,
            templates=list(self._texts.items()),
            shapes=dict(self._shapes),
            aliases=dict(self._aliases),
        )

    @classmethod
    def from_state(cls, state: MinerState) -> "TemplateMiner":
        miner = cls(state["limit"])
        miner.evicted = state["evicted"]
        miner._texts.update((identifier, text) for identifier, text in state["templates"])
        miner._shapes.update(state["shapes"])
        miner._aliases.update(state["aliases"])
        return miner

    def resolve(self, identifier: str) -> str:
        return self._aliases.get(identifier, identifier)
