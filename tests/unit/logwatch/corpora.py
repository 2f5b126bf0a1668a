"""Made-up logs in many formats whose templates are known: `corpora(FILE)` of them, none copied from anywhere.

A file holds the texts: a name and a header style, then one template per line with fields in braces. `draw` makes a log of it:
templates by a skewed law, each field from its generator, headers as the style writes them. The same seed, the same log.
"""

import random
import string
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

WORDS = 40
HERE = Path(__file__).parent
START = datetime(2026, 3, 9, 4, 5, 6, 789_000, tzinfo=UTC)
_SYLLABLES = ("ba", "cor", "del", "fin", "gra", "hol", "jun", "kel", "lor", "mir", "nor", "pal", "quin", "ros", "tal", "ver", "win", "zan")
_CODES = [
    "Unavailable",
    "NotFound",
    "Internal",
    "Aborted",
    "EOF",
    "Unknown",
    "Cancelled",
    "DataLoss",
    "OutOfRange",
    "Unauthenticated",
    "ResourceExhausted",
]
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}) Gecko/20100101 Firefox/{0}",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0 Safari/537.36",
    "curl/7.{0}",
    "kube-probe/1.{0}",
    "-",
    "Go-http-client/1.1",
)


Style = Callable[["Values", datetime, int, str], str]


class Corpus(NamedTuple):
    name: str
    header: str
    templates: list[str]


class Values:
    """Draws a value for each kind of field."""

    def __init__(self, seed: str, words: int = WORDS) -> None:
        self.rng = random.Random(seed)
        made = {"".join(self.rng.choices(_SYLLABLES, k=self.rng.randint(1, 3))) for _ in range(words)}
        self.words = sorted(made)
        self.users = self.words[::3]

    def part(self, n: int) -> str:
        """The same word for the same number: names of programs and loggers."""
        return self.words[n % len(self.words)]

    def fill(self, template: str) -> str:
        made: dict[str, Callable[[], str]] = {
            name.removesuffix("_"): getattr(self, name)
            for name in dir(type(self))
            if not name.startswith("_") and name not in ("fill", "hexes", "part")
        }
        parts = []
        for literal, field, _, _ in string.Formatter().parse(template):
            parts.append(literal)
            if field is not None:
                parts.append(made[field]())
        return "".join(parts)

    def hexes(self, count: int) -> str:
        return "".join(self.rng.choices("0123456789abcdef", k=count))

    def word(self) -> str:
        return self.words[min(int(self.rng.expovariate(0.15)), len(self.words) - 1)]

    def user(self) -> str:
        return self.users[min(int(self.rng.expovariate(0.4)), len(self.users) - 1)]

    def users_(self) -> str:
        return ", ".join(self.user() for _ in range(self.rng.randint(0, 3)))

    def int_(self) -> str:
        return str(int(self.rng.expovariate(1.0 / 10 ** self.rng.randint(1, 6))))

    def port(self) -> str:
        return str(self.rng.randint(80, 65_000))

    def float_(self) -> str:
        return f"{self.rng.expovariate(0.1):.{self.rng.randint(1, 4)}f}"

    def percent(self) -> str:
        return f"{self.rng.uniform(0, 100):.1f}%"

    def ip(self) -> str:
        return ".".join(str(self.rng.randint(1, 254)) for _ in range(4))

    def mac(self) -> str:
        return ":".join(self.hexes(2) for _ in range(6))

    def uuid(self) -> str:
        return "-".join(self.hexes(n) for n in (8, 4, 4, 4, 12))

    def hex_(self) -> str:
        return self.hexes(16)

    def hex5(self) -> str:
        return self.hexes(5)

    def hex8(self) -> str:
        return self.hexes(8)

    def hexx(self) -> str:
        return "0x" + self.hexes(self.rng.choice((4, 8)))

    def host(self) -> str:
        styles = (f"{self.word()}.example.com", f"{self.word()}-{self.rng.randint(1, 30)}", f"ip-10-{self.rng.randint(0, 9)}-3-7.internal")
        return self.rng.choice(styles)

    def nodeid(self) -> str:
        return f"node-{self.rng.randint(0, 300)}"

    def nodelist(self) -> str:
        return "node-[" + ",".join(f"{a}-{a + 3}" for a in self.rng.sample(range(200), self.rng.randint(1, 4))) + "]"

    def iface(self) -> str:
        return self.rng.choice(("eth", "wlan", "br-", "veth")) + str(self.rng.randint(0, 9))

    def path(self) -> str:
        return "/" + "/".join(self.word() for _ in range(self.rng.randint(1, 4))) + self.rng.choice(("", ".conf", ".dat", "/"))

    def path3(self) -> str:
        return self.path()[1:]

    def upath(self) -> str:
        return self.path() + self.rng.choice(("", "?id=" + self.int_(), f"?q={self.word()}&page={self.rng.randint(1, 9)}"))

    def url(self) -> str:
        return f"{self.rng.choice(('http', 'https'))}://{self.host()}:{self.port()}{self.upath()}"

    def file(self) -> str:
        return f"{self.word()}-{self.rng.randint(1, 99)}.{self.rng.choice(('csv', 'parquet', 'log'))}"

    def email(self) -> str:
        return f"{self.user()}@{self.word()}.example"

    def dur(self) -> str:
        return self.rng.choice(
            (f"{self.rng.randint(1, 900)}ms", f"{self.rng.uniform(0, 9):.3f}s", f"{self.rng.randint(1, 9)}m{self.rng.randint(1, 59)}s")
        )

    def clock(self) -> str:
        return self.rng.choice((f"{self.rng.randint(0, 59):02}:{self.rng.randint(0, 59):02}", "<1 sec"))

    def size(self) -> str:
        return f"{self.rng.uniform(1, 900):.1f}{self.rng.choice((' ', ''))}{self.rng.choice(('B', 'KB', 'MB', 'GiB'))}"

    def date(self) -> str:
        return (START + timedelta(seconds=self.rng.randint(0, 900_000))).strftime("%Y-%m-%dT%H:%M:%SZ")

    def version(self) -> str:
        return ".".join(str(self.rng.randint(0, 20)) for _ in range(3))

    def arn(self) -> str:
        return f"arn:aws:lambda:eu-west-1:{self.acct()}:function:{self.word()}-{self.word()}"

    def acct(self) -> str:
        return str(self.rng.randint(10**11, 10**12 - 1))

    def class_(self) -> str:
        return f"com.example.{self.word()}.{self.class1()}"

    def class1(self) -> str:
        return self.word().title() + self.rng.choice(("Service", "Event", "Controller", "Exception"))

    def pkg(self) -> str:
        return f"com.{self.word()}.{self.word()}"

    def state(self) -> str:
        return self.rng.choice(("open", "closed", "half-open", "running", "stopped", "staged", "resolved", "pending", "absent"))

    def STATE(self) -> str:  # noqa: N802  # as it stands in the texts
        return self.state().upper().replace("-", "_")

    def HOST(self) -> str:  # noqa: N802  # as it stands in the texts
        return self.host().split(".")[0].upper()

    def DOM(self) -> str:  # noqa: N802  # as it stands in the texts
        return self.word().upper()

    def agent(self) -> str:
        return self.rng.choice(_AGENTS).format(self.rng.randint(1, 150))

    def code(self) -> str:
        return self.rng.choice(_CODES)

    def sku(self) -> str:
        return f"{self.word().upper()}-{self.rng.randint(1, 9999):04}"

    def list_(self) -> str:
        return "[" + ", ".join(f"{self.word()}-{self.rng.randint(0, 9)}" for _ in range(self.rng.randint(0, 5))) + "]"


