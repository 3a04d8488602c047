from collections.abc import Iterator
from typing import Any

import typer
from rich.text import Text
from typer.testing import CliRunner

from dermaseg_monai.cli import app


def commands(command: Any, name: str = "dermaseg") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (typer brings its own click)
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {word}")


def test_help_shows_every_word_that_was_written() -> None:
    # rich takes [id] for a style and drops it
    said = [(name, text) for name, one in commands(typer.main.get_command(app)) for text in words_of(one)]
    assert len(said) > 100
    assert [(name, text) for name, text in said if Text.from_markup(text).plain != text] == []


def words_of(command: Any) -> list[str]:  # noqa: ANN401
    options = [getattr(param, "help", None) for param in command.params]
    return [text for text in (command.help, *options) if text]


def test_options_are_taken_as_a_sheet_spells_its_keys_too() -> None:
    for words in (["stress", "--allow_leaks"], ["agreement", "ceiling", "--dataset_dir", "here"]):
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
