"""How a review is cut into words."""

import re

NEGATIONS = {"not", "never", "no", "hardly"}


def words(text: str) -> list[str]:
    """Lower-case words; the word after a negation is marked, so that "not good" is not "good"."""
    found = re.findall(r"[a-z']+", text.lower())
    return [f"not_{word}" if before in NEGATIONS else word for before, word in zip(["", *found], found)]
