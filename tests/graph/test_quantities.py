"""A sentence with a number in it is said of one as people say it."""

import pytest

from graph.quantities import quantity


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "person", "1 person"),
        (0, "person", "0 people"),
        (12_345, "person", "12,345 people"),
        (1, "earlier moment", "1 earlier moment"),
        (2, "application", "2 applications"),
    ],
)
def test_a_number_and_its_noun_agree(count: int, noun: str, said: str) -> None:
    assert quantity(count, noun) == said
