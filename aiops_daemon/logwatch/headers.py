"""Where the message of a log line begins: timestamp, level, thread, logger and the like are cut without knowing the format.

A header is read left to right as a chain of typed elements around the first timestamp; what is not certainly header is
message. A line without a timestamp keeps everything but a leading level. Surprises: an element between a timestamp and a
level (host, node, request id) is header whatever it says; right after a syslog time the host always is.
"""

import re
from typing import NamedTuple

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d{1,2}[:.]\d{2}[:.]\d{2}(?:[.,:]\d{1,9})?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b)?"
SYSLOG_TIME = rf"(?:{_DAY},?\s+)?{_MONTH}\s+\d{{1,2}}\s+{_CLOCK}(?:\s+(?:[A-Z]{{3,4}}\s+)?\d{{4}})?"
_TIME = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}[T _,-]{{1,2}}{_CLOCK}{_ZONE}"  # 2026-11-24T20:43:40.123Z
    rf"|\d{{1,2}}[-/.](?:\d{{1,2}}|{_MONTH})[-/.]\d{{2,4}}[T :,-]{{1,2}}{_CLOCK}{_ZONE}"  # 24/Nov/2026:20:43:40 +0000
    rf"|\d{{2}}[-/.]\d{{2}}[T ]{_CLOCK}"  # 11-24 20:43:40.123
    rf"|\d{{8}}[-T ](?:{_CLOCK}|\d{{6}}(?:[.,]\d+)?){_ZONE}"  # 20261124T204340Z
    rf"|\d{{6}}\s+(?:{_CLOCK}|\d{{6}})"  # 261124 204340
    rf"|{SYSLOG_TIME}"
    r"|1\d{9}(?:\.\d{1,9})?|1\d{12}"  # seconds or milliseconds since 1970
    r"|\d{4}[-/.]\d{2}[-/.]\d{2}"
    r"|\d{2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?"
)
_LEVEL = (
    "(?i:trace|debug|verbose|info|information|notice|warn|warning|err|error|severe|crit|critical|fatal|alert|emerg"
    "|emergency|panic|failure)"
)
_LEAD = re.compile(rf"\s*(?:[\[<(]?({_LEVEL})[\]>)]?:?\s+)?")
_PRE = re.compile(r"(?:-|[A-Z][A-Z0-9_]+|[^\s:,=]*[\d./_@-][^\s=]*(?<![:,]))\s+(?:[^\s=,:]+(?<![:,])\s+){0,4}?")
_STAMP = re.compile(rf"[\[(<]?(?P<time>{_TIME})(?=[\s\]|),>;:-]|$)[\])>]?[,;:]?")
_SYSLOG = re.compile(rf"{SYSLOG_TIME}$")
_GAP = re.compile(r"[\s|,]*(?:[-:]\s+)?")
_PIPED = re.compile(r"\s*\|(?:[^|\s]{1,60}\s*\|){0,4}\s*")
_NODE_TIME = re.compile(rf"(?:[^\s=\[\"']+(?<![:,])\s+){{1,2}}(?={_TIME}(?:\s|$))")
_IDS = re.compile(r"(?:\[?\d{1,8}(?:#\d+:)?\]?\s+){1,2}(?:\*\d+\s+)?")
_LEVELED = re.compile(
    rf"(?:(?:[A-Z][A-Z0-9_]*|[^\s\"'=]*[\d./_$@-][^\s\"'=]*|\[[^\]\[]*\]|\([^)(]*\))[\s|:-]+){{0,4}}?"
    rf"(?<![^\s|:])[\[<(|]?(?P<level>{_LEVEL}|[VDIWEF])[\]>)|]?(?:,|:(?!\s*\d))?(?=\s|:|$|\[|\|)"
)
_HOST_TAG = re.compile(
    r"(?P<host>\S+)\s+(?:(?P<tag>[\w./@() -]{1,60}?(?:\([\w-]+\))?)(?:\[\d+\])?(?:\s\([^\s()]+\))?:(?:\s+|$))?"
)
_BRACKET = re.compile(r"(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]|\(\S+\))\s*")
_COLUMN = re.compile(r"[\w.$-]{1,40}\s{2,}")
_LOGGER = re.compile(r"(?P<logger>(?=\S*(?:[.$_/\d-]|[a-z][A-Z]))[A-Za-z_][\w.$/<>-]{1,120}(?:\[\d+\])?):(?:\s+|$)")
_DOTTED = re.compile(r"(?P<logger>[A-Za-z_][\w$]*(?:\.[\w$]+)+)\s+(?=\[)")
_DASH = re.compile(r"(?:(?P<logger>[\w.$/*@-]+(?:\s[*\w]+)?)\s+)?-\s+")
_ROOT = re.compile(rf"({_LEVEL}):(?P<logger>[\w.]+):")


