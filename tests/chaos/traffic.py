"""What the fleet is fed, from a seed: stopped instances (some twice, some two in one message), warnings, noise and poison.

`expected` are the pairs (event, resource) that must be on record at the end, whatever happened in between.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.benchmarks.bench_intake import irrelevant
from tests.benchmarks.stand import REGION, event, stopped_by_somebody
from tests.chaos.cloud import LOST
from tests.chaos.daemons import PROTECTED
from tests.chaos.events import POOLS, changed_parameter, emptied_service, stopped_database, terminated_instance

DUPLICATES = 0.15
DEADLY, DEADLY_SECONDS = "i-0bdeadbeefdeadbee", 20.0  # it takes three deaths, eight seconds apart, until SQS gives up on the message
POISON = ("not json", "{}", "[1, 2]", '{"detail-type": "x"}', "\N{SNOWMAN}" * 40)


@dataclass(frozen=True)
class Sent:
    """One message: when, what it does to the world first, and its copies' delays."""

    at: float
    body: str
    stops: tuple[str, ...] = ()
    copies: tuple[float, ...] = ()


@dataclass
class Traffic:
    seed: int
    seconds: float
    per_second: float = 2.0
    sent: list[Sent] = field(default_factory=list)
    expected: set[tuple[str, str]] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    hopeless: set[str] = field(default_factory=set)  # what never gets well: instances, services, builds
    deadly: set[str] = field(default_factory=set)  # events that kill who receives them
    alerts: list[tuple[float, str, int]] = field(default_factory=list)  # when, id, which service

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        count = int(self.seconds * self.per_second)
        seen: list[str] = []
        for number in range(1, count + 1):
            at = rng.uniform(0, self.seconds)
            body, stops = self._message(rng, number, seen)
            copies = tuple(rng.uniform(0, 3.0) for _ in range(2) if rng.random() < DUPLICATES)
            self.sent.append(Sent(at, body, stops, copies))
        for number, body in enumerate(POISON):
            poison = body if body == "{}" else f"{body}{' ' * number}"
            self.poison.add(poison)
            self.sent.append(Sent(rng.uniform(0, self.seconds), poison))
        if self.seconds >= DEADLY_SECONDS:
            body = stopped_by_somebody(count + 1, DEADLY)
            self.deadly.add(json.loads(body)["id"])
            self.expected.add((json.loads(body)["id"], DEADLY))
            self.sent.append(Sent(rng.uniform(0, 2), body, (DEADLY,)))
        for number in range(1, 1 + int(self.seconds / 3)):
            self.alerts.append((rng.uniform(0, self.seconds), f"alert-{number}", rng.randint(1, POOLS)))
        self.expected |= {(name, f"out-{service}") for _, name, service in self.alerts}
        self.sent.sort(key=lambda one: one.at)

    def _message(self, rng: random.Random, number: int, seen: list[str]) -> tuple[str, tuple[str, ...]]:
        kind = rng.random()
        fresh = f"{PROTECTED if rng.random() < 0.2 else 'i-0b'}{number:014x}"
        if kind < 0.25:
            return self._of_another_kind(rng, number)
        if kind < 0.55:
            seen.append(fresh)
            if rng.random() < 0.06:
                self.hopeless.add(fresh)
            return self._stopped(number, fresh), (fresh,)
        if kind < 0.7 and seen:  # the same resource again, within its cooldown or after
            again = rng.choice(seen)
            return self._stopped(number, again), (again,)
        if kind < 0.78:
            return self._stopped(number, fresh, f"{fresh[:-4]}ffff"), (fresh, f"{fresh[:-4]}ffff")
        if kind < 0.88:
            return self._spot(number, fresh), ()
        return irrelevant(number), ()

    def _of_another_kind(self, rng: random.Random, number: int) -> tuple[str, tuple[str, ...]]:
        """A database, a service, a guarded parameter, or an instance that is gone for good; few of each, so that some come again."""
        kind = rng.choice(("db", "svc", "flag", "lost", "lost"))
        name = f"{kind}-{rng.randint(1, 3 + number // 2)}"
        if kind == "lost":
            name = f"{LOST}{number:014x}"
            body = terminated_instance(number, name)
        elif kind == "flag":  # each once: of two changes in a row nobody can say which value was the good one
            name = f"{kind}-{number}"
            body = changed_parameter(number, name, told=rng.random() < 0.6)
        else:
            body = stopped_database(number, name) if kind == "db" else emptied_service(number, name)
        if kind in {"lost", "svc"} and rng.random() < 0.15:
            self.hopeless.add(name)
        self.expected.add((json.loads(body)["id"], name))
        return body, (name,)

    def _stopped(self, number: int, *instances: str) -> str:
        body = json.loads(stopped_by_somebody(number, instances[0]))
        for part in ("requestParameters", "responseElements"):
            body["detail"][part]["instancesSet"]["items"] = [{"instanceId": instance} for instance in instances]
        self.expected |= {(body["id"], instance) for instance in instances}
        return json.dumps(body)

    def _spot(self, number: int, instance: str) -> str:
        detail = {"instance-id": instance, "instance-action": "terminate"}
        resource = f"arn:aws:ec2:{REGION}a:instance/{instance}"
        body = event(number, "aws.ec2", "EC2 Spot Instance Interruption Warning", detail, (resource,))
        self.expected.add((json.loads(body)["id"], instance))
        return body

    def timeline(self) -> Iterator[tuple[float, str, tuple[str, ...]]]:
        """(when, body, instances that somebody stops first), copies included."""
        everything = [(one.at, one.body, one.stops) for one in self.sent]
        everything += [(one.at + delay, one.body, ()) for one in self.sent for delay in one.copies]
        yield from sorted(everything, key=lambda one: one[0])

    @property
    def duplicates(self) -> int:
        return sum(len(one.copies) for one in self.sent)
