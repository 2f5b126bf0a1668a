"""What a model's tokens cost, in US dollars a million, for the cost budget and its metric.

List prices by a part of the model's id, as known when this was written; prices change and regions differ, so set your own where it matters
(AIOPS_MODEL__DOLLARS_PER_MILLION_INPUT_TOKENS, ..._OUTPUT_TOKENS). A model that is not listed counts at the dearest listed price: the
budget then stops it early rather than late.
"""

from dataclasses import dataclass

from aiops_daemon.analysts.settings import ModelSettings

_LISTED: dict[str, tuple[float, float]] = {
    "claude-3-haiku": (0.25, 1.25),
    "claude-3-5-haiku": (0.8, 4),
    "claude-haiku-4-5": (1, 5),
    "claude-3-5-sonnet": (3, 15),
    "claude-3-7-sonnet": (3, 15),
    "claude-sonnet-4": (3, 15),
    "claude-opus-4": (15, 75),
    "nova-micro": (0.035, 0.14),
    "nova-lite": (0.06, 0.24),
    "nova-pro": (0.8, 3.2),
    "gpt-4o-mini": (0.15, 0.6),
    "gpt-4o": (2.5, 10),
}


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a million tokens. `listed` False: nobody said what it costs, so the dearest counts."""

    into: float
    out: float
    listed: bool = True

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars."""
        return (input_tokens * self.into + output_tokens * self.out) / 1e6


def price_of(settings: ModelSettings) -> Price:
    """The settings' own prices; else the list's, by the longest part that matches; else the dearest."""
    found = max((part for part in _LISTED if part in settings.name.lower()), key=len, default=None)
    into, out = _LISTED[found] if found else (max(pair[0] for pair in _LISTED.values()), max(pair[1] for pair in _LISTED.values()))
    own_in, own_out = settings.dollars_per_million_input_tokens, settings.dollars_per_million_output_tokens
    return Price(
        into=into if own_in is None else own_in,
        out=out if own_out is None else own_out,
        listed=found is not None or None not in {own_in, own_out},
    )
