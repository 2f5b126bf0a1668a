"""Lines become counts: five-minute buckets per template, level and group, by the time of the event.

A bucket is open while late lines may still come. The live reader reads the open buckets again from their beginning and
counts them anew (`reopen`), so nothing is doubled however often a line is delivered; a bucket that is final is never
touched again, and a line that comes for it is counted as too late.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

SAMPLES = 3


@dataclass
class BucketCounts:
    """One bucket of one group."""

    templates: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)  # of templates, at most three each
    template_levels: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.templates.total()

    def add(self, template_id: str, level: str, count: int, samples: Iterable[str] = ()) -> None:
        self.templates[template_id] += count
        self.levels[level] += count
        self.template_levels.setdefault(template_id, level)
        self._keep(template_id, samples)

    def merge(self, old: str, new: str) -> None:
        """Two templates turned out to be one."""
        self.templates[new] += self.templates.pop(old)
        self.template_levels.setdefault(new, self.template_levels.pop(old))
        self._keep(new, self.samples.pop(old, ()))

    def _keep(self, template_id: str, samples: Iterable[str]) -> None:
        kept = self.samples.setdefault(template_id, [])
        kept += islice(samples, SAMPLES - len(kept))


@dataclass
class OpenBuckets:
    """The buckets that are not final yet, and how late lines were."""

    final_before: int = 0  # bucket number: everything earlier is final
    buckets: dict[int, BucketCounts] = field(default_factory=dict)
    late: int = 0  # came after their bucket had been judged, and were counted
    too_late: int = 0  # came after their bucket was final, and were not

    def add(self, bucket: int, template_id: str, level: str, count: int, samples: Iterable[str] = ()) -> None:
        if bucket < self.final_before:
            self.too_late += count
            return
        counts = self.buckets.get(bucket)
        if counts is None:
            counts = self.buckets[bucket] = BucketCounts()
        counts.add(template_id, level, count, samples)

    def reopen(self, bucket: int) -> dict[int, int]:
        """Forget the open buckets from `bucket` on, to count them anew; their totals, to see what came late."""
        again = {number: counts.total for number, counts in self.buckets.items() if number >= bucket}
        for number in again:
            del self.buckets[number]
        return again

    def get(self, bucket: int) -> BucketCounts:
        return self.buckets.get(bucket) or BucketCounts()

    def close(self, bucket: int) -> BucketCounts:
        """Make everything up to `bucket` final."""
        self.final_before = max(self.final_before, bucket + 1)
        return self.buckets.pop(bucket, None) or BucketCounts()
