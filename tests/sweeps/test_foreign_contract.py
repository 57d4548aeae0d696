"""A plan tries a model of others in processes of its own: it harms nobody, repeats to the bit, and keeps its types."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput
from abm.files.destination import Destination
from abm.runs.fresh_process import FreshProcess, call_in_fresh_process
from abm.sweeps.engines.processes import Processes
from abm.sweeps.foreign.examination import Asked, examined
from abm.sweeps.foreign.mesa_models import CONTRACT, run_model
from abm.sweeps.plan.expansion import expand_sweep
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import plan_sweep
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.sweep import Sweep

HEAD = "import os, random, sys, time\nfrom pathlib import Path\nimport mesa\nimport numpy as np\n\n"
LONG_SECONDS = 60.0


def written(folder: Path, body: str, name: str = "model_of_a_test") -> str:
    """Write a module with a model in it, whose constructor and step are given; return its reference."""
    (folder / f"{name}.py").write_text(HEAD + body)
    return f"{name}:Model"


def model(made: str, stepped: str, arguments: str = "", **more: str) -> str:
    """Return the source of a model."""
    methods = "".join(f"\n    def {name}(self):\n        {body}\n" for name, body in more.items())
    return (
        "class Model(mesa.Model):\n"
        f"    def __init__(self, {arguments}{', ' if arguments else ''}seed=None):\n"
        f"        super().__init__(seed=seed)\n        {made}\n{methods}"
        f"\n    def step(self):\n        {stepped}\n"
    )


def planned(folder: Path, source: str, settings: str) -> Path:
    """Plan a sweep of a model in a folder."""
    written(folder, source)
    file = folder / "experiment.yaml"
    file.write_text(f"name: contract\nmodel: model_of_a_test:Model\ndesign: full_factorial\n{settings}\n")
    directory = folder / "sweep"
    plan_sweep(load_experiment(file), Destination(directory))
    return directory


def told(folder: Path, source: str, settings: str) -> str:
    """Return what is wrong with an experiment; nothing of its sweep may be left."""
    with pytest.raises(InvalidInput) as caught:
        planned(folder, source, settings)
    assert not (folder / "sweep").exists()
    return str(caught.value)


def run(directory: Path, workers: int = 1) -> Any:
    """Run a sweep and return its tables."""
    Sweep(directory).carry_out(Processes(workers))
    return abm.open_sweep(directory)


POPS = model(
    "self.stock, self.left = stock, len(stock)",
    "self.stock and self.stock.pop(); self.left = len(self.stock)",
    "stock=()",
)


def test_a_model_that_empties_its_list_empties_a_copy(tmp_path: Path) -> None:
    options = "levers: {stock: {options: {ten: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], five: [1, 2, 3, 4, 5]}}}"
    directory = planned(tmp_path, POPS, f"steps: 3\n{options}\nreplicates: 2\nreporters: [left]")
    written_options = json.loads((directory / "manifest.json").read_text())["experiment"]["levers"]["stock"]
    assert written_options["options"] == {"ten": list(range(1, 11)), "five": [1, 2, 3, 4, 5]}
    runs = run(directory).to_pandas()
    assert sorted(zip(runs.stock, runs.left, strict=True)) == [*[("five", 2.0)] * 2, *[("ten", 7.0)] * 2]


def test_a_list_that_every_run_shares_is_no_change_of_code(tmp_path: Path) -> None:
    settings = (
        "steps: 3\nparameters: {stock: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\nreplicates: 4\nreporters: [left]"
    )
    assert list(run(planned(tmp_path, POPS, settings)).to_pandas().left) == [7.0] * 4


UNREPEATABLE = {
    "a generator without the seed": model(
        "self.own = np.random.default_rng(); self.x = 0.0", "self.x = self.own.random()"
    ),
    "the order of a set of strings": model(
        "self.x = float('abcdefgh'.find(next(iter({*'abcdefgh'}))))", "self.x += hash('a') % 97"
    ),
    "a count kept on the class": "class Kept:\n    count = 0\n\n"
    + model("Kept.count += 1; self.x = Kept.count", "pass"),
    "the clock": model("self.x = 0.0", "self.x = time.perf_counter()"),
    "where it lies": model("self.x = hash(Path(__file__).parent.name) % 997", "pass"),
    "an unseeded generator at one point alone": model(
        "self.x = 0.0; self.own = np.random.default_rng(None if a > 2 else 1)",
        "self.x = self.own.random()",
        "a=1",
    ),
}


@pytest.mark.parametrize("kind", UNREPEATABLE)
def test_a_model_that_does_not_repeat_is_refused_with_what_differs(kind: str, tmp_path: Path) -> None:
    reference = written(tmp_path, UNREPEATABLE[kind])
    points = [{"a": 1}, {"a": 2}, {"a": 3}] if "a=1" in UNREPEATABLE[kind] else [{}]
    found, faults = examined(Asked(reference, 3, {}, points, ["x"]), tmp_path)
    assert found is None
    assert len(faults) == 1
    assert "the model is not the same: 'x' at step " in faults[0].message


NOISE = model(
    "self.datacollector = mesa.DataCollector({'Noise': lambda m: m.random.random(), 'X': 'x'}); self.x = 0.0",
    "self.x = self.random.random(); self.datacollector.collect(self)",
)


def test_a_reporter_that_draws_is_left_to_the_models_own_collector(tmp_path: Path) -> None:
    found, faults = examined(Asked(written(tmp_path, NOISE), 4, {}, [{}], seeds=[5]), tmp_path)
    assert faults == []
    assert found is not None
    assert not found.asks
    space: dict[str, Any] = {}
    exec(HEAD + NOISE, space)
    by_hand = space["Model"](seed=5)
    for _ in range(4):
        by_hand.step()
    frame = by_hand.datacollector.get_model_vars_dataframe()
    values = run_model(found.scenario("noise", {}), 5).values
    assert np.isnan(values[0]).all()
    np.testing.assert_array_equal(values[1:], frame[["Noise", "X"]].to_numpy())


@pytest.mark.parametrize(
    ("stepped", "expected"),
    [
        ("self.datacollector.collect(self); self.x += 1", "changes the model or draws when it is called"),
        ("(self.steps % 2 or self.datacollector.collect(self)); self.x += 1", "changes the model or draws"),
    ],
)
def test_a_reporter_that_draws_before_the_end_of_the_step_is_refused(
    stepped: str, expected: str, tmp_path: Path
) -> None:
    source = model(
        "self.datacollector = mesa.DataCollector({'Noise': lambda m: m.random.random()}); self.x = 0", stepped
    )
    found, faults = examined(Asked(written(tmp_path, source), 4, {}, [{}]), tmp_path)
    assert found is None
    assert expected in faults[0].message


def test_whole_numbers_stay_whole_in_the_model_and_in_tables(tmp_path: Path) -> None:
    source = model(
        "self.kinds = [type(n), type(width), type(share), type(many), type(flag)]; self.x = 1.0 * len([0] * n)",
        "self.steps == 2 and n_fails(self)",
        "n, width=None, share=0.5, many=None, flag=False, fails=0",
        whole="return sum(kind is int for kind in self.kinds) + 10 * sum(kind is bool for kind in self.kinds)",
    ).replace("self.x = 1.0", "self.fails = fails; self.x = 1.0")
    source = "def n_fails(model):\n    if model.fails == 2:\n        raise ValueError('two')\n\n\n" + source
    settings = (
        "steps: 3\nlevers: {n: [10, 20], width: [4], share: [1.5], many: {range: [1, 3], whole: true, levels: 2}}\n"
        "uncertainties: {flag: [true], fails: [1, 2]}\nreporters: [x, whole]\nmost_failed: 1\nseeds: [7]"
    )
    tables = run(planned(tmp_path, source, settings))
    runs = tables.to_pandas()
    done = runs[runs.status == "done"]
    assert set(done.whole) == {13.0}
    kinds = {field.name: str(field.type) for field in tables.schema()}
    for name in ("n", "width", "many", "fails", "model_seed", "steps_taken", "point", "replicate"):
        assert kinds[name] == "int64", name
    assert kinds["share"] == kinds["x"] == "double"
    assert str(runs.steps_taken.dtype) == "Int64"
    assert list(done.steps_taken) == [3] * len(done)
    assert runs[runs.status == "failed"].steps_taken.isna().all()
    assert set(done.model_seed) == {7}


def test_data_beside_the_model_travels_and_every_run_sees_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "data").mkdir(parents=True)
    elsewhere.mkdir()
    (home / "rates.csv").write_text("40")
    (home / "data" / "2020.bin").write_bytes(b"\xff\x02")
    (elsewhere / "rates.csv").write_text("1000")
    (home / "other_experiment.yaml").write_text("design: list\n")
    source = model(
        "self.x = float((Path(__file__).parent / f'data/{year}.bin').read_bytes()[1])",
        "self.x += float(Path('rates.csv').read_text()); Path('rates.csv').write_text('0')",
        "year=2020",
    )
    monkeypatch.chdir(elsewhere)
    # As Python does that is started in the folder: what lies there may be imported from there.
    monkeypatch.syspath_prepend(home)
    directory = planned(home, source, "steps: 1\nlevers: {year: [2020]}\nreporters: [x]\nreplicates: 3")
    carried = json.loads((directory / "manifest.json").read_text())["inputs"]
    assert [sorted(bundle["files"]) for bundle in carried.values()] == [
        ["data/2020.bin", "model_of_a_test.py", "rates.csv"]
    ]
    (home / "rates.csv").write_text("2000")
    assert list(run(directory, 2).to_pandas().x) == [42.0] * 3
    sweep = Sweep(directory)
    with sweep.locked():
        expand_sweep(sweep.manifest, replicates=4)
    assert list(run(directory).to_pandas().x) == [42.0] * 4
    assert (home / "rates.csv").read_text() == "2000"


def test_files_that_are_named_alone_travel_and_missing_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("1")
    (tmp_path / "huge.bin").write_text("")
    os.truncate(tmp_path / "huge.bin", 1 << 30)
    source = model("self.x = float(Path('rates.csv').read_text())", "pass")
    assert "name those that the model reads, such as 'files: [rates.csv]'" in told(
        tmp_path, source, "steps: 1\nreporters: [x]"
    )
    assert "file 'rate.csv' is not beside the model; did you mean 'rates.csv'?" in told(
        tmp_path, source, "steps: 1\nreporters: [x]\nfiles: [rate.csv]"
    )
    directory = planned(tmp_path, source, "steps: 1\nreporters: [x]\nfiles: ['*.csv']")
    assert list(run(directory).to_pandas().x) == [1.0]


def test_given_seeds_are_those_of_the_trial_and_legacy_generators_take_derived_ones(tmp_path: Path) -> None:
    source = model(
        "np.random.seed(seed); assert seed in KNOWN or not KNOWN; self.x = np.random.rand()", "pass"
    )
    directory = planned(tmp_path, "KNOWN = ()\n" + source, "steps: 1\nreporters: [x]\nreplicates: 3")
    assert set(run(directory).to_pandas().status) == {"done"}
    (tmp_path / "given").mkdir()
    settings = "steps: 1\nreporters: [x]\nreplicates: 2\nseeds: [1, 2]"
    assert list(
        run(planned(tmp_path / "given", "KNOWN = (1, 2)\n" + source, settings)).to_pandas().model_seed
    ) == [1, 2]


@pytest.mark.parametrize(
    ("made", "stepped", "expected"),
    [
        ("sys.exit('gone')", "pass", "Model cannot be made with these parameters, SystemExit: gone"),
        ("os._exit(3)", "pass", "making one model ended its process with exit code 3"),
        ("os.kill(os.getpid(), 11)", "pass", "making one model ended its process by SIGSEGV"),
        ("self.x = 0", "raise KeyboardInterrupt", "every run that was tried failed: KeyboardInterrupt"),
        (
            "self.x = 0; print('last words', flush=True)",
            "os._exit(3)",
            "ended its process with exit code 3; the model printed, at the end: last words",
        ),
        ("os.killpg(0, 9)", "pass", "making one model ended its process by SIGKILL"),
    ],
)
def test_a_model_that_ends_its_process_is_a_message_at_plan(
    made: str, stepped: str, expected: str, tmp_path: Path
) -> None:
    assert expected in told(tmp_path, model(made, stepped), "steps: 1\nreporters: [x]\nreplicates: 2")


def test_one_point_that_ends_its_process_does_not_stop_the_plan(tmp_path: Path) -> None:
    source = model("self.a, self.x = a, 0", "self.a == 2 and os._exit(3)", "a=1")
    directory = planned(tmp_path, source, "steps: 1\nreporters: [x]\nlevers: {a: [1, 2, 3, 4, 5, 6]}")
    assert Manifest.read(directory).runs == 6


def test_one_run_in_many_that_exits_is_one_failed_row_with_its_last_words(tmp_path: Path) -> None:
    source = model("self.a, self.x = a, 0", "self.a == 17 and (print('why'), sys.exit('done'))", "a=1")
    settings = "steps: 1\nreporters: [x]\nlevers: {a: {range: [1, 40], whole: true, levels: 40}}"
    runs = run(planned(tmp_path, source, settings), 2).to_pandas()
    failed = runs[runs.status == "failed"]
    assert list(failed.a) == [17]
    assert list(failed.error) == ["SystemExit: done"]
    assert failed.traceback.iloc[0].endswith("the model printed, at the end:\nwhy")
    assert len(runs) == 40


def test_a_sweep_of_the_former_contract_is_refused_with_the_reason(tmp_path: Path) -> None:
    manifest = Manifest.read(planned(tmp_path, POPS, "steps: 1\nparameters: {stock: [1]}\nreporters: [left]"))
    base = {key: value for key, value in manifest.content["bases"][0].items() if key != "contract"}
    with pytest.raises(InvalidInput, match=f"this abm uses version {CONTRACT}, with other seeds and rows"):
        Manifest(manifest.directory, {**manifest.content, "bases": [base]}).require_code()


def test_a_run_that_fails_alike_repeats_and_compiled_functions_may_report(tmp_path: Path) -> None:
    source = model("self.a = a", "self.a == 2 and fail(self)", "a=1", __len__="return self.steps + 7")
    source = "def fail(model):\n    raise ValueError(f'no step for {object()}')\n\n\n" + source
    settings = "steps: 1\nlevers: {a: [1, 2]}\nreporters: {size: 'builtins:len'}\nmost_failed: 1"
    runs = run(planned(tmp_path, source, settings)).to_pandas()
    assert list(runs.status) == ["done", "failed"]
    assert runs["size"][0] == 8.0


KWARGS = (
    "class Open(mesa.Model):\n    def __init__(self, **named):\n"
    "        self.x = named.pop('size', 0) * 2\n        super().__init__(**named)\n\n"
    "class Both(mesa.Model):\n    def __init__(self, size=0, seed=None, **named):\n"
    "        super().__init__(seed=seed, **named)\n"
    "        self.x = size + np.random.default_rng(seed).random() + self.random.random()\n\n"
    "def make(**named):\n    return Both(**named)\n"
)


@pytest.mark.parametrize("name", ["Open", "Both", "make"])
def test_constructors_that_take_any_keyword_are_given_theirs(name: str, tmp_path: Path) -> None:
    module = written(tmp_path, KWARGS).partition(":")[0]
    found, faults = examined(Asked(f"{module}:{name}", 1, {}, [{"size": 4}], ["x"]), tmp_path)
    assert faults == []
    assert found is not None
    first, second = (run_model(found.scenario("one", {"size": 4}), seed).values[0, 0] for seed in (1, 2))
    assert (first == second == 8) if name == "Open" else (first != second)


def prolific(request: dict[str, Any]) -> Any:
    """Write where it is told that it has begun, then wait for ever."""
    Path(request["mark"]).write_text(str(os.getpid()))
    yield {"begun": True}
    time.sleep(LONG_SECONDS)


def chatty(_: dict[str, Any]) -> Any:
    """Print more than is kept, and give one value with text that cannot be encoded."""
    sys.stdout.write("x" * 10**6 + "\nthe end\n")
    yield {"text": "\udcff"}


def test_what_is_run_apart_is_bounded_and_known(tmp_path: Path) -> None:
    answer = call_in_fresh_process(f"{__name__}:chatty", {})
    assert answer.values == [{"text": "\udcff"}]
    assert answer.printed.endswith("the end")
    assert len(answer.printed) < 10**4
    mark = tmp_path / "mark"
    with FreshProcess(f"{__name__}:prolific", {"mark": str(mark)}):
        pid = waited_for(mark)
    assert not is_alive(pid)


def test_what_is_run_apart_ends_with_its_parent(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from abm.runs.fresh_process import call_in_fresh_process\n"
        f"call_in_fresh_process({f'{__name__}:prolific'!r}, {{'mark': {str(mark)!r}}})\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    pid = waited_for(mark)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + LONG_SECONDS
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def waited_for(mark: Path) -> int:
    deadline = time.monotonic() + LONG_SECONDS
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(mark.read_text())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
