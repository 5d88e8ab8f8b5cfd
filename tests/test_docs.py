"""What the docs name exists: files, modules, commands, options, make targets, tests and messages; lines are short."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from raiha.backend.commands.main import app

ROOT = Path(__file__).parents[1]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FOLDERS = "backend|gallery_tools|training|plugin_krita|plugin_gimp|tests|benchmarks|docs|samples"
LONGEST_LINE = 120

each_doc = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: str(doc.relative_to(ROOT)))


def text_of(doc: Path) -> str:
    return doc.read_text().replace("\\\n", " ")


def code_of(doc: Path) -> Iterator[str]:
    """Yield the commands in a document: indented or fenced lines, and what stands between backticks."""
    fenced = False
    for line in text_of(doc).splitlines():
        fenced ^= line.startswith("```")
        if fenced or line.startswith("    "):
            yield line.strip().removeprefix("$ ").partition("  #")[0]
        else:
            yield from re.findall(r"`([^`]+)`", line)


def options_of(command: str) -> list[str]:
    return re.findall(r"(?<![\w-])--[a-z][a-z-]*", command)


@cache
def known_options(words: tuple[str, ...]) -> set[str]:
    """Return the options of a command, named by its words: `("gallery", "status")`."""
    command = typer.main.get_command(app)
    for word in words:
        command = command.get_command(None, word)
    return {"--help", *(option for parameter in command.params for option in parameter.opts)}


def command_words(arguments: list[str]) -> tuple[str, ...]:
    """Return the words that name the command: `gallery status` of `gallery status default`."""
    command, words = typer.main.get_command(app), []
    for word in arguments:
        if not hasattr(command, "get_command") or word.startswith("-"):
            break
        command = command.get_command(None, word)
        assert command is not None, f"raiha {' '.join([*words, word])} is no command"
        words.append(word)
    return tuple(words)


@pytest.mark.parametrize("doc", [doc for doc in DOCS if doc.name != "commands.md"], ids=lambda doc: doc.name)
def test_lines_are_short_but_for_tables(doc: Path) -> None:  # and for what `make docs` writes
    long = [line for line in doc.read_text().splitlines() if len(line) > LONGEST_LINE and not line.startswith("|")]
    assert long == []


@each_doc
def test_files_that_are_named_exist(doc: Path) -> None:
    named = re.findall(rf"(?<![\w./~-])((?:{FOLDERS}|\.ci)/[\w./-]*[\w/])", text_of(doc))
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_doc
def test_modules_that_are_run_exist_and_have_the_options(doc: Path) -> None:
    for command in code_of(doc):
        if module := re.search(r"-m raiha\.([\w.]+)", command):
            source = ROOT / (module[1].replace(".", "/") + ".py")
            assert source.is_file(), command
            arguments = source.read_text()
            options = options_of(command[module.end() :])
            assert [option for option in options if f'"{option}"' not in arguments] == [], command


@each_doc
def test_commands_exist_and_have_the_options(doc: Path) -> None:
    for command in code_of(doc):
        if command.startswith("raiha ") and "[" not in command:
            arguments = command.split()[1:]
            known = known_options(command_words(arguments))
            assert [option for option in options_of(command) if option not in known] == [], command


@each_doc
def test_make_targets_exist(doc: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [match[1] for command in code_of(doc) if (match := re.match(r"make ([a-z-]+)", command))]
    assert [target for target in named if target not in targets] == []


@each_doc
def test_tests_that_are_named_exist(doc: Path) -> None:
    known = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert [name for name in re.findall(r"`(test_\w+)`", text_of(doc)) if name not in known] == []


@each_doc
def test_links_lead_to_files(doc: Path) -> None:  # zensical checks neither pictures nor what lies outside docs/
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(doc))
    assert [link for link in links if "://" not in link and not (doc.parent / link).exists()] == []


def test_the_navigation_of_the_site_has_each_page_once() -> None:
    listed = re.findall(r'"([\w./-]+\.md)"', (ROOT / "zensical.toml").read_text())
    pages = [doc.relative_to(ROOT / "docs").as_posix() for doc in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted(pages)


def literals(source: Path) -> Iterator[str]:
    """Yield the strings in a module, and the parts of f-strings between their fields."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_messages_on_the_troubleshooting_page_are_those_of_the_code() -> None:
    sources = [source for folder in ("backend", "gallery_tools") for source in (ROOT / folder).rglob("*.py")]
    texts = "\n".join(text for source in sources for text in literals(source))
    rows = re.findall(r"^\| (?!message \||---)(.+?) \|", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE)
    parts = [part.strip() for row in rows for part in row.split("…")]
    assert len(rows) > 40
    assert [part for part in parts if part not in texts] == []


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("zensical"), reason="Zensical needs Python 3.11")
def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=tmp_path, capture_output=True)
    assert built.returncode == 0, built.stdout.decode()
    assert (tmp_path / "build/site/index.html").is_file()


def test_the_list_of_commands_is_that_of_their_help() -> None:
    listed = re.findall(r"^## `raiha ([a-z-]+)`", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(typer.main.get_command(app).list_commands(None))
