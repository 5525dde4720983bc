"""An option that is given nothing is no option that was left out."""

from __future__ import annotations

import pytest

from scripts.cli.arguments import Arguments


@pytest.mark.parametrize("given", [["--store", ""], ["--store="], ["load", "--store", "", "--out", "x"]])
def test_an_option_given_nothing_is_refused_by_name(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = Arguments("loads", "")
    parser.add_argument("what", nargs="?")
    parser.add_argument("--store")
    parser.add_argument("--out")
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(given)
    assert ended.value.code == 2
    assert "--store is empty: give it a value, or leave it out" in capsys.readouterr().err


def test_an_option_left_out_is_left_out() -> None:
    parser = Arguments("loads", "")
    parser.add_argument("--store")
    assert parser.parse_args([]).store is None
