"""How each style of log writes its header around a message; one function per style, in STYLES.

A style gets the values, the time, the number of the template (its level and logger hang on it) and the message.
"""

import json
from datetime import datetime

from tests.unit.logwatch.corpora import Style, Values

LEVELS = ("INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR")


def _level(n: int) -> str:
    return LEVELS[n % len(LEVELS)]


def _class(v: Values, n: int) -> str:
    return v.part(n).title() + ("Manager", "Handler", "Store")[n % 3]


def _milli(at: datetime, mark: str = ".") -> str:
    return f"{mark}{at.microsecond // 1000:03}"


def _python(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at, ',')} {_level(n):<8} [{v.part(n)}.{v.part(n + 1)}] {text}"


def _log4j(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at, ',')} - {_level(n):<5} [main-{v.rng.randint(1, 9)}:{_class(v, n)}@{100 + n}] - {text}"


def _logback(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%H:%M:%S}{_milli(at)} [http-nio-80-exec-{v.rng.randint(1, 20)}] {_level(n):<5} c.e.{v.part(n)}.{_class(v, n)} - {text}"


def _syslog(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%b %e %H:%M:%S} {v.part(0)}-{v.rng.randint(1, 9)} {v.part(n)}d[{v.rng.randint(1, 30_000)}]: {text}"


def _rfc5424(v: Values, at: datetime, n: int, text: str) -> str:
    host, data = f"{v.part(0)}.example.net", '[meta seq="' + v.int_() + '"]' if n % 2 else "-"
    return f"<{8 * 16 + n % 8}>1 {at:%Y-%m-%dT%H:%M:%S}{_milli(at)}Z {host} {v.part(n)} {v.rng.randint(1, 9999)} ID{n} {data} {text}"


def _nginx(v: Values, at: datetime, n: int, text: str) -> str:
    pid = v.rng.randint(1, 99)
    return f"{at:%Y/%m/%d %H:%M:%S} [{('error', 'warn', 'notice')[n % 3]}] {pid}#{pid}: *{v.int_()} {text}"


def _access(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{v.ip()} - {v.rng.choice(('-', v.user()))} [{at:%d/%b/%Y:%H:%M:%S} +0000] {text}"


def _alb(v: Values, at: datetime, n: int, text: str) -> str:
    return f"https {at:%Y-%m-%dT%H:%M:%S.%f}Z app/{v.part(0)}/50dc6c495c0c9188 {text}"


def _pino(v: Values, at: datetime, n: int, text: str) -> str:
    fields = {
        "level": (30, 40, 50)[n % 3],
        "time": int(at.timestamp() * 1000),
        "pid": 17,
        "hostname": v.host(),
        "reqId": v.hex5(),
        "msg": text,
    }
    return json.dumps(fields, separators=(",", ":"))


def _zap(v: Values, at: datetime, n: int, text: str) -> str:
    fields = {
        "level": _level(n).lower(),
        "ts": at.timestamp(),
        "caller": f"{v.part(n)}/{v.part(n)}.go:{n + 10}",
        "msg": text,
        "took": v.dur(),
    }
    return json.dumps(fields)


def _structlog(v: Values, at: datetime, n: int, text: str) -> str:
    return json.dumps({"order": v.int_(), "event": text, "level": _level(n).lower(), "timestamp": at.isoformat(), "user": v.user()})


def _ecs(v: Values, at: datetime, n: int, text: str) -> str:
    fields = {"@timestamp": at.isoformat(), "log.level": _level(n), "message": text, "service.name": v.part(0), "trace.id": v.hex_()}
    return json.dumps(fields)


def _logfmt(v: Values, at: datetime, n: int, text: str) -> str:
    return f'time="{at:%Y-%m-%dT%H:%M:%SZ}" level={_level(n).lower()} msg="{text}" component={v.part(n)} id={v.hex5()}'


def _klog(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{'IWE'[n % 3]}{at:%m%d %H:%M:%S.%f} {v.rng.randint(1, 99_999):>7} {v.part(n)}.go:{n + 100}] {text}"


def _lambdanode(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}{_milli(at)}Z\t{v.uuid()}\t{_level(n)}\t{text}"


def _postgres(v: Values, at: datetime, n: int, text: str) -> str:
    who = f" {v.user()}@{v.part(0)}" if n % 2 else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at)} UTC [{v.rng.randint(1, 99_999)}]{who} {('LOG', 'ERROR', 'FATAL')[n % 3]}:  {text}"


