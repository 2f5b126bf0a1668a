#!/usr/bin/env python3
"""Draws the dashboards as SVG from a Prometheus, where there is no Grafana: `draw.py http://127.0.0.1:9090 docs/images [minutes]`.

Same panels, same places and same queries as the dashboards; the pictures in the docs are made so.
"""

import json
import sys
import time
import urllib.parse
import urllib.request
from html import escape
from pathlib import Path
from typing import Any

CELL, UNIT = 60, 34  # pixels of one grid column and one grid row
COLOURS = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0")
NAMED = {"green": "#56a64b", "orange": "#ff9830", "red": "#e02f44", "blue": "#5794f2"}
UNITS = {"s": " s", "percentunit": "", "bytes": " B", "ops": "/s", "currencyUSD": " $", "none": ""}


def ask(base: str, path: str, **parameters: object) -> list[Any]:
    """`result` of one API call."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
    return found


def number(value: float, unit: str) -> str:
    """Short, as a stat panel shows it."""
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    if unit == "percentunit":
        return f"{100 * value:.1f} %"
    return f"{value:.3g}{UNITS[unit]}"


def legend(text: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def text(x: float, y: float, words: str, size: int = 12, colour: str = "#ccccdc", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def stat(base: str, panel: dict[str, Any], box: tuple[float, float, float, float]) -> list[str]:
    """One number, coloured by its threshold."""
    x, y, width, height = box
    target = panel["targets"][0]
    samples = [sample for sample in ask(base, "query", query=target["expr"]) if sample["value"][1] != "NaN"]
    defaults = panel["fieldConfig"]["defaults"]
    value = float(samples[0]["value"][1]) if samples else None
    passed = [step for step in defaults["thresholds"]["steps"] if value is not None and (step["value"] is None or value >= step["value"])]
    shown = "no data" if value is None else number(value, defaults["unit"])
    if "{{" in target["legendFormat"] and samples:
        shown = legend(target["legendFormat"], samples[0]["metric"])
    return [text(x + width / 2, y + height / 2 + 18, shown, 26, NAMED[passed[-1]["color"]] if passed else "#888", "middle")]


def bars(base: str, panel: dict[str, Any], box: tuple[float, float, float, float]) -> list[str]:
    """One bar for each series."""
    x, y, width, height = box
    samples = [
        (legend(t["legendFormat"], s["metric"]), float(s["value"][1]))
        for t in panel["targets"]
        for s in ask(base, "query", query=t["expr"])
    ]
    most = max([value for _, value in samples] + [1e-9])
    out = []
    for index, (name, value) in enumerate(sorted(samples, key=lambda pair: -pair[1])[: int((height - 30) // 22)]):
        top = y + 30 + 22 * index
        out.append(
            f'<rect x="{x + 8:.0f}" y="{top:.0f}" width="{(width - 70) * value / most:.0f}" height="16" fill="#5794f2" opacity="0.6"/>'
        )
        out += [text(x + 12, top + 12, name), text(x + width - 8, top + 12, f"{value:.3g}", anchor="end")]
    return out


def lines(base: str, panel: dict[str, Any], box: tuple[float, float, float, float], minutes: float) -> list[str]:
    """Curves over the last minutes."""
    x, y, width, height = box
    end = time.time()  # noqa: TID251  # a script
    span = {"start": end - 60 * minutes, "end": end, "step": max(1.0, minutes * 60 / 120)}
    found = [
        (legend(t["legendFormat"], s["metric"]), s["values"])
        for t in panel["targets"]
        for s in ask(base, "query_range", query=t["expr"], **span)
    ]
    curves = [(name, [(at, float(value)) for at, value in values if value != "NaN"]) for name, values in found]
    curves = [(name, values) for name, values in curves if values][:8]
    top = max([value for _, values in curves for _, value in values] + [1e-9])
    out = [text(x + 8, y + 34, number(top, panel["fieldConfig"]["defaults"]["unit"]), 10, "#888")]
    across, up = (width - 16) / (60 * minutes), (height - 74) / top
    for index, (name, values) in enumerate(curves):
        points = " ".join(f"{x + 8 + (at - span['start']) * across:.1f},{y + height - 34 - value * up:.1f}" for at, value in values)
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[index]}" stroke-width="1.5"/>')
        out.append(text(x + 8 + (index % 4) * width / 4, y + height - 18 + 13 * (index // 4), name[:26], 10, COLOURS[index]))
    return out


def draw(base: str, board: dict[str, Any], minutes: float) -> str:
    """The whole dashboard."""
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * CELL} {bottom * UNIT}" font-family="sans-serif">',
           f'<rect width="{24 * CELL}" height="{bottom * UNIT}" fill="#111217"/>']  # fmt: skip
    for panel in board["panels"]:
        place = panel["gridPos"]
        x, y, width, height = place["x"] * CELL + 3, place["y"] * UNIT + 3, place["w"] * CELL - 6, place["h"] * UNIT - 6
        if panel["type"] == "row":
            out.append(text(x + 4, y + 20, panel["title"], 15, "#ffffff"))
            continue
        out.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" fill="#181b1f" stroke="#2c3235"/>')
        out.append(text(x + 8, y + 18, panel["title"], 12))
        box = (float(x), float(y), float(width), float(height))
        kind = panel["type"]
        out += (
            stat(base, panel, box) if kind == "stat" else bars(base, panel, box) if kind == "bargauge" else lines(base, panel, box, minutes)
        )
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    base, folder = sys.argv[1], Path(sys.argv[2])
    minutes = float(sys.argv[3]) if len(sys.argv) > 3 else 60.0
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((Path(__file__).parent / "dashboards").glob("*.json")):
        (folder / f"dashboard-{path.stem}.svg").write_text(
            draw(base, json.loads(path.read_text(encoding="utf-8")), minutes), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