class Header(NamedTuple):
    end: int  # the message begins here
    time: str | None = None
    level: str | None = None
    logger: str | None = None


def cut_header(line: str) -> Header:
    """The header of one line; `line[header.end:]` is the message."""
    lead = _LEAD.match(line)
    pos, level = (lead.end(), lead.group(1)) if lead else (0, None)
    stamp = _STAMP.match(line, pos)
    if stamp is None:
        pre = _first_stamp(line, pos)
        if pre is None:
            root = _ROOT.match(line)
            return Header(root.end(), None, root.group(1), root.group("logger")) if root else Header(pos, None, level)
        stamp = pre
    time = stamp.group("time")
    if _SYSLOG.match(time) and (not line[stamp.end() - 1 :].startswith("]")):
        return _after_syslog(line, stamp.end(), time, level)
    return _after_time(line, stamp.end(), time, level)


def _first_stamp(line: str, pos: int) -> re.Match[str] | None:
    """A timestamp behind a few words that cannot be the start of a sentence (label, counter, node, file, client)."""
    pre = _PRE.match(line, pos)
    while pre is not None and pre.end() <= 160:
        stamp = _STAMP.match(line, pre.end())
        if stamp is not None:
            return stamp
        longer = re.compile(r"[^\s=]+(?<![:,])\s+").match(line, pre.end())
        if longer is None or line[: longer.end()].count(" ") > 12:
            return None
        pre = longer
    return None


def _after_syslog(line: str, pos: int, time: str, level: str | None) -> Header:
    gap = re.compile(r"\s+").match(line, pos)
    if gap is None:
        return _after_time(line, pos, time, level)
    tag = _HOST_TAG.match(line, gap.end())
    if tag is None:
        return Header(gap.end(), time, level)
    return Header(tag.end(), time, level, tag.group("tag"))


def _after_time(line: str, pos: int, time: str, level: str | None) -> Header:
    pos, moved = _more_times(line, pos)
    if moved is not None and _SYSLOG.match(moved):
        return _after_syslog(line, pos, moved, level)
    piped = _PIPED.match(line, pos)
    if piped:
        return Header(piped.end(), time, level)
    ids = _IDS.match(line, pos)
    pos = ids.end() if ids else pos
    leveled = _LEVELED.match(line, pos)
    if leveled:
        level, pos = leveled.group("level"), _skip(line, leveled.end())
    return _logger(line, pos, time, level, leveled is not None)


def _more_times(line: str, pos: int) -> tuple[int, str | None]:
    """Further timestamps, each behind at most two words (a node between an epoch and a date)."""
    last = None
    for _ in range(4):
        at = _skip(line, pos)
        node = _NODE_TIME.match(line, at)
        stamp = _STAMP.match(line, node.end() if node else at)
        if stamp is None:
            return at, last
        pos, last = stamp.end(), stamp.group("time")
    return _skip(line, pos), last


def _skip(line: str, pos: int) -> int:
    gap = _GAP.match(line, pos)
    return gap.end() if gap and not line.startswith("|", pos) else pos


def _logger(line: str, pos: int, time: str, level: str | None, leveled: bool) -> Header:
    name = None
    if leveled:
        column = _COLUMN.match(line, pos)
        if column:
            return Header(column.end(), time, level, column.group().strip())
        dotted = _DOTTED.match(line, pos)
        if dotted:
            name, pos = dotted.group("logger"), dotted.end()
        bracket = _BRACKET.match(line, pos)
        if bracket:
            pos = bracket.end()
            if line.startswith("- ", pos):
                return Header(pos + 2, time, level, name)
        logger = _LOGGER.match(line, pos)
        if logger:
            return Header(logger.end(), time, level, logger.group("logger"))
    dash = _DASH.match(line, pos)
    if dash:
        return Header(dash.end(), time, level, dash.group("logger"))
    return Header(pos, time, level, name)
