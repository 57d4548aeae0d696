"""What was compiled is read again only if it is the same code and undamaged; else it is compiled, and results stay."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core import kernels
from abm.core.kernels import (
    ENDING,
    HASH_BYTES,
    KEPT_UNUSED_SECONDS,
    Unknown,
    compiled,
    fingerprint,
    keep,
    read,
)

SOURCE = '''
import math
import numpy as np
import settings
from abm.core.kernels import compiled, inlined

RATE = 0.5
LADDER = (1, 2, 3)
TABLE = np.arange(4.0)


@inlined
def grown(x):
    """Grow."""
    return x * (1.0 + RATE)


@compiled
def total(values):
    """Add up."""
    found = 0.0
    for value in values:
        found += grown(value) + LADDER[1] + TABLE[2] + settings.SHIFT + math.sqrt(value)
    return found
'''
VALUES = np.array([1.0, 4.0])
TOTAL = 2 * 1.5 + 4 * 1.5 - 1.5 + 2 * (2.0 + 2.0 + 10.0) + 3.0
DAMAGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "random": lambda content: os.urandom(len(content)),
    "flipped": lambda content: bytes([*content[:-9], content[-9] ^ 4, *content[-8:]]),
    "without its hash": lambda content: content[HASH_BYTES:],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Store kernels in a folder of the test, with no messages printed and no modules scanned before."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(kernels.SAID, "")
    monkeypatch.delenv(kernels.SAID)
    kernels._tidied.cache_clear()
    return tmp_path / "kernels"


def module(monkeypatch, source=SOURCE, shift=10.0):
    """Run the source as a module, as a later process would."""
    settings = ModuleType("settings")
    settings.SHIFT = shift
    monkeypatch.setitem(sys.modules, "settings", settings)
    made = ModuleType("growing")
    monkeypatch.setitem(sys.modules, "growing", made)
    exec(compile(source, "growing.py", "exec"), vars(made))
    return made


def files(folder):
    return sorted(path.name for path in folder.glob(f"*{ENDING}"))


def hits(function):
    return sum(function.stats.cache_hits.values())


def test_a_kernel_is_compiled_once_and_then_read(folder, monkeypatch):
    first, second = module(monkeypatch), module(monkeypatch)
    assert first.total(VALUES) == second.total(VALUES) == TOTAL
    assert (hits(first.total), hits(second.total)) == (0, 1)
    assert [name.partition("-")[0] for name in files(folder)] == ["total"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_kernel_is_compiled_again_and_mended(folder, monkeypatch, damage):
    assert module(monkeypatch).total(VALUES) == TOTAL
    sound = {name: (folder / name).read_bytes() for name in files(folder)}
    for name, content in sound.items():
        (folder / name).write_bytes(DAMAGES[damage](content))
    again, later = module(monkeypatch), module(monkeypatch)
    assert again.total(VALUES) == later.total(VALUES) == TOTAL
    assert (hits(again.total), hits(later.total)) == (0, 1)
    assert files(folder) == sorted(sound)


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_kernel_but_those_that_were_kept(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "CACHE_DIR", str(folder))
        patch.setattr("tempfile.tempdir", str(folder))
        (folder / "one").write_bytes(content)
        assert read("one") is None
        keep("one", content)
        assert read("one") == content


def test_bytes_that_are_sound_and_no_kernel_are_compiled_over(folder, monkeypatch):
    assert module(monkeypatch).total(VALUES) == TOTAL
    for name in files(folder):
        keep(name, b"as another release may have written it")
    again = module(monkeypatch)
    assert again.total(VALUES) == TOTAL
    assert hits(again.total) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x * (1.0 + RATE)", "x * (2.0 + RATE)"),
        ("RATE = 0.5", "RATE = 0.25"),
        ("(1, 2, 3)", "(1, 3, 3)"),
        ("np.arange(4.0)", "np.arange(1.0, 5.0)"),
        ("math.sqrt(value)", "math.cos(value)"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_edit_of_anything_that_a_kernel_takes_in_compiles_it_again(monkeypatch, old, new):
    assert module(monkeypatch).total(VALUES) == TOTAL
    edited = module(monkeypatch, SOURCE.replace(old, new))
    assert edited.total(VALUES) == pytest.approx(edited.total.py_func(VALUES), rel=1e-12)
    assert edited.total(VALUES) != TOTAL
    assert hits(edited.total) == 0


@pytest.mark.usefixtures("folder")
def test_a_value_of_another_module_is_part_of_a_kernel(monkeypatch):
    assert module(monkeypatch).total(VALUES) == TOTAL
    assert module(monkeypatch, shift=20.0).total(VALUES) == TOTAL + 20.0


@pytest.mark.usefixtures("folder")
def test_words_and_lines_are_no_part_of_a_kernel(monkeypatch):
    assert module(monkeypatch).total(VALUES) == TOTAL
    reworded = SOURCE.replace('"""Add up."""', '"""Return the sum."""').replace("RATE =", "# why\n\nRATE =")
    again = module(monkeypatch, reworded)
    assert again.total(VALUES) == TOTAL
    assert hits(again.total) == 1


def test_every_kernel_of_the_model_has_a_fingerprint_of_its_own():
    from abm.core.draws import draw_rows, uniform
    from abm.submodels.shipped import theory

    functions = [draw_rows, uniform, *(one.compiled for one in theory().procedures if one.is_kernel)]
    assert len({fingerprint(function) for function in functions}) == len(functions)


def test_a_fingerprint_is_the_same_in_every_process():
    program = (
        "from abm.core.kernels import fingerprint; from abm.submodels.shipped import theory; "
        "print(*(fingerprint(one.compiled) for one in theory().order if one.is_kernel))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.usefixtures("folder")
def test_a_kernel_that_names_what_may_change_unseen_is_not_kept(monkeypatch):
    source = (
        "from abm.core.kernels import compiled\nclass Kind:\n    one = 1\n"
        "@compiled\ndef given(x):\n    return x + Kind.one\n"
    )
    with pytest.raises(Unknown, match="only its author knows"):
        fingerprint(module(monkeypatch, source).given)


def test_a_kernel_that_cannot_be_written_down_is_compiled_all_the_same(folder, monkeypatch):
    def refuse(_):
        raise pickle.PicklingError("it's not the same object as builtins.input")

    # What a notebook puts in the place of `input` cannot be written down.
    monkeypatch.setattr(kernels, "dumps", refuse)
    assert module(monkeypatch).total(VALUES) == TOTAL
    assert files(folder) == []


def test_where_the_folder_cannot_be_written_a_private_one_is_used_and_said_once(
    folder, tmp_path, monkeypatch, caplog
):
    folder.write_text("a file where the folder should be", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert module(monkeypatch).total(VALUES) == TOTAL
    private = tmp_path / f"abm-kernels-{os.getuid()}"
    (said,) = caplog.messages
    assert str(folder) in said and f"{private} is used instead" in said
    assert private.stat().st_mode & 0o022 == 0
    again = module(monkeypatch)
    assert again.total(VALUES) == TOTAL
    assert hits(again.total) == 1


def test_where_nothing_can_be_written_kernels_are_compiled_all_the_same(
    folder, tmp_path, monkeypatch, caplog
):
    folder.write_text("a file where the folder should be", encoding="utf-8")
    (tmp_path / f"abm-kernels-{os.getuid()}").write_text("another", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert module(monkeypatch).total(VALUES) == TOTAL
    (said,) = caplog.messages
    assert "every process compiles them again" in said


def test_a_folder_that_others_can_write_is_not_taken_for_a_private_one(folder, tmp_path, monkeypatch):
    folder.write_text("a file where the folder should be", encoding="utf-8")
    private = tmp_path / f"abm-kernels-{os.getuid()}"
    private.mkdir()
    private.chmod(0o777)
    assert module(monkeypatch).total(VALUES) == TOTAL
    assert files(private) == []
    private.rmdir()
    (tmp_path / "elsewhere").mkdir()
    private.symlink_to(tmp_path / "elsewhere")
    assert module(monkeypatch).total(VALUES) == TOTAL
    assert files(tmp_path / "elsewhere") == []


PROGRAM = """
import resource, sys
import numpy as np
from abm.core.kernels import compiled

