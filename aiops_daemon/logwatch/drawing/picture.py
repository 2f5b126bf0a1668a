"""Counts against their baseline as a picture: the shapes of it, and these as SVG. raster.py draws the same shapes as PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.drawing.chart import Trace, clock

_WIDTH, _PANEL, _LEFT, _TOP = 960, 190, 60, 34
_INK, _FAINT = "#000000", "#555555"
_LINES, _BAND, _EXPECTED, _ONSET, _ALERT = "#4878a8", "#e8e8e0", "#d08020", "#b03030", "#301080"
Point = tuple[float, float]


@dataclass(frozen=True)
class Text:
    """`y` is the line that the letters stand on, `x` where they begin or, `from_right`, end."""

    x: float
    y: float
    text: str
    colour: str = _FAINT
    bold: bool = False
    from_right: bool = False


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Area:
    """Everything between the points, from left to right, and the floor."""

    points: tuple[Point, ...]
    floor: float
    colour: str


@dataclass(frozen=True)
class Curve:
    points: tuple[Point, ...]
    colour: str


@dataclass(frozen=True)
class Dashes:
    """A dashed line from top to bottom."""

    x: float
    top: float
    bottom: float
    colour: str


Shape = Text | Bar | Area | Curve | Dashes


@dataclass(frozen=True)
class Picture:
    """What is later in `shapes` lies on top."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


def picture(traces: Sequence[Trace]) -> Picture:
    """One panel per alert: lines as bars, the expectation as a curve, the band up to 3.5 deviations, onset and alert marked."""
    shapes: list[Shape] = [] if traces else [Text(20, 40, "No alerts.")]
    for i, trace in enumerate(traces):
        shapes += _panel(trace, i * _PANEL)
    return Picture(_WIDTH, max(1, len(traces)) * _PANEL + 10, tuple(shapes))


def _panel(trace: Trace, top: int) -> list[Shape]:
    cause, count = trace.alert.cause, len(trace.counts)
    highest = max(*trace.counts, *trace.upper, 1.0)
    step = (_WIDTH - _LEFT - 20) / max(1, count)
    floor = top + _PANEL - 30
    scale = (_PANEL - _TOP - 40) / highest

    def x(bucket: float) -> float:
        return round(_LEFT + (bucket - trace.first) * step, 1)

    def y(value: float) -> float:
        return round(floor - value * scale, 1)

    def points(values: Sequence[float]) -> tuple[Point, ...]:
        return tuple((x(trace.first + i), y(value)) for i, value in enumerate(values))

    title = f"{cause.kind.upper()} {clock(trace.alert.at)} UTC  {cause.log_group}: {cause.template}"[:130]
    bars = [Bar(at, v, max(0.5, step - 0.6), floor - v, _LINES) for at, v in points(trace.counts) if v < floor]
    return [
        Text(_LEFT, top + 16, title, _INK, bold=True),
        Text(_LEFT, top + 31, cause.how_unusual),
        Area(points(trace.upper), floor, _BAND),
        *bars,
        Curve(points(trace.expected), _EXPECTED),
        *_mark(x(cause.since / BUCKET_SECONDS), top + _TOP + 4, floor, _ONSET, "onset"),
        *_mark(x(trace.alert.at / BUCKET_SECONDS), top + _TOP + 4, floor, _ALERT, "alert"),
        Text(4, y(highest) + 4, f"{highest:.0f}"),
        Text(4, floor, "0"),
        Text(_LEFT, floor + 16, clock(trace.first * BUCKET_SECONDS)),
        Text(_WIDTH - 20, floor + 16, f"{clock((trace.first + count) * BUCKET_SECONDS)} UTC", from_right=True),
    ]


def _mark(at: float, top: int, floor: int, colour: str, text: str) -> list[Shape]:
    return [Dashes(at, top, floor, colour), Text(at + 3, top + (10 if text == "onset" else 22), text, colour)]


def svg(picture: Picture) -> str:
    """For browsers and wikis."""
    size = f'width="{picture.width}" height="{picture.height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {picture.width} {picture.height}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect {size} fill="#ffffff"/>',
            *map(_element, picture.shapes),
            "</svg>\n",
        ]
    )


def _element(shape: Shape) -> str:
    match shape:
        case Text():
            more = ' font-weight="bold"' * shape.bold + ' text-anchor="end"' * shape.from_right
            return f'<text x="{shape.x}" y="{shape.y}" fill="{shape.colour}"{more}>{escape(shape.text)}</text>'
        case Bar():
            box = f'x="{shape.x}" y="{shape.y}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
            return f'<rect {box} fill="{shape.colour}"/>'
        case Area():
            ends = [(x, shape.floor) for x, _ in (shape.points[-1], shape.points[0])] if shape.points else []
            return f'<polygon points="{_listed([*shape.points, *ends])}" fill="{shape.colour}"/>'
        case Curve():
            return f'<polyline points="{_listed(shape.points)}" fill="none" stroke="{shape.colour}" stroke-width="1.5"/>'
        case Dashes():
            ends = [(shape.x, shape.top), (shape.x, shape.bottom)]
            return f'<polyline points="{_listed(ends)}" stroke="{shape.colour}" stroke-dasharray="4 3"/>'


def _listed(points: Sequence[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
