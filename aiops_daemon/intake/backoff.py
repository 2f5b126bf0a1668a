"""Exponential backoff with full jitter: the one that spreads a herd best (Exponential Backoff And Jitter, AWS Architecture Blog, 2015)."""

import random


def full_jitter(attempt: int, base: float, cap: float, rng: random.Random) -> float:
    """Seconds before attempt number `attempt` + 1: uniform between 0 and base * 2^(attempt - 1), at most `cap`."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(max(attempt, 1) - 1, 30)))
