"""Each line is written as `header|message`: the bar marks where the message begins and is no part of the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.logwatch.headers import HEADER_LIMIT, cut_header

LINES = [
    ("2026-11-24 20:43:40,123 INFO [main] org.acme.batch.Runner: |Started 5 workers", "INFO", "org.acme.batch.Runner"),
    ("2026-11-24 20:43:40,123 WARN [pool worker #1 port 80] org.acme.Runner: |Slow", "WARN", "org.acme.Runner"),
    ("26/11/24 20:43:40 INFO storage.Manager: |Found block a_2_1 locally", "INFO", "storage.Manager"),
    ("261124 204340 143 INFO fs.DataNode$Responder: |Responder 1 terminating", "INFO", "fs.DataNode$Responder"),
    ("2026-11-24 20:43:40,123 - WARN  [Recv:188:Quorum$Recv@762] - |Connection broken", "WARN", None),
    ("2026-11-24 20:43:40,123 - INFO  [Peer[myid=1]/0:0:2181:Peer@670] - |LEADING - took 49", "INFO", None),
    ("4711 rack-07 power.unit fan.slow 1796000000 1 |Fan 3 turns slowly", None, None),
    ("- 1796000000 2026.11.29 web7 Nov 29 12:01:01 web7/web7 mailer(smtp)[2915]: |queue flushed", None, "mailer(smtp)"),
    ("- 1125083510 2026.08.26 R65-M1:J14-U11 2026-08-26-12.11.50.217747 R65-M1:J14-U11 RAS KERN INFO |iar 0", "INFO", None),
    ("Jun 14 15:16:01 alpha mailer(smtp_in)[19939]: |relay refused; uid=0", None, "mailer(smtp_in)"),
    ("Jul  1 09:00:55 my-mac com.acme.xpc[1] (com.acme.user.501): |Service exited", None, "com.acme.xpc"),
    ("Jul  1 09:00:55 my-mac |--- last message repeated 1 time ---", None, None),
    ("<13>Nov 24 20:43:40 host app[12]: |hello", None, "app"),
    ("<34>1 2026-11-24T20:43:40.003Z my.example.com su - ID47 - |'su root' failed", None, "su"),
    ("2026-11-24T20:43:40+00:00 host app[12]: |hello", None, "app"),
    ("20261124-22:15:29:606|Pulse_Task|4711||onPulse 71", None, None),
    ("03-17 16:13:38.811  1702  2395 D Window.Manager: |printFreezingLogs", "D", "Window.Manager"),
    ("2026-11-24 20:43:40, Info                  CBS    |Loaded Servicing Stack", "Info", "CBS"),
    ("api.log.1 2026-11-24 00:00:00.008 25746 INFO nova.wsgi.server [req-38 11 - - -] |[instance: 5] up", "INFO", "nova.wsgi.server"),
    ("[Sun Dec 04 04:47:44 2026] [error] |mod_jk child in error state 6", "error", None),
    ("[Tue Nov 24 20:43:40.123 2026] [core:error] [pid 12:tid 56] [client 1.2.3.4:55] |AH00037: Link", "error", None),
    ("2026-11-24T20:43:40.123Z 1a2b3c4d-1111-2222-3333-444455556666 INFO |Loading function", "INFO", None),
    ("[ERROR] 2026-11-24T20:43:40.123Z 1a2b3c4d-1111-2222-3333-444455556666 |Task timed out", "ERROR", None),
    ("2026-11-24 20:43:40,123 - app.views - ERROR - |Internal failure", "ERROR", None),
    ("2026/11/24 20:43:40 [warn] 1234#0: *5 |upstream timed out", "warn", None),
    ("E1124 20:43:40.123456    1234 controller.go:12] |Failed to watch", None, None),
    ('10.0.0.1 - frank [10/Oct/2026:13:55:36 -0700] |"GET /x HTTP/1.0" 200 23', None, None),
    ("2026-11-24 20:43:40.123  INFO 4711 --- [nio-8080] c.e.web.HelloController    : |Hello", "INFO", "c.e.web.HelloController"),
    ("2026-11-24 20:43:40.123 UTC [1234] postgres@app LOG:  |checkpoint starting: time", "LOG", None),
    ("20:43:40.123 [main] INFO  com.foo.Bar - |Started", "INFO", "com.foo.Bar"),
    ("ERROR:app.views:|it broke", "ERROR", "app.views"),
    ("INFO:     |127.0.0.1:52000 - GET", "INFO", None),
    ("|Connection request from old client", None, None),
    ("|critical input interrupt", None, None),
    ("|1077804742 floating point exceptions", None, None),
    ("|", None, None),
]


@pytest.mark.parametrize(("marked", "level", "logger"), LINES)
def test_the_message_begins_where_a_reader_would_say(marked: str, level: str | None, logger: str | None) -> None:
    before, after = marked.rsplit("|", 1)
    line = before + after
    header = cut_header(line)
    assert line[header.end :] == after
    assert (header.level, header.logger) == (level, logger)


def test_the_last_of_several_timestamps_is_the_time() -> None:
    assert cut_header("- 1796000000 2026.11.24 web7 Nov 24 12:01:01 web7 mailer: x").time == "Nov 24 12:01:01"


@given(st.text())
def test_any_text_has_a_header_within_itself(line: str) -> None:
    assert 0 <= cut_header(line).end <= min(len(line), HEADER_LIMIT)


@given(st.sampled_from("-.:/ [(|=a1A@$"), st.sampled_from("-.:/ [(|=a1A@$"))
def test_repetition_is_no_trap(one: str, other: str) -> None:
    """Nested repetition in an expression would take minutes here, not milliseconds."""
    cut_header("2026-11-24 20:43:40 " + (one + other) * 5_000)
    cut_header((one + other) * 5_000)
