"""The time at the beginning of a log line, as milliseconds since the epoch. UTC where the line names no zone.

Some formats lack the year (syslog, logcat) or the day; what lacks them takes them from `year` and the day before it, so that
a file is in order even if its date is not the true one.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {name: i for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}
_CLOCK = r"(?P<h>\d{1,2})[:.]?(?P<mi>\d{2})[:.]?(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?"
_ZONE = r"\s?(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_NAME = r"[A-Za-z]{3}"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>\d{{4}})[-/.](?P<mo>\d{{1,2}})[-/.](?P<d>\d{{1,2}})[T _,-]{{1,2}}{_CLOCK}{_ZONE}",
        rf"(?P<d>\d{{1,2}})[-/.](?P<mo>{_NAME})[-/.](?P<y>\d{{2,4}})[T :,-]{{1,2}}{_CLOCK}{_ZONE}",
        rf"(?P<d>\d{{1,2}})[-/.](?P<mo>\d{{1,2}})[-/.](?P<y>\d{{4}})[T :,-]{{1,2}}{_CLOCK}{_ZONE}",
        rf"(?P<y>\d{{2}})[-/.](?P<mo>\d{{1,2}})[-/.](?P<d>\d{{2}})[T :,-]{{1,2}}{_CLOCK}{_ZONE}",
        rf"(?P<mo>\d{{2}})[-/.](?P<d>\d{{2}})[T ]{_CLOCK}",
        rf"(?P<y>\d{{4}})(?P<mo>\d{{2}})(?P<d>\d{{2}})[-T ]{_CLOCK}{_ZONE}",
        rf"(?P<y>\d{{2}})(?P<mo>\d{{2}})(?P<d>\d{{2}})\s+{_CLOCK}",
        rf"(?:{_NAME},?\s+)?(?P<mo>{_NAME})\s+(?P<d>\d{{1,2}})\s+{_CLOCK}(?:\s+(?:[A-Z]{{3,4}}\s+)?(?P<y>\d{{4}}))?",
        r"(?P<y>\d{4})[-/.](?P<mo>\d{2})[-/.](?P<d>\d{2})",
    )
)
_EPOCH = re.compile(r"(?P<n>1\d{9})(?P<ms>\d{3})?(?:\.(?P<f>\d{1,9}))?$")
_TIME_ONLY = re.compile(rf"{_CLOCK}$")


def parse_time(text: str, *, year: int, before: int | None = None) -> int | None:
    """Milliseconds, or None where `text` is no time. `before`: the time of the line before, for what names no day."""
    text = text.strip()
    epoch = _EPOCH.match(text)
    if epoch:
        fraction = epoch.group("ms") or (epoch.group("f") or "").ljust(3, "0")[:3]
        return int(epoch.group("n")) * 1000 + int(fraction)
    for form in _FORMS:
        found = form.match(text)
        if found:
            return _moment(found.groupdict(), year)
    clock = _TIME_ONLY.match(text)
    return _on_day(clock.groupdict(), before or 0) if clock else None


def _moment(part: dict[str, str | None], year: int) -> int | None:
    month = part["mo"] or ""
    full = int(part.get("y") or year)
    try:
        at = datetime(
            full + (2000 if full < 70 else 1900 if full < 100 else 0),
            int(month) if month.isdigit() else _MONTHS[month.lower()],
            int(part["d"] or 1),
            tzinfo=_zone(part.get("z")),
        )
    except (ValueError, KeyError):
        return None
    return int(at.timestamp()) * 1000 + _of_day(part)


def _of_day(part: dict[str, str | None]) -> int:
    seconds = int(part.get("h") or 0) * 3600 + int(part.get("mi") or 0) * 60 + int(part.get("s") or 0)
    return seconds * 1000 + int((part.get("f") or "").ljust(3, "0")[:3])


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _on_day(part: dict[str, str | None], before: int) -> int:
    """The same day as the line before, or the next one when the clock went back by hours."""
    day = 86_400_000
    at = before // day * day + _of_day(part)
    return at + day if before - at > day // 2 else at
