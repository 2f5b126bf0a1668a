"""The shapes of a picture as PNG: an array of dots and the few bytes around it, so that no imaging library is needed.

Everything is drawn at twice its size, so that letters of five by seven dots can be read on today's screens.
"""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.drawing.chart import Trace
from aiops_daemon.logwatch.drawing.glyphs import HEIGHT, WIDTH, glyph
from aiops_daemon.logwatch.drawing.picture import Area, Bar, Curve, Dashes, Picture, Text, picture, svg

_SCALE = 2
_DASH, _GAP = 8, 6  # dots


class _Canvas:
    """White; x to the right, y downwards, in the picture's own units."""

    def __init__(self, width: int, height: int) -> None:
        self.dots: NDArray[np.uint8] = np.full((height * _SCALE, width * _SCALE, 3), 255, dtype=np.uint8)

    def bar(self, shape: Bar) -> None:
        left, right = _dot(shape.x), max(_dot(shape.x) + 1, _dot(shape.x + shape.width))
        self.dots[_dot(shape.y) : _dot(shape.y + shape.height), left:right] = _rgb(shape.colour)

    def area(self, shape: Area) -> None:
        """From the points down to the floor, column by column."""
        floor, colour = _dot(shape.floor), _rgb(shape.colour)
        for x, y in self._columns(shape.points):
            self.dots[y:floor, x] = colour

    def curve(self, shape: Curve) -> None:
        """Two dots thick; steep parts are joined from column to column."""
        colour, before = _rgb(shape.colour), None
        for x, y in self._columns(shape.points):
            top, bottom = sorted((y, y if before is None else before))
            self.dots[max(0, top) : bottom + 2, x] = colour
            before = y

    def _columns(self, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
        if not points:
            return []
        xs, ys = [_dot(x) for x, _ in points], [_dot(y) for _, y in points]
        columns = np.arange(xs[0], xs[-1] + 1)
        return list(zip(columns.tolist(), np.interp(columns, xs, ys).round().astype(int).tolist(), strict=True))

    def dashes(self, shape: Dashes) -> None:
        x, floor = _dot(shape.x), _dot(shape.bottom)
        for y in range(_dot(shape.top), floor, _DASH + _GAP):
            self.dots[y : min(y + _DASH, floor), x : x + _SCALE] = _rgb(shape.colour)

    def text(self, shape: Text) -> None:
        """`y` is the line that letters stand on; what does not fit is cut off."""
        advance = (WIDTH + 1) * _SCALE
        left = _dot(shape.x) - (advance * len(shape.text) if shape.from_right else 0)
        top = _dot(shape.y) - HEIGHT * _SCALE
        for number, character in enumerate(shape.text):
            dots = np.kron(glyph(character), np.ones((_SCALE, _SCALE), dtype=np.bool_))
            if shape.bold:
                dots[:, 1:] |= dots[:, :-1].copy()
            x = left + number * advance
            if x < 0 or x + dots.shape[1] > self.dots.shape[1]:
                break
            self.dots[top : top + dots.shape[0], x : x + dots.shape[1]][dots] = _rgb(shape.colour)


def png(drawn: Picture) -> bytes:
    """The picture as the bytes of a PNG file: eight bits each of red, green and blue."""
    canvas = _Canvas(drawn.width, drawn.height)
    for shape in drawn.shapes:
        match shape:
            case Bar():
                canvas.bar(shape)
            case Area():
                canvas.area(shape)
            case Curve():
                canvas.curve(shape)
            case Dashes():
                canvas.dashes(shape)
            case Text():
                canvas.text(shape)
    height, width, _ = canvas.dots.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), canvas.dots.reshape(height, width * 3)], axis=1)  # filter 0: as it is
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + _chunk(b"IEND", b"")


def save(traces: Sequence[Trace], path: Path) -> None:
    """As PNG where the file is called so, else as SVG."""
    drawn = picture(traces)
    if path.suffix.lower() == ".png":
        path.write_bytes(png(drawn))
    else:
        path.write_text(svg(drawn), encoding="utf-8")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _dot(value: float) -> int:
    return max(0, round(value * _SCALE))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