def corpora(texts: Path) -> list[Corpus]:
    made: list[Corpus] = []
    for line in texts.read_text().splitlines():
        if line.startswith("== "):
            _, name, header = line.split()
            made.append(Corpus(name, header, []))
        else:
            made[-1].templates.append(line)
    return made


def draw(corpus: Corpus, style: Style, seed: int, count: int, words: int = WORDS) -> tuple[list[str], list[str], list[int]]:
    """Messages, the same as raw lines, and the number of the template of each."""
    values = Values(f"{corpus.name} {seed}", words)
    order = list(range(len(corpus.templates)))
    values.rng.shuffle(order)
    weights = [(1 + order.index(i)) ** -1.2 for i in range(len(order))]
    truth = values.rng.choices(range(len(order)), weights, k=count)
    messages = [values.fill(corpus.templates[i]) for i in truth]
    at, raw = START, []
    for i, message in zip(truth, messages, strict=True):
        at += timedelta(seconds=values.rng.expovariate(0.3))
        raw.append(style(values, at, i, message))
    return messages, raw, truth


def accuracy(ids: Sequence[Hashable], truth: Iterable[int]) -> float:
    """Grouping accuracy: the share of lines whose group is exactly the true group."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for identifier, template in zip(ids, truth, strict=True):
        groups[identifier].append(template)
    sizes = Counter(template for group in groups.values() for template in group)
    right = sum(len(group) for group in groups.values() if len(set(group)) == 1 and sizes[group[0]] == len(group))
    return right / len(ids)
