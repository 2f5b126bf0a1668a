"""Where the message of a log line begins: timestamp, level, thread, logger and the like are cut without knowing the format.

A header is read left to right as a chain of typed elements around the first timestamp; what is not certainly header is
message. A line without a timestamp keeps everything but a leading level. Surprises: what stands between a timestamp and a
level (host, node, request id) is header whatever it says; right after a syslog time the host always is; a number that
could be seconds since 1970 is a timestamp only among other header elements.
"""

import re
from typing import NamedTuple

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d{1,2}[:.]\d{2}[:.]\d{2}(?:[.,:]\d{1,9})?"
_DIGITS_DAY = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_DIGITS_CLOCK = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b)?"
_SYSLOG_TIME = rf"(?:{_DAY},?\s+)?{_MONTH}\s+\d{{1,2}}\s+{_CLOCK}(?:\s+(?:[A-Z]{{3,4}}\s+)?\d{{4}})?"
_TIME = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}[T _,-]{{1,2}}{_CLOCK}{_ZONE}"  # 2026-11-24T20:43:40.123Z
    rf"|\d{{1,2}}[-/.](?:\d{{1,2}}|{_MONTH})[-/.]\d{{2,4}}[T :,-]{{1,2}}{_CLOCK}{_ZONE}"  # 24/Nov/2026:20:43:40 +0000
    rf"|\d{{2}}[-/]\d{{2}}[T ]{_CLOCK}"  # 11-24 20:43:40.123
    rf"|\d{{8}}[-T ](?:{_CLOCK}|\d{{6}}(?:[.,]\d+)?){_ZONE}"  # 20261124T204340Z
    rf"|{_DIGITS_DAY}\s+(?:{_CLOCK}|{_DIGITS_CLOCK})"  # 261124 204340
    rf"|{_SYSLOG_TIME}"
    r"|1\d{9}(?:\.\d{1,9})?|1\d{12}"  # seconds or milliseconds since 1970
    r"|\d{4}[-/.]\d{2}[-/.]\d{2}"
    r"|(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,:]\d{1,9})?(?!:?[0-9A-Fa-f]{2}:)"  # not the beginning of a MAC
)
_LEVEL = (
    "(?i:trace|debug|verbose|info|information|notice|note|warn|warning|err|error|severe|crit|critical|fatal|alert|emerg"
    "|emergency|panic|failure)|LOG|DETAIL|HINT|STATEMENT"
)
_PRIORITY = re.compile(r"\s*<\d{1,3}>(?:(1)\s+)?")  # syslog on the wire; 1 is the version of RFC 5424
_LEAD = re.compile(rf"\s*(?:[\[<(]({_LEVEL})[\]>)]:?\s+|(?=[A-Z]{{4,}}\b)({_LEVEL}):?\s+(?![-=:])|[IWEF](?=\d{{4}}\s))?")
_LABEL = re.compile(r"(?:-|\d+|[A-Z][A-Z0-9_]+|(?=[^\s:,=]*[\d./_@-])[^\s=]++(?<![:,]))\s+")
_WORD = re.compile(r"[^\s=]+(?<![:,])\s+")
_STAMP = re.compile(rf"[\[(<]?(?P<time>{_TIME}|\d{{2}}:\d{{2}}:\d{{2}}\.\d+)(?=[\s\]|),>;:-]|$)[\])>]?[,;:]?")
_SYSLOG = re.compile(rf"{_SYSLOG_TIME}$")
_EPOCH = re.compile(r"1\d{9}(?:\.\d{1,9})?$|1\d{12}$")
_GAP = re.compile(r"[\s,]*(?:[-:]\s+)?")
_PIPED = re.compile(r"\s*\|(?:[^|\s]{0,60}\s*\|){0,4}\s*")
_NODES = re.compile(rf"(?:[^\s=\[\"']+(?<![:,])\s+){{1,2}}(?={_TIME}(?:\s|$))")
_UUID = r"\[?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\]?\s+"
_IDS = re.compile(rf"(?:(?:\[?\d{{1,8}}\]?|{_UUID.removesuffix(chr(92) + 's+')})\s+){{1,3}}")
_LEVELED = re.compile(
    rf"(?:(?:(?:[A-Z][A-Z0-9_]*+|(?=\S*[\d./_$@-])[^\s\"'=]++|\[[^\]\[]*\]|\([^)(]*\))\s+(?:[|:-]+\s+)?){{0,4}}?"
    rf"[\[<(|]?(?:(?<=\[)\w+:)?(?<![^\s|:\[<(])(?P<level>{_LEVEL})|(?P<letter>[VDIWEF])(?=[\s|/]))"
    r"[\]>)|]?(?:,|:(?!\s*\d))?(?=\s|:|/|$|\[|\|)/?"
)
_HOST_TAG = re.compile(r"\S+\s+(?:(?P<tag>[\w./@()-]{1,80}(?: [\w./@()-]{1,40}){0,2}?)(?:\[\d+\])?(?:\s\([^\s()]+\))?:(?:\s+|$))?")
_TAG_PID = re.compile(r"\S+\s+(?P<tag>[\w./()-]{1,60})\[\d+\]:\s+")
_RFC5424 = re.compile(r"\S+\s+(?P<tag>\S+)\s+\S+\s+\S+\s+(?:-|(?:\[[^\]]*\])+)(?:\s+|$)")
_TAIL = re.compile(
    r"\d+(?=\s+(?:---|\[))\s+(?:---\s+)?"  # pid --- [thread]
    r"|\d+#\d+:\s+(?:\*\d+\s+)?"  # pid#tid: *connection
    r"|\[pid\s[^\]]*\]\s+"
    r"|\S+\.\w{1,4}:\d+[\]:]\s+"  # file.go:12]
    rf"|{_UUID}"
)
_BRACKET = re.compile(r"(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]|\([^\s()]+\))\s*")
_COLUMN = re.compile(r"(?P<logger>[\w.$-]{1,40})\s{2,}(?!:)")
_NAME = r"(?![A-Z]{1,4}\d+:)(?=\S*(?:[.$_/\d-]|[a-z][A-Z]))[A-Za-z_][\w.$/<>-]{1,120}"
_LOGGER = re.compile(rf"(?P<logger>{_NAME}(?:\[\d+\])?)\s*:(?:\s+|$)")
_DOTTED = re.compile(r"(?P<logger>[A-Za-z_][\w$]*(?:\.[\w$]+)+)\s+(?=\[)")
_DASH = re.compile(r"(?:(?P<logger>[\w.$/@-]+)\s+)?-\s+")
_ROOT = re.compile(rf"({_LEVEL}):(?P<logger>[\w.]+):")


