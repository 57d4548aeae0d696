"""What a visitor may send for a scenario file: told within limits, and nothing of it is run, opened or obeyed."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import MOST_PROBLEMS, InvalidInput
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.question import Question
from abm.interface.page.session.upload import uploaded
from abm.texts import ACTING

MOST = Limits().upload_bytes
DEADLINE = 60
"""Seconds after which an upload counts as one that never ends; each takes a second or two."""
HEAD = "name: x\nplace: south_somerset\n"


def filled(line: str) -> str:
    """Repeat a line, with its number, up to the largest upload."""
    text = HEAD
    for number in range(MOST):
        more = line.format(n=number) + "\n"
        if len(text) + len(more) > MOST:
            break
        text += more
    return text


HOSTILE = {
    "unknown keys": filled("k{n}: 1"),
    "unknown levers": HEAD + "levers:\n" + filled("  leadership.e{n}: 1").removeprefix(HEAD)[: MOST - 200],
    "unknown parameters": HEAD + "parameters:\n" + filled("  trust.g{n}: 1").removeprefix(HEAD)[: MOST - 200],
    "unknown policies": HEAD + "policies:\n" + filled("- p{n}").removeprefix(HEAD)[: MOST - 200],
    "replaced": HEAD + "replaces:\n" + filled("- leadership.e{n}").removeprefix(HEAD)[: MOST - 200],
    "keys given again": filled("levers: {{leadership.effort: 1}}"),
    "segments": HEAD
    + "levers:\n  leadership.effort:\n"
    + filled("  - {{step: {{at: 1, to: 9}}}}").removeprefix(HEAD)[: MOST - 200],
    "long key": HEAD + "k" * (MOST - 100) + ": 1",
    "long name": HEAD + "policies: [" + "p" * (MOST - 100) + "]",
    "deep": HEAD + "x: " + "[" * (MOST - 100),
    "deep block": HEAD + "x:\n" + "\n".join(" " * n + "-" for n in range(1, 300)),
    "aliases": HEAD
    + "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    + "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d]\n",
    "digits": HEAD + "substeps: " + "9" * (MOST - 100),
    "exponent": HEAD + "substeps: 1e999999\nhorizon_years: 0x" + "f" * 9000,
    "escapes": HEAD + 'label: "\\x1b]0;title\\x07\\u202e"\n',
    "raw escapes": HEAD + "label: a\x1b[31m\n",
    "surrogate": HEAD + "label: a\ud800\n",
    "object": HEAD + "label: !!python/object/apply:os.system [id]\n",
    "place by path": "name: x\nplace: /dev/zero\n",
    "policy by path": HEAD + "policies: [../../../etc/passwd]\n",
    "code": HEAD + "extensions: [os, /tmp/x.py]\n",
    "too large": HEAD + "# " + "a" * MOST,
    "many steps": HEAD + "substeps: 1000000\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_upload_is_told_within_limits(name):
    found: list[object] = []

    def attempt() -> None:
        try:
            found.append(uploaded(HOSTILE[name], MOST, Question("baseline")))
        except Exception as error:  # noqa: BLE001 - whatever else comes out is what the test is about
            found.append(error)

    worker = threading.Thread(target=attempt, daemon=True)
    worker.start()
    worker.join(DEADLINE)
    assert not worker.is_alive() and len(found) == 1
    (error,) = found
    assert isinstance(error, InvalidInput)
    assert len(error.problems) <= MOST_PROBLEMS + 1
    for problem in error.problems:
        assert len(str(problem)) < 3000
        assert not re.search(f"[{ACTING}]", str(problem))


@pytest.mark.parametrize("given_value", [None, 7, b"name: x", ["name: x"], {}, "", "\0", "- x", "1"])
def test_what_is_no_text_of_a_scenario_is_told(given_value):
    with pytest.raises(InvalidInput):
        uploaded(given_value, MOST, Question("baseline"))


def test_code_beside_an_upload_is_neither_run_nor_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "trap.py").write_text("from pathlib import Path\nPath('ran').touch()\n", encoding="utf-8")
    for name in ("trap", "./trap.py", str(tmp_path / "trap.py")):
        for key in ("extensions: [{}]", "extensions: {}", "policies: [{}]", "place: {}"):
            with pytest.raises(InvalidInput):
                uploaded(HEAD + key.format(name), MOST, Question("baseline"))
    assert not Path("ran").exists()


@given(st.text(max_size=200) | st.builds(lambda text: HEAD + "label: " + text, st.text(max_size=80)))
def test_no_text_makes_an_upload_fail_otherwise(text):
    try:
        uploaded(text, MOST, Question("baseline"))
    except InvalidInput as error:
        assert not re.search(f"[{ACTING}]", "".join(map(str, error.problems)))
