"""Log templates: which lines are the same event? One configuration for every log.

    miner = TemplateMiner(limit=10_000)          # one per log group
    ids = miner.assign(messages)                 # one id per message, header already cut (records.parse_records)
    miner.text(ids[0])                           # "Connection from <*> refused"
    miner = TemplateMiner.from_state(miner.to_state())   # plain JSON types; the same ids after a restart

A message is its first line, masked; each distinct masked text is a template, until words turn out to vary: when a value was
seen in the place of a word, or VALUES different words in one place (three after "for", "user" and the like, in quotes, or of
words that were values elsewhere), the templates become one. What varies in several places at once is found by families.py.
An id is the hash of the template's text when it was first seen and stays when the text widens. When templates become one,
the oldest id stays and the others are aliases: keep counts under `resolve(id)`, which is what `assign` returns. At `limit`
templates the least recently used go first: `evicted` counts them, `text` says FORGOTTEN.

Memory: at most `limit` templates of TEXT_LIMIT characters, as many aliases, CACHE remembered lines and masking.REMEMBERED
words and lines.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

from aiops_daemon.logwatch.families import Families, is_known, shape_of
from aiops_daemon.logwatch.masking import WILDCARD, Masker, fold, zeros
from aiops_daemon.logwatch.slots import Slot, folded, slots_of, tokens_of

_LINE_LIMIT: Final = 8_192  # characters of a message that are read
TEXT_LIMIT: Final = 1_024  # characters of a template
BATCH: Final = 8_192  # lines at a time: what they need stays in the processor's cache
_PATTERNS: Final = 8  # texts that a template covers beside its own
_KNOWN_VALUES: Final = 2_000  # words remembered as values
CACHE: Final = 100_000  # lines without their digits whose template is remembered
FORGOTTEN: Final = "(template no longer kept)"


class MinerState(TypedDict):
    version: int
    limit: int
    evicted: int
    born: int
    templates: list[tuple[str, str, int]]  # id, text, born; least recently used first
    aliases: dict[str, str]
    patterns: NotRequired[dict[str, list[str]]]  # what a template covers beside its text; states of before have none
    values: NotRequired[list[str]]


@dataclass(slots=True)
class _Template:
    text: str
    born: int  # the oldest keeps its id when templates become one
    places: tuple[int, ...]  # the slots where it has a word
    patterns: tuple[str, ...] = ()  # texts with wildcards not yet folded that it covers, too


def _first_lines(messages: Sequence[str]) -> str:
    text = "\n".join(messages)
    if text.count("\n") >= len(messages) or max(map(len, messages)) > _LINE_LIMIT:
        text = "\n".join([message.split("\n", 1)[0][:_LINE_LIMIT] for message in messages])
    return text


def template_id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class TemplateMiner:
    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.evicted = 0
        self._born = 0
        self._joins = 0
        self._templates: OrderedDict[str, _Template] = OrderedDict()
        self._ids: dict[str, str] = {}  # text -> id
        self._places: dict[int, list[str]] = {}  # slot -> ids of the templates with a word there
        self._families = Families()
        self._values: dict[str, None] = {}
        self._fresh: dict[str, None] = {}  # outlines of families with new templates
        self._aliases: OrderedDict[str, str] = OrderedDict()
        self._masker = Masker()
        self._cache: dict[str, str] = {}  # line without its digits -> id

    def __len__(self) -> int:
        return len(self._templates)

    def __contains__(self, identifier: str) -> bool:
        """Whether the template is kept still, if under another id."""
        return self.resolve(identifier) in self._templates

    def assign(self, messages: Sequence[str]) -> list[str]:
        """One template id per message."""
        ids: list[str] = []
        for start in range(0, len(messages), BATCH):
            ids += self._assign(_first_lines(messages[start : start + BATCH]))
            self._sweep()
        joined = {i: self.resolve(i) for i in dict.fromkeys(ids) if i in self._aliases}
        if joined:
            ids = [joined.get(i, i) for i in ids]
        for identifier in dict.fromkeys(ids):
            if identifier in self._templates:
                self._templates.move_to_end(identifier)
        return ids

    def text(self, identifier: str) -> str:
        template = self._templates.get(self.resolve(identifier))
        return template.text if template else FORGOTTEN

    def resolve(self, identifier: str) -> str:
        """The id that counts now for an id that was given out before."""
        while (target := self._aliases.get(identifier)) is not None:
            identifier = target
        return identifier

    def to_state(self) -> MinerState:
        return MinerState(
            version=1,
            limit=self.limit,
            evicted=self.evicted,
            born=self._born,
            templates=[(identifier, t.text, t.born) for identifier, t in self._templates.items()],
            aliases=dict(self._aliases),
            patterns={identifier: list(t.patterns) for identifier, t in self._templates.items() if t.patterns},
            values=list(self._values),
        )

    @classmethod
    def from_state(cls, state: MinerState) -> Self:
        if state["version"] != 1:
            raise ValueError(f"template state of version {state['version']}: only 1 is known")
        miner = cls(state["limit"])
        for identifier, text, born in state["templates"]:
            miner._insert(identifier, text, born, list(slots_of(text)))
            miner._cover(identifier, tuple(state.get("patterns", {}).get(identifier, ())))
        miner._fresh.clear()
        miner._values = dict.fromkeys(state.get("values", ()))
        miner.evicted, miner._born = state["evicted"], state["born"]
        miner._aliases.update(state["aliases"])
        return miner

    def _assign(self, text: str) -> list[str]:
        keys = zeros(text).split("\n")
        known = self._cache.get
        ids = [known(key) for key in keys]
        if None not in ids:
            return [i for i in ids if i is not None]
        missing = list(dict.fromkeys(key for key, i in zip(keys, ids, strict=True) if i is None))
        before = self.evicted, self._joins
        found = self._ids_of(missing, keys)
        result = [found[key] if i is None else i for key, i in zip(keys, ids, strict=True)]
        if before != (self.evicted, self._joins) or len(self._cache) + len(found) > CACHE:
            self._cache.clear()  # it may know lines whose template is gone or no longer found by their text
        else:
            self._cache.update(found)
        return result

    def _ids_of(self, missing: list[str], keys: list[str]) -> dict[str, str]:
        """The ids of lines that are not in the cache, learning what is new.

        All that is known is touched before the first new template can push it out. So what the cache holds makes no
        difference, and a miner that was restarted (its cache is empty) does the same.
        """
        shapes = [shape[:TEXT_LIMIT] for shape in self._masker.mask(missing)]
        found = {}
        for key, shape in zip(missing, shapes, strict=True):
            identifier = self._find(shape)
            if identifier is not None:
                found[key] = identifier
        if len(found) == len(missing):
            return found
        for identifier in dict.fromkeys(found.get(key) or self._cache.get(key, "") for key in keys):
            if self.resolve(identifier) in self._templates:
                self._templates.move_to_end(self.resolve(identifier))
        for key, shape in zip(missing, shapes, strict=True):
            if key not in found:
                found[key] = self._find(shape) or self._create(shape)
        return found

    def _find(self, shape: str) -> str | None:
        """The id of a masked text that is a template, is covered by a wider one, or was joined into one before."""
        known = self._ids.get(shape)
        if known is not None:
            return known
        covered = self._families.match(shape)
        if covered is not None:
            return covered
        for text in folded(shape):
            if text in self._ids:
                return self._ids[text]
        identifier = self.resolve(template_id(shape))
        return identifier if identifier in self._templates else None

    def _create(self, shape: str) -> str:
        identifier, slots = self.resolve(template_id(shape)), list(slots_of(shape))
        self._born += 1
        self._insert(identifier, shape, self._born, slots)
        self._join(identifier, slots)
        while len(self._templates) > self.limit:
            self._remove(next(iter(self._templates)))
            self.evicted += 1
        return self.resolve(identifier)

    def _join(self, identifier: str, slots: list[Slot]) -> None:
        """Make one template of those that differ in one place, where that place is a variable."""
        for slot in slots:
            rivals = [i for i in self._places.get(slot.key, ()) if i != identifier]
            if not rivals:
                continue
            tokens = [tokens_of(self._templates[i].text) for i in (identifier, *rivals)]
            words = [each[slot.at] for each in tokens]
            if not slot.word or len(words) >= slot.needed or is_known(words, self._values):
                members = sorted((identifier, *rivals), key=lambda i: self._templates[i].born)
                self._learn(words)
                open_text = "".join((*tokens[0][: slot.at], WILDCARD, *tokens[0][slot.at + 1 :]))
                self._merge(members, slot.opened, (open_text,) if open_text != slot.opened else ())
                return

    def _learn(self, words: Iterable[str]) -> None:
        """Words that were values in one place need less proof in others."""
        for word in words:
            if word != WILDCARD and len(self._values) < _KNOWN_VALUES:
                self._values[word] = None

    def _sweep(self) -> None:
        """Join what varies in several places at once, in the families that have grown."""
        while self._fresh:
            outline, _ = self._fresh.popitem()
            for joint in self._families.joinable(outline, self._values):
                self._learn(joint.values)
                alive = [i for i in joint.members if i in self._templates]
                if len(alive) > 1:
                    self._merge(sorted(alive, key=lambda i: self._templates[i].born), fold(joint.text), (joint.text,))

    def _merge(self, members: list[str], text: str, patterns: tuple[str, ...] = ()) -> None:
        self._joins += 1
        patterns += tuple(pattern for i in members for pattern in self._templates[i].patterns)
        survivor, born = members[0], self._templates[members[0]].born
        for identifier in members:
            self._remove(identifier)
            if identifier != survivor:
                self._aliases[identifier] = survivor
        while len(self._aliases) > self.limit:
            self._aliases.popitem(last=False)
        wider = self._ids.get(text) or self._families.match(text)
        if wider is not None:
            self._aliases[survivor] = wider
            self._cover(wider, patterns)
            return
        slots = list(slots_of(text))
        self._insert(survivor, text, born, slots)
        self._cover(survivor, patterns)
        self._join(survivor, slots)

    def _insert(self, identifier: str, text: str, born: int, slots: list[Slot]) -> None:
        template = _Template(text, born, tuple(slot.key for slot in slots if slot.word))
        self._templates[identifier] = template
        self._ids[text] = identifier
        self._families.add(identifier, text)
        self._fresh[shape_of(text).outline] = None
        for key in template.places:
            self._places.setdefault(key, []).append(identifier)

    def _cover(self, identifier: str, patterns: tuple[str, ...]) -> None:
        template = self._templates[identifier]
        template.patterns = tuple(dict.fromkeys((*template.patterns, *patterns)))[-_PATTERNS:]
        for pattern in template.patterns:
            self._families.add(identifier, pattern, proven=True)
            self._fresh[shape_of(pattern).outline] = None

    def _remove(self, identifier: str) -> None:
        template = self._templates.pop(identifier)
        self._ids.pop(template.text, None)
        for text in (template.text, *template.patterns):
            self._families.remove(identifier, text)
        for key in template.places:
            ids = self._places[key]
            ids.remove(identifier)
            if not ids:
                del self._places[key]
