"""What commands of operators print: rows for people and for programs, and help."""

import functools
import re
import subprocess
from pathlib import Path

import pytest
from desk import NOUNS, PLURALS, SHAPES


@pytest.mark.parametrize("noun", SHAPES)
def test_json_has_the_names_of_the_columns(furnished, noun):
    table, hidden, further = SHAPES[noun]
    rows = furnished.json(noun, "list")
    assert rows
    for row in rows:
        assert set(row) == furnished.columns(table) - hidden | further
        id = row["incarnation" if noun == "node" else "id"]
        assert furnished.json(noun, "show", id) == row
    moments = [value for row in rows for name, value in row.items() if value and re.search(r"_(at|until)$", name)]
    assert moments
    for moment in moments:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d", moment)


@pytest.mark.parametrize("noun", SHAPES)
def test_people_get_aligned_columns(furnished, noun):
    header, *lines = furnished.do(noun, "list").splitlines()
    assert header == header.upper() and len(lines) == len(furnished.json(noun, "list"))
    assert "\x1b" not in header + "".join(lines)
    # Each column begins where its title does.
    starts = [found.start() for found in re.finditer(r"(?<=  )\S|^\S", header)]
    for line in lines:
        assert all(line[start - 1 : start] in ("", " ") for start in starts), f"{header}\n{line}"
        assert all(line[start : start + 1].strip() for start in starts), f"{header}\n{line}"


@pytest.mark.parametrize("noun", SHAPES)
def test_one_is_shown_whole(furnished, noun):
    row = furnished.json(noun, "list")[0]
    shown = furnished.do(noun, "show", row["incarnation" if noun == "node" else "id"])
    assert [line.split()[0] for line in shown.splitlines()] == list(row)


# There is always the role that new surfaces give.
@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun != "role"])
def test_an_empty_list_says_so_beside_the_output(desk, noun):
    done = desk.run(noun, "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"no {PLURALS.get(noun, f'{noun}s')}\n")
    assert desk.json(noun, "list") == []


def test_text_cannot_steer_the_terminal(desk):
    desk.do("model", "add", "odd", "--title", "red \x1b[31m\u202e", "--system-prompt", "one\ntwo\x07")
    for words in (["model", "list"], ["model", "show", "odd"]):
        shown = desk.do(*words)
        assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
        assert "red \\u{1b}[31m" in shown
    assert re.search(r"^system_prompt +one\n +two\\u\{7\}$", desk.do("model", "show", "odd"), re.M)
    assert desk.json("model", "show", "odd")["title"] == "red \x1b[31m\u202e"


# MARK: help


@functools.cache
def help_of(programs: Path, *words: str) -> str:
    done = subprocess.run([programs / "sluice", *words, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def subcommands(text: str) -> list[str]:
    return re.findall(r"^  ([a-z]+) {2,}", text[text.index("SUBCOMMANDS:") :], re.M)


@pytest.mark.parametrize("noun", [*NOUNS, "usage", "audit"])
def test_help_teaches_by_examples_that_parse(programs, noun):
    pages = {(noun,): help_of(programs, noun)}
    for name in subcommands(pages[noun,]):
        pages[noun, name] = help_of(programs, noun, name)
    for words, page in pages.items():
        shown = page[: page.index("USAGE:")]
        assert all(len(line) <= 80 for line in shown.splitlines()), words
        shown = shown.replace("\\\n", " ")
        examples = re.findall(r"^  sluice (.*)$", shown, re.M)
        assert len(examples) >= 2, words
        assert len(words) == 1 or any(example.startswith(" ".join(words)) for example in examples), words
        for example in examples:
            command, action = example.split()[:2]
            options = re.findall(r" (--[a-z-]+)", example.split(" | ")[0].split("   ")[0])
            known = help_of(programs, command, action)
            assert all(re.search(rf"(?<![\w-]){option}(?![\w-])", known) for option in options), example


@pytest.mark.parametrize(
    ("noun", "words"),
    [
        ("model", ["A virtual model is", "next turn"]),
        ("route", ["A route joins", "next turn"]),
        ("credential", ["A credential says", "next turn"]),
        ("surface", ["A surface is", "5 s at most"]),
        ("key", ["Only the hash", "5 s at most"]),
        ("role", ["A role grants", "next turn"]),
        ("issuer", ["An issuer is", "5 s at most"]),
        ("price", ["A price is", "at its start"]),
        ("limit", ["All that apply", "next turn"]),
        ("usage", ["The ledger has"]),
        ("turn", ["A turn is"]),
        ("node", ["lease"]),
        ("identity", ["An identity is", "5 s at most"]),
    ],
)
def test_help_explains_the_noun(programs, noun, words):
    page = " ".join(help_of(programs, noun).split())
    assert all(word in page for word in words)
