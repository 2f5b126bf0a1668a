"""The picture as PNG, decoded again: its size, its colours where they belong, letters that can be told apart."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.drawing.chart import Trace
from aiops_daemon.logwatch.drawing.glyphs import HEIGHT, WIDTH, glyph
from aiops_daemon.logwatch.drawing.picture import Area, Bar, Curve, Dashes, Picture, Shape, Text, picture
from aiops_daemon.logwatch.drawing.raster import png, save
from aiops_daemon.logwatch.findings import Alert, Finding, Kind, Urgency

FIRST = 1_767_571_200 // BUCKET_SECONDS
PRINTABLE = [chr(code) for code in range(32, 127)]
RED = (255, 0, 0)


def decoded(data: bytes) -> NDArray[np.uint8]:
    """Rows of dots, by the PNG specification: signature, chunks with their checksums, one filter byte per row."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: list[tuple[bytes, bytes]] = []
    place = 8
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size])[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        place += 12 + size
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours, *methods = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, colours, methods) == (8, 2, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[1][1]), dtype=np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any(), "filter 0"
    return rows[:, 1:].reshape(height, width, 3)


def drawn(*shapes: Shape) -> NDArray[np.bool_]:
    """Where a picture of 40 by 20 is red."""
    return np.asarray((decoded(png(Picture(40, 20, shapes))) == np.array(RED)).all(axis=2))


def box(red: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in dots."""
    ys, xs = red.nonzero()
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


def test_shapes_are_where_they_belong_at_twice_their_size() -> None:
    red = drawn(Bar(5, 4, 3, 10, "#ff0000"))
    assert box(red) == (10, 8, 15, 27)
    assert red.sum() == 6 * 20
    assert drawn(Bar(5, 4, 0.1, 1, "#ff0000")).sum() == 2, "a bar is never too thin to be seen"


def test_an_area_is_filled_down_to_its_floor() -> None:
    red = drawn(Area(((0, 10), (10, 5), (20, 10)), 15, "#ff0000"))
    assert box(red) == (0, 10, 40, 29)
    columns: list[int] = red.sum(axis=0).tolist()
    assert (columns[0], columns[20], columns[40]) == (10, 20, 10)


def test_a_curve_has_no_gaps_however_steep() -> None:
    red = drawn(Curve(((0, 18), (1, 2), (20, 2)), "#ff0000"))
    assert np.asarray(red.any(axis=0))[:41].all()
    assert np.asarray(red.any(axis=1))[4:38].all()
    assert drawn(Curve((), "#ff0000"), Area((), 5, "#ff0000")).sum() == 0


def test_dashes_have_gaps() -> None:
    column = drawn(Dashes(3, 0, 20, "#ff0000"))[:, 6]
    assert column[:20].tolist() == [True] * 8 + [False] * 6 + [True] * 6


def test_text_stands_on_its_line_and_what_does_not_fit_is_cut_off() -> None:
    assert box(drawn(Text(2, 12, "H", "#ff0000"))) == (4, 10, 13, 23)
    assert box(drawn(Text(38, 12, "H", "#ff0000", from_right=True)))[2] <= 76
    assert drawn(Text(2, 12, "H", "#ff0000", bold=True)).sum() > drawn(Text(2, 12, "H", "#ff0000")).sum()
    whole, cut = drawn(Text(2, 12, "HHHHHH", "#ff0000")), drawn(Text(2, 12, "HHHHHHHHHHH", "#ff0000"))
    assert (whole == cut).all()


def test_letters_can_be_told_apart() -> None:
    glyphs = {glyph(character).tobytes() for character in PRINTABLE}
    assert len(glyphs) == len(PRINTABLE)
    assert {glyph(character).shape for character in PRINTABLE} == {(HEIGHT, WIDTH)}
    assert [character for character in PRINTABLE if not glyph(character).any()] == [" "]
    assert (glyph("ä") == glyph("\n")).all(), "what is not known is a box"
    assert ["".join(".#"[int(dot)] for dot in row) for row in glyph("A")] == [
        ".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#",
    ]  # fmt: skip


def a_trace() -> Trace:
    at = (FIRST + 5) * BUCKET_SECONDS
    cause = Finding(at, "/shop", Kind.RAMP, "pool <*> is full", "t1", 16, 2.0, 5.0, (FIRST + 4) * BUCKET_SECONDS, 0)
    return Trace(Alert("log-1", at, [cause], Urgency.NORMAL), "t1", FIRST, [2, 0, 2, 1, 16, 8], [2.0] * 6, [7.0] * 6)


@pytest.mark.parametrize("traces", [[], [a_trace()], [a_trace(), a_trace()]], ids=len)
def test_the_whole_picture(traces: list[Trace]) -> None:
    dots = decoded(png(picture(traces)))
    assert dots.shape == (max(1, len(traces)) * 380 + 20, 1920, 3)
    colours = {tuple(colour) for colour in np.unique(dots.reshape(-1, 3), axis=0).tolist()}
    assert ((0x48, 0x78, 0xA8) in colours) is bool(traces)
    assert (0x55, 0x55, 0x55) in colours, "there is something to read"


def test_the_name_of_the_file_says_what_it_is(tmp_path: Path) -> None:
    for name, begins in (("a.png", b"\x89PNG"), ("a.PNG", b"\x89PNG"), ("a.svg", b"<svg"), ("a", b"<svg")):
        save([a_trace()], tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