def _mysql(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z {v.rng.randint(0, 99)} [{('Warning', 'Note', 'ERROR')[n % 3]}] [MY-{10_000 + n:06}] [Server] {text}"


def _redis(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{v.rng.randint(1, 999)}:{'MSC'[n % 3]} {at:%d %b %Y %H:%M:%S}{_milli(at)} {'*#-'[n % 3]} {text}"


def _jobs(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%y/%m/%d %H:%M:%S} {_level(n)} {v.part(n)}.{_class(v, n)}: {text}"


def _mapjob(v: Values, at: datetime, n: int, text: str) -> str:
    thread = v.rng.choice(("main", "IPC Server handler 3 on 4000", f"Event Processor #{v.rng.randint(0, 9)}"))
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at, ',')} {_level(n)} [{thread}] com.example.{v.part(n)}.{_class(v, n)}: {text}"


def _openstack(v: Values, at: datetime, n: int, text: str) -> str:
    request = f"[req-{v.uuid()} {v.hex_()} {v.hex_()} - - -]" if n % 4 else "[-]"
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at)} {v.rng.randint(1000, 9999)} {_level(n)} {v.part(0)}.{v.part(n)} {request} {text}"


def _logcat(v: Values, at: datetime, n: int, text: str) -> str:
    ids = f"{v.rng.randint(100, 9999):>5} {v.rng.randint(100, 9999):>5}"
    return f"{at:%m-%d %H:%M:%S}{_milli(at)} {ids} {'DIWEV'[n % 5]} {_class(v, n)}: {text}"


def _winevent(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}, {('Info', 'Error')[n % 2]:<21} {v.part(n).upper()}    {text}"


def _ras(v: Values, at: datetime, n: int, text: str) -> str:
    node = f"R{v.rng.randint(0, 9)}-M{v.rng.randint(0, 1)}-N{v.rng.randint(0, 9)}"
    day, moment = f"{at:%Y.%m.%d}", f"{at:%Y-%m-%d-%H.%M.%S.%f}"
    return f"- {int(at.timestamp())} {day} {node} {moment} {node} RAS {('KERNEL', 'APP')[n % 2]} {('INFO', 'FATAL')[n % 2]} {text}"


