"""What probably lies behind an alert and what a person may do first: plain tables, so that an alert is complete without a model.

Said as a guess, because it is one: the words of the lines say what the application complained about, not why.
"""

import re

from aiops_daemon.logwatch.findings import Alert, Kind

# What the lines complain about -> (likely cause, what to do first). The first that fits.
_COMPLAINTS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause, first)
    for pattern, cause, first in (
        (
            r"pool.{0,40}(?:exhaust|full|no (?:free |more )?connection|timeout)|too many connections|connection limit|max_connections",
            "connections are held longer than before or there are too few of them",
            "look at the database's load and slow queries; more tasks, a larger pool or a larger database give room",
        ),
        (
            r"out of memory|outofmemory|oom|heap space|cannot allocate memory|memory limit",
            "memory runs out: more load than before, or a leak",
            "give the task or function more memory or run more of them; compare the growth with the last release",
        ),
        (
            r"no space left|disk.{0,20}full|quota exceeded|storage.{0,20}full|enospc",
            "a disk or a quota is full",
            "free space or enlarge the volume; find what grew",
        ),
        (
            r"certificate|x509|tls handshake|ssl handshake|cert.{0,20}expire",
            "a certificate expired or is not trusted",
            "check its dates and its chain; renew it",
        ),
        (
            r"throttl|rate exceeded|too many requests|\b429\b|limit exceeded|slow ?down",
            "a limit of a service that is called was reached",
            "look for what calls more than before; slow it down or have the limit raised",
        ),
        (
            r"access ?denied|unauthori[sz]ed|not authorized|forbidden|permission denied"
            r"|invalid (?:credentials|token)|\b40[13]\b|authentication failed",
            "a permission or a credential changed",
            "look at recent changes of roles, policies and secrets, and at who is refused",
        ),
        (
            r"deadlock|lock wait|lock timeout|could not obtain lock",
            "transactions wait for each other",
            "look at the longest transactions of the database",
        ),
        (
            r"connection refused|unreachable|no route to host|name resolution|unknown host|nxdomain"
            r"|connection reset|broken pipe|unavailable|\b50[234]\b",
            "something that is called does not answer",
            "look whether it runs and can be reached",
        ),
        (
            r"timed?[ -]?out|deadline exceeded|took too long",
            "something that is called has become slow",
            "look at the latency of what it calls: database, network, other services",
        ),
    )
)
_BY_KIND = {
    Kind.SILENCE: ("nothing writes any more: the application, its input or its log agent stopped", "look whether its tasks run"),
    Kind.DROP: ("less comes in, or a part of the fleet is gone", "compare the traffic and the number of running tasks with yesterday's"),
}


def advice(alert: Alert) -> tuple[str, str]:
    """(likely cause, what to do first)."""
    cause = alert.cause
    if alert.deploy is not None:
        return f"the release before it: {alert.deploy.name}", "compare with the version before; take the release back if it does not end"
    if cause.kind in _BY_KIND:
        return _BY_KIND[cause.kind]
    text = "\n".join((cause.template, *cause.samples))
    for pattern, why, first in _COMPLAINTS:
        if pattern.search(text):
            return why, first
    return "not known", f"read the sample lines, and what {cause.log_group} wrote since the onset"
