"""A list: one line each where they fit or nobody reads along (grep does), else two. What has to be copied is never cut off."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDE = 150  # below it, columns would be cut or folded
_UNKNOWN_WIDTH, _UNBOUND = 80, 400  # rich says 80 where there is no terminal: a pipe


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line, the first of which say which it is; and the second line that a narrow terminal has for the rest."""

    cells: Sequence[str]
    rest: str


def print_rows(headings: Sequence[str], rows: Sequence[Row], *, first: int) -> None:
    """`first` cells are never folded, and make the first line of two. What events say is no markup."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal and console.width == _UNKNOWN_WIDTH:
        console = Console(width=_UNBOUND)
    if console.width < WIDE:
        for row in rows:
            console.print(escape("  ".join(row.cells[:first])), soft_wrap=True, highlight=False)
            console.print(escape(f"    {row.rest}"), highlight=False)
        return
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place < first, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row.cells))
    console.print(table)