def _nodes(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{v.rng.randint(1, 500_000)} {v.nodeid()} {v.part(n)} {v.part(n + 1)}.event {int(at.timestamp())} 1 {text}"


def _auth(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%b %e %H:%M:%S} {v.part(0)} {v.part(n % 3)}({v.part(2)}-auth)[{v.rng.randint(1, 30_000)}]: {text}"


def _dashapp(v: Values, at: datetime, n: int, text: str) -> str:
    return f"[{at:%Y-%m-%d %H:%M:%S}] {v.rng.choice(v.words[:6])}.exe - {text}"


def _bars(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y%m%d-%H:%M:%S}|{_class(v, n)}|{v.rng.randint(1, 99_999)}|{text}"


def _glog(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{'IWE'[n % 3]}{at:%Y%m%d %H:%M:%S.%f} {v.rng.randint(1, 99_999)} {v.part(n)}.cc:{n + 100}] {text}"


def _plain(v: Values, at: datetime, n: int, text: str) -> str:
    return text


def _systemd(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00 {v.part(0)} {v.part(n)}-{v.part(n + 1)}[{v.rng.randint(1, 9999)}]: {text}"


def _serilog(v: Values, at: datetime, n: int, text: str) -> str:
    return f"[{at:%H:%M:%S} {('INF', 'WRN', 'ERR', 'DBG')[n % 4]}] {text}"


def _rails(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{_level(n)[0]}, [{at:%Y-%m-%dT%H:%M:%S.%f} #{v.rng.randint(1, 99)}] {_level(n):>5} -- : {text}"


def _django(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{_level(n)}:{v.part(n)}.{v.part(n + 1)}:{text}"


def _gin(v: Values, at: datetime, n: int, text: str) -> str:
    return f"[GIN] {at:%Y/%m/%d - %H:%M:%S} | {text}"


def _loguru(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{_milli(at)} | {_level(n):<8} | {v.part(n)}.{v.part(n + 1)}:run:{n + 20} - {text}"


def _cri(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}123Z stdout F {text}"


def _compose(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{v.part(n % 3)}_{n % 3}  | {_level(n):<5} {at:%Y-%m-%d %H:%M:%S} {text}"


def _heroku(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00 {('heroku', 'app')[n % 2]}[web.{v.rng.randint(1, 4)}]: {text}"


def _elastic(v: Values, at: datetime, n: int, text: str) -> str:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}{_milli(at, ',')}"
    return f"[{stamp}][{_level(n):<5}][o.e.{v.part(n)[0]}.{_class(v, n):<12}] [{v.part(0)}-{v.rng.randint(1, 9)}] {text}"


def _mongo(v: Values, at: datetime, n: int, text: str) -> str:
    attributes = {"remote": f"{v.ip()}:{v.port()}", "ns": f"{v.word()}.{v.word()}", "durationMillis": v.rng.randint(0, 999)}
    return json.dumps(
        {
            "t": {"$date": at.isoformat()},
            "s": "I",
            "c": "NETWORK",
            "id": 22_000 + n,
            "ctx": f"conn{v.port()}",
            "msg": text,
            "attr": attributes,
        }
    )


def _rabbit(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}+00:00 [{_level(n).lower()}] <0.{v.rng.randint(1, 9999)}.0> {text}"


def _gokit(v: Values, at: datetime, n: int, text: str) -> str:
    return f'level={_level(n).lower()} ts={at:%Y-%m-%dT%H:%M:%S}{_milli(at)}Z caller={v.part(n)}.go:{n + 30} msg="{text}" user={v.user()}'


def _rust(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z {_level(n):>5} {v.part(n)}::{v.part(n + 1)}: {text}"


def _fpm(v: Values, at: datetime, n: int, text: str) -> str:
    return f"[{at:%d-%b-%Y %H:%M:%S}] {('NOTICE', 'WARNING')[n % 2]}: {text}"


def _cassandra(v: Values, at: datetime, n: int, text: str) -> str:
    thread = f"{_class(v, n)}:{v.rng.randint(1, 9)}"
    return f"{_level(n):<5} [{thread}] {at:%Y-%m-%d %H:%M:%S}{_milli(at, ',')} {_class(v, n)}.java:{n + 100} - {text}"


def _kafka(v: Values, at: datetime, n: int, text: str) -> str:
    return f"[{at:%Y-%m-%d %H:%M:%S}{_milli(at, ',')}] {_level(n)} {text} (kafka.{v.part(n)}.{_class(v, n)})"


def _amtime(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%m/%d/%Y %I:%M:%S %p} {_level(n)} {text}"


def _ctime(v: Values, at: datetime, n: int, text: str) -> str:
    return f"{at:%a %b %d %H:%M:%S} UTC {at:%Y}: {text}"


_SET1 = (_python, _log4j, _logback, _syslog, _rfc5424, _nginx, _access, _alb, _pino, _zap)
_SET2 = (_structlog, _ecs, _logfmt, _klog, _lambdanode, _postgres, _mysql, _redis, _jobs, _mapjob)
_SET3 = (_openstack, _logcat, _winevent, _ras, _nodes, _auth, _dashapp, _bars, _glog, _plain)
_SET4 = (_systemd, _serilog, _rails, _django, _gin, _loguru, _cri, _compose, _heroku, _elastic)
_SET5 = (_mongo, _rabbit, _gokit, _rust, _fpm, _cassandra, _kafka, _amtime, _ctime)
STYLES: dict[str, Style] = {style.__name__.removeprefix("_"): style for style in (*_SET1, *_SET2, *_SET3, *_SET4, *_SET5)}