@compiled
def doubled(values):
    return 2.0 * values.sum()

if len(sys.argv) > 1:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
print(doubled(np.arange(4.0)))
"""


def process(folder, *words, **environment):
    # Coverage writes too, and would meet the limit of the disk.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    given = {**unmeasured, "NUMBA_CACHE_DIR": str(folder), "TMPDIR": str(folder), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_costs_the_kept_kernel_and_nothing_else(tmp_path):
    out, error = process(tmp_path, "100").communicate()
    assert out == "12.0\n"
    assert "compiled kernels cannot be kept" in error and "File too large" in error
    assert len(error.splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_processes_that_compile_the_same_at_once_do_not_harm_each_other(tmp_path):
    at_work = [process(tmp_path) for _ in range(4)]
    assert [one.communicate() for one in at_work] == [("12.0\n", "")] * 4
    (path,) = tmp_path.glob("*")
    assert path.name.startswith("doubled-")
    assert process(tmp_path).communicate() == ("12.0\n", "")


def test_the_users_cache_is_the_place_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert next(kernels.folders()) == tmp_path / "cache" / "abm" / "kernels"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(sys, "platform", "linux")
    assert next(kernels.folders()) == Path.home() / ".cache" / "abm" / "kernels"


def test_what_nobody_has_used_for_long_is_removed(folder):
    folder.mkdir()
    old, fresh, other = folder / f"old{ENDING}", folder / f"fresh{ENDING}", folder / "notes.txt"
    for path in (old, fresh, other):
        path.touch()
    long_ago = time.time() - 2 * KEPT_UNUSED_SECONDS
    os.utime(old, (long_ago, long_ago))
    os.utime(other, (long_ago, long_ago))
    keep(f"new{ENDING}", b"x")
    assert [path.name for path in sorted(folder.iterdir())] == [f"fresh{ENDING}", f"new{ENDING}", "notes.txt"]


def test_a_kernel_in_use_is_kept(folder):
    keep("one", b"x")
    long_ago = time.time() - 2 * KEPT_UNUSED_SECONDS
    os.utime(folder / "one", (long_ago, long_ago))
    assert read("one") == b"x"
    assert (folder / "one").stat().st_mtime > long_ago + KEPT_UNUSED_SECONDS


def test_a_function_that_numba_is_told_to_leave_alone_stays_plain(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)

    def plain(x):
        return x

    assert compiled(plain) is plain
