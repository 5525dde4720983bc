"""Strength of secrets: long enough, not guessable and not copied from documentation."""

from __future__ import annotations

from itertools import pairwise

SHORTEST = 32  # bytes
FEWEST_CHARACTERS = 8  # different ones: `aaaa...` is no secret
# of the characters that follow their neighbour in the alphabet; of a random secret in hex it is a fifth
MOST_STEPS = 2 / 3
ADVICE = f"take {SHORTEST} random characters or more (openssl rand -hex 32 makes some)"


def weakness(secret: str) -> str | None:
    """Why a secret is none, as what is wrong with it; None for one that will do. The examples in docs and
    tests are short, or count up.
    """
    if len(secret.encode()) < SHORTEST:
        return f"it has fewer than {SHORTEST} bytes"
    if len(set(secret)) < FEWEST_CHARACTERS:
        return f"it has fewer than {FEWEST_CHARACTERS} different characters"
    if secret in (secret + secret)[1:-1]:
        return "it repeats itself"
    steps = sum(abs(ord(one) - ord(next_)) <= 1 for one, next_ in pairwise(secret))
    return "it counts through the alphabet" if steps > MOST_STEPS * (len(secret) - 1) else None
