"""The plain text of a notice, and the cleaning that every channel's text goes through.

What a notice says comes partly from events that somebody else wrote: control and bidi characters go, lengths are capped.
"""

import re
import unicodedata

from aiops_daemon.model.notice import Notice, NoticeKind, TimelineRow

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
_CUT = " [...]"
GOOD = frozenset({NoticeKind.RECOVERED})


def clean(text: str) -> str:
    """Without characters that change what a reader sees."""
    return _CONTROL.sub(" ", _BIDI.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, limit: int) -> str:
    """Cleaned, on one line, at most `limit` characters."""
    return cut(_SPACES.sub(" ", clean(text)).strip(), limit)


def ascii_line(text: str, limit: int) -> str:
    """For SNS subjects: accents are taken off, what has no ASCII form becomes `?`."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return one_line(plain.encode("ascii", "replace").decode(), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, saying so where something is missing."""
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT


def cut_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, never in the middle of a character."""
    raw = text.encode()
    return text if len(raw) <= limit else raw[: limit - len(_CUT)].decode(errors="ignore") + _CUT


def timeline_text(rows: tuple[TimelineRow, ...]) -> str:
    """One line a row, with how long each lasted."""
    return "\n".join(_row(row) for row in rows)


def _row(row: TimelineRow) -> str:
    lasted = "" if row.seconds is None else f"  ({row.seconds:.1f} s)"
    return f"{row.at}  {row.state:<17}  {one_line(row.note, 1000)}{lasted}"


def plain_text(notice: Notice) -> str:
    """Subject, summary, facts, what a person can do, and the full timeline: the longest comes last: channels fold or cut there."""
    parts = [one_line(notice.subject, 500), clean(notice.summary)]
    parts.append("\n".join(f"{one_line(label, 60)}: {one_line(value, 2000)}" for label, value in notice.facts))
    if notice.actions:
        parts.append("What you can do\n" + "\n".join(f"  {one_line(action, 500)}" for action in notice.actions))
    if notice.timeline:
        parts.append("Timeline (UTC)\n" + timeline_text(notice.timeline))
    parts.append(f"incident {notice.incident_id}, severity {notice.severity} of 10, notice {notice.notice_id}")
    return "\n\n".join(part for part in parts if part) + "\n"