HEADER_LIMIT = 512  # characters; no expression sees more, so a line of a megabyte costs no more than a short one


class Header(NamedTuple):
    end: int  # the message begins here
    time: str | None = None
    level: str | None = None
    logger: str | None = None


def cut_header(line: str) -> Header:
    """The header of one line; `line[header.end:]` is the message."""
    line = line[:HEADER_LIMIT]
    priority = _PRIORITY.match(line)
    lead = _LEAD.match(line, priority.end() if priority else 0)
    pos, level = (lead.end(), lead.group(1) or lead.group(2)) if lead else (0, None)
    stamp, first = _STAMP.match(line, pos), True
    if stamp is None:
        stamp, first = _behind_labels(line, pos), False
    if stamp is None:
        root = _ROOT.match(line)
        return Header(root.end(), None, root.group(1), root.group("logger")) if root else Header(pos, None, level)
    time = stamp.group("time")
    if priority and priority.group(1):
        fields = _RFC5424.match(line, _skip(line, stamp.end()))
        if fields:
            return Header(fields.end(), time, level, fields.group("tag"))
    if _SYSLOG.match(time) and not stamp.group().endswith(("]", ":")):
        return _after_syslog(line, stamp.end(), time, level)
    header = _after_time(line, stamp.end(), time, level)
    if first and header.time == time and header.level is None and _EPOCH.match(time):
        return Header(pos, None, level)
    return header


def _behind_labels(line: str, pos: int) -> re.Match[str] | None:
    """A timestamp behind at most five words, the first of which cannot begin a sentence (label, counter, file, client)."""
    word = _LABEL.match(line, pos)
    for _ in range(5):
        if word is None:
            return None
        stamp = _STAMP.match(line, word.end())
        if stamp is not None:
            return stamp
        word = _WORD.match(line, word.end())
    return None


def _after_syslog(line: str, pos: int, time: str, level: str | None) -> Header:
    tag = _HOST_TAG.match(line, _skip(line, pos))
    return Header(tag.end(), time, level, tag.group("tag")) if tag else Header(_skip(line, pos), time, level)


def _after_time(line: str, pos: int, time: str, level: str | None) -> Header:
    pos, later = _more_times(line, pos)
    if later is not None and _SYSLOG.match(later):
        return _after_syslog(line, pos, later, level)
    time = later or time
    piped = _PIPED.match(line, pos)
    if piped and level is None and not _LEVELED.match(line, piped.end()):
        leveled = _LEVELED.match(line, pos)
        if leveled is None:
            return Header(piped.end(), time, level)
    ids = _IDS.match(line, pos)
    pos = ids.end() if ids else pos
    leveled = _LEVELED.match(line, pos)
    if leveled:
        level, pos = leveled.group("level") or leveled.group("letter"), _skip(line, leveled.end())
    else:
        tag = _TAG_PID.match(line, pos)
        if tag:
            return Header(tag.end(), time, level, tag.group("tag"))
    return _names(line, pos, Header(pos, time, level), leveled is not None)


def _more_times(line: str, pos: int) -> tuple[int, str | None]:
    """Further timestamps, each behind at most two words (a node between an epoch and a date)."""
    last = None
    for _ in range(4):
        at = _skip(line, pos)
        nodes = _NODES.match(line, at)
        stamp = _STAMP.match(line, nodes.end() if nodes else at)
        if stamp is None:
            return at, last
        pos, last = stamp.end(), stamp.group("time")
    return _skip(line, pos), last


def _names(line: str, pos: int, header: Header, leveled: bool) -> Header:
    """What may stand between the level and the message: process, thread, request, file, logger."""
    while tail := _TAIL.match(line, pos):
        pos = tail.end()
    if leveled:
        column = _COLUMN.match(line, pos)
        if column:
            return header._replace(end=column.end(), logger=column.group("logger"))
        dotted = _DOTTED.match(line, pos)
        if dotted:
            header, pos = header._replace(logger=dotted.group("logger")), dotted.end()
        bracket = _BRACKET.match(line, pos)
        if bracket:
            pos = bracket.end()
            if line.startswith("- ", pos):
                return header._replace(end=pos + 2)
        logger = _LOGGER.match(line, pos)
        if logger:
            return header._replace(end=logger.end(), logger=logger.group("logger"))
    dash = _DASH.match(line, pos)
    if dash:
        return header._replace(end=dash.end(), logger=dash.group("logger") or header.logger)
    return header._replace(end=pos)


def _skip(line: str, pos: int) -> int:
    gap = _GAP.match(line, pos)
    return gap.end() if gap else pos
