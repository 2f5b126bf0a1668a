"""The state of one group as bytes, to be kept in `aiops-patterns`: arrays compressed, the rest as JSON inside.

Open buckets are not kept: after a restart they are read again. What is kept is which buckets are final, and the totals of the
open ones, to see what came late.
"""

import io
import json
from dataclasses import asdict

import numpy as np
from pydantic import TypeAdapter

from aiops_daemon.logwatch.baseline import Baseline, Rows
from aiops_daemon.logwatch.findings import Ending
from aiops_daemon.logwatch.group import GroupAnalysis, TemplateInfo
from aiops_daemon.logwatch.memory import HourMemory
from aiops_daemon.logwatch.monitor import Departure, GroupMonitor
from aiops_daemon.logwatch.templates import TemplateMiner
from aiops_daemon.model.errors import GiveUp

VERSION = 2  # 2: seven windows instead of five
_DEPARTURES = TypeAdapter(dict[int, Departure])
_INFO = TypeAdapter(dict[str, TemplateInfo])
_ENDINGS = TypeAdapter(list[Ending])
_ROW = "row_"


class OtherVersion(GiveUp):
    """The stored state was written by another version of the daemon. Nothing of it has been taken over."""

    def __init__(self, group: str, stored: int) -> None:
        super().__init__(f"{group}: stored state of version {stored}, this daemon reads and writes {VERSION}")
        self.newer = stored > VERSION


def pack(group: GroupAnalysis) -> bytes:
    monitor = group.monitor
    if monitor is None or not isinstance(group.miner, TemplateMiner):
        raise ValueError(f"{group.name}: nothing to keep yet")
    meta = {
        "version": VERSION,
        "start": monitor.start,
        "bucket": monitor.bucket,
        "keys": monitor.keys,
        "active": _DEPARTURES.dump_python(monitor.active, mode="json"),
        "excused": monitor.excused,
        "familiar": list(monitor.familiar),
        "by_insights": group.by_insights,
        "final_before": group.open.final_before,
        "late": group.open.late,
        "too_late": group.open.too_late,
        "totals": {bucket: counts.total for bucket, counts in group.open.buckets.items()},
        "info": {key: asdict(info) for key, info in group.info.items()},
        "named": group.named,
        "left": _ENDINGS.dump_python(group.left, mode="json"),
        "miner": group.miner.to_state(),
        "outlook": group.outlook.to_state(),
    }
    arrays = {f"{_ROW}{name}": array for name, array in monitor.baseline.rows.arrays().items()}
    arrays |= {"peak": monitor.memory.peak, "lines": monitor.memory.lines, "now": monitor.memory.now}
    arrays |= {"counts": monitor.counts.astype(np.float32), "expected": monitor.expected, "reset": monitor.reset}
    text = np.frombuffer(json.dumps(meta).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, meta=text, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its options
    return out.getvalue()


def unpack(group: GroupAnalysis, data: bytes) -> dict[int, int]:
    """Restore into a fresh group; the totals of the buckets that were open."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    meta = json.loads(arrays.pop("meta").tobytes().decode("utf-8", "surrogatepass"))
    if meta["version"] != VERSION:
        raise OtherVersion(group.name, int(meta["version"]))
    monitor = GroupMonitor(meta["start"], threshold=group.threshold, lag=group.lag, adopt_after=group.adopt_after)
    monitor.bucket = meta["bucket"]
    monitor.keys = meta["keys"]
    monitor.index = {key: row for row, key in enumerate(monitor.keys)}
    rows = Rows(**{name.removeprefix(_ROW): array for name, array in arrays.items() if name.startswith(_ROW)})
    monitor.baseline = Baseline(rows)
    monitor.memory = HourMemory(arrays["peak"], arrays["lines"], arrays["now"])
    monitor.counts, monitor.expected = arrays["counts"].astype(np.float64), arrays["expected"]
    monitor.reset = arrays["reset"]
    monitor.active = _DEPARTURES.validate_python(meta["active"])
    monitor.excused = {int(row): seen for row, seen in meta["excused"].items()}
    monitor.familiar = dict.fromkeys(meta["familiar"])
    group.by_insights = meta["by_insights"]
    group.monitor = monitor
    group.info = _INFO.validate_python(meta["info"])
    group.named = meta["named"]
    group.left = _ENDINGS.validate_python(meta.get("left", ()))  # states of before have none
    limit = group.miner.limit
    group.miner = TemplateMiner.from_state(meta["miner"])
    group.miner.limit = limit  # as it is set now
    group.outlook.restore(meta["outlook"])
    group.open.final_before = meta["final_before"]
    group.open.late, group.open.too_late = meta["late"], meta["too_late"]
    return {int(bucket): total for bucket, total in meta["totals"].items()}
