"""A third party's Mesa model gives the numbers that it gives when stepped by hand, and hurts no one when it fails."""

from __future__ import annotations

import gc
import multiprocessing
import random
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import pytest
from mesa.examples import BoltzmannWealth, Schelling, VirusOnNetwork

from abm.runs.batches import execute
from abm.runs.run import Run
from abm.sweeps.foreign.mesa_checks import MesaModel, checked_model
from abm.sweeps.foreign.mesa_models import MODEL_SEED, STEPS_TAKEN, derived_seed, simulate_mesa
from abm.sweeps.foreign.modelsources import code_hash, model_files

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 25
EXAMPLES: dict[type[mesa.Model], dict[str, Any]] = {
    BoltzmannWealth: {"n": 40, "width": 6},
    Schelling: {"height": 12, "width": 12, "homophily": 0.5},
    VirusOnNetwork: {"num_nodes": 40, "initial_outbreak_size": 3},
}


class Walker(mesa.Model):
    """A model without a data collector, that stops by itself, or fails when it is told to."""

    def __init__(
        self, start: float = 0.0, stop: int = 10**6, fail_from: int = 10**6, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.position = start
        self.stop = stop
        self.fail_from = fail_from
        self.trail = [start]

    def step(self) -> None:
        """Walk."""
        if self.steps >= self.fail_from:
            raise RuntimeError(f"fell at step {self.steps}")
        self.position += self.rng.normal()
        self.running = self.steps < self.stop

    def distance(self) -> float:
        """Describe how far from the start."""
        return abs(self.position)


class EarlyCollector(mesa.Model):
    """A model of the older kind, that collects at the beginning of a step."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.count = 0
        self.datacollector = mesa.DataCollector({"count": "count"})

    def step(self) -> None:
        """Collect, then count."""
        self.datacollector.collect(self)
        self.count += 1


class Unrepeatable(mesa.Model):
    """A model that takes no seed."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class Unseeded(mesa.Model):
    """A model that draws from Python's own generator."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.drawn = random.random()


def made_walker(start: float, seed: int | None = None) -> Walker:
    """Build a model by a function."""
    return Walker(start, seed=seed)


def squared(model: Walker) -> float:
    """Report from outside the model."""
    return model.position**2


def good(kind: type[mesa.Model] | str, **asked: Any) -> MesaModel:
    name = kind if isinstance(kind, str) else f"{kind.__module__}:{kind.__qualname__}"
    found, faults = checked_model(name, **{"steps": STEPS, **asked})
    assert faults == []
    assert found is not None
    return found


def told(kind: type[mesa.Model] | str, **asked: Any) -> list[str]:
    name = kind if isinstance(kind, str) else f"{kind.__module__}:{kind.__qualname__}"
    found, faults = checked_model(name, **{"steps": STEPS, **asked})
    assert found is None
    return [f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in faults]


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_examples_give_the_numbers_of_stepping_them_by_hand(kind: type[mesa.Model]) -> None:
    seeds = (11, 12, 13)
    case = good(kind, parameters=EXAMPLES[kind], seeds=seeds).scenario("hand", {})
    tables = simulate_mesa([Run(case, seed=1, replicate=replicate) for replicate in range(len(seeds))])
    assert list(tables.runs[MODEL_SEED]) == list(seeds)
    for replicate, seed in enumerate(seeds):
        random.seed(seed)
        model = kind(**EXAMPLES[kind], seed=seed)
        while model.running and model.steps < STEPS:
            model.step()
        frame = model.datacollector.get_model_vars_dataframe()
        mine = tables.months["replicate"] == replicate
        assert list(tables.months["month"][mine]) == list(range(STEPS + 1))
        for column in frame:
            rows = tables.months[column][mine]
            np.testing.assert_array_equal(rows[: model.steps + 1], frame[column].to_numpy(dtype=float))
            assert set(rows[model.steps :]) == {frame[column].iloc[-1]}
            assert tables.runs[column][replicate] == frame[column].iloc[-1]
        assert tables.runs[STEPS_TAKEN][replicate] == model.steps


def test_replicates_differ_and_points_share_their_seeds() -> None:
    model = good(BoltzmannWealth, varied={"n": 30})
    points = [model.scenario(f"n_{size}", {"n": size}) for size in (30, 60)]
    runs = [
        Run(case, seed=5, replicate=replicate, point=number)
        for number, case in enumerate(points)
        for replicate in range(3)
    ]
    seeds = simulate_mesa(runs).runs[MODEL_SEED].reshape(2, 3)
    assert len(set(seeds[0])) == 3
    assert list(seeds[0]) == list(seeds[1]) == [derived_seed(5, replicate) for replicate in range(3)]
    assert len({run.run_id for run in runs}) == len(runs)


def test_neighbouring_designs_share_no_seed() -> None:
    first, second = ({derived_seed(seed, replicate) for replicate in range(100)} for seed in (1, 2))
    assert not first & second


def test_reporters_may_be_attributes_methods_and_functions() -> None:
    reporters = {"where": "position", "far": "distance", "square": f"{__name__}:squared", "steps": "steps"}
    case = good(Walker, reporters=reporters, parameters={"start": 2.0}).scenario("walk", {})
    months = simulate_mesa([Run(case, 1, 0)]).months
    assert months["where"][0] == 2.0
    np.testing.assert_array_equal(months["far"], np.abs(months["where"]))
    np.testing.assert_array_equal(months["square"], months["where"] ** 2)
    assert list(months["steps"]) == list(range(STEPS + 1))


def test_rows_hold_the_end_of_a_step_where_a_model_collects_at_its_beginning() -> None:
    case = good(EarlyCollector).scenario("early", {})
    assert list(simulate_mesa([Run(case, 1, 0)]).months["count"]) == list(range(STEPS + 1))


def test_a_model_that_stops_keeps_its_last_row() -> None:
    case = good(Walker, parameters={"stop": 4}, reporters=["position"]).scenario("stops", {})
    tables = simulate_mesa([Run(case, 1, 0)])
    assert list(tables.runs[STEPS_TAKEN]) == [4]
    assert len(set(tables.months["position"][:5])) == 5
    assert set(tables.months["position"][4:]) == {tables.runs["position"][0]}


def test_a_function_may_make_the_model() -> None:
    by_function = good(f"{__name__}:made_walker", parameters={"start": 1.0}, reporters=["position"])
    by_class = good(Walker, parameters={"start": 1.0}, reporters=["position"])
    one, other = (simulate_mesa([Run(model.scenario("walk", {}), 3, 1)]) for model in (by_function, by_class))
    np.testing.assert_array_equal(one.months["position"], other.months["position"])


def test_one_run_that_fails_leaves_its_neighbours_alone() -> None:
    model = good(Walker, reporters=["position"], varied={"fail_from": 10**6})
    points = [model.scenario(name, {"fail_from": step}) for name, step in (("sound", 10**6), ("falls", 7))]
    runs = [Run(case, 1, replicate, point) for point, case in enumerate(points) for replicate in range(2)]
    together = execute(runs, simulate_mesa, workers=1)
    assert together.tables is not None
    alone = simulate_mesa(runs[:2])
    for name, column in alone.months.items():
        np.testing.assert_array_equal(together.tables.months[name], column)
    assert [failure.run.run_id for failure in together.failures] == [run.run_id for run in runs[2:]]
    assert "RuntimeError: fell at step 7" in together.failures[0].message


def test_two_processes_give_the_tables_of_one() -> None:
    model = good(VirusOnNetwork, varied={"num_nodes": 20})
    points = [model.scenario(f"nodes_{nodes}", {"num_nodes": nodes}) for nodes in (20, 30, 40)]
    runs = [Run(case, 9, replicate, point) for point, case in enumerate(points) for replicate in range(4)]
    one, two = (execute(runs, simulate_mesa, workers=workers, lanes=2).tables for workers in (1, 2))
    assert one is not None
    assert two is not None
    for mine, other in ((one.runs, two.runs), (one.months, two.months)):
        for name in mine:
            np.testing.assert_array_equal(mine[name], other[name])


def test_global_generators_are_seeded_for_a_run_and_put_back() -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    case = good(Unseeded, reporters=["drawn"]).scenario("unseeded", {})
    first, second = (simulate_mesa([Run(case, 1, 0)]).runs["drawn"][0] for _ in range(2))
    assert first == second
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_threads_of_one_process_do_not_disturb_each_other() -> None:
    case = good(VirusOnNetwork, parameters={"num_nodes": 30}).scenario("epidemic", {})
    runs = [Run(case, 1, replicate) for replicate in range(16)]
    alone = simulate_mesa(runs).runs["Infected"]
    with ThreadPoolExecutor(4) as pool:
        together = [tables.runs["Infected"][0] for tables in pool.map(simulate_mesa, [[run] for run in runs])]
    np.testing.assert_array_equal(together, alone)


def test_models_are_let_go_after_their_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[mesa.Model]] = []
    begin = BoltzmannWealth.__init__

    def watched(self: BoltzmannWealth, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        made.append(weakref.ref(self))

    case = good(BoltzmannWealth).scenario("wealth", {})
    monkeypatch.setattr(BoltzmannWealth, "__init__", watched)
    simulate_mesa([Run(case, 1, replicate) for replicate in range(3)])
    gc.collect()
    assert len(made) == 3
    assert [model() for model in made] == [None, None, None]


def test_mesa_is_imported_for_its_models_only_and_forces_no_start_method() -> None:
    code = """
import multiprocessing, sys
from abm.sweeps.foreign.mesa_checks import checked_model
assert "mesa" not in sys.modules
found, faults = checked_model("mesa.examples:Schelling", steps=2)
assert found and not faults and "mesa" in sys.modules
assert multiprocessing.get_start_method(allow_none=True) is None
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert multiprocessing.get_all_start_methods()


def test_every_fault_is_told_at_once() -> None:
    faults = told(
        BoltzmannWealth,
        steps=0,
        parameters={"widht": 4, "seed": 3, "n": 10},
        varied={"n": 20},
        reporters=["Gini", "month"],
        seeds=[1, -2, 1],
    )
    assert faults == [
        "steps: steps is 0; give a whole number from 1, such as 100",
        "seeds.1: seed is -2; give a whole number from 0 to 2^63 - 1, such as 1",
        "seeds.2: seed 1 is given twice; every replicate needs one of its own",
        "reporters.1: 'month' is a column of every sweep; write the reporters as a mapping and call it otherwise",
        (
            "parameters.widht: 'widht' is not a parameter of BoltzmannWealth; did you mean 'width'? "
            "It takes n, width, height."
        ),
        "parameters.seed: 'seed' is set by the sweep, run by run; leave it out, and give 'seeds'",
        "varied.n: 'n' is also set under parameters; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mesa.examples.Schelling", "model is 'mesa.examples.Schelling'; name it as package.module:name"),
        ("mesa.exampels:Schelling", "there is no module 'mesa.exampels'; did you mean 'mesa.examples'?"),
        ("mesa.examples:Sheling", "module 'mesa.examples' has no 'Sheling'; did you mean 'Schelling'?"),
        ("no_such_module_at_all:Model", "there is no module 'no_such_module_at_all'; check its spelling"),
        ("math:pi", "which is neither a class with a method 'step' nor a function that makes a model"),
        (f"{__name__}:squared", "takes neither 'seed' nor 'rng'"),
        (f"{__name__}:Unrepeatable", "parameter 'size' of Unrepeatable has no default; give it a value"),
        (f"{__name__}:Unrepeatable", "let it take seed=None and pass it on to super().__init__"),
    ],
)
def test_a_class_that_will_not_do_is_refused_with_a_way_out(name: str, expected: str) -> None:
    assert any(expected in fault for fault in told(name))


def test_reporters_that_a_model_lacks_are_refused_with_the_nearest() -> None:
    assert told(Schelling, reporters=["happy", "pct_hapy", "homofily", "grid"]) == [
        (
            "reporters.1: 'pct_hapy' is not a reporter, attribute or method of Schelling; did you mean 'pct_happy'? "
            "Its data collector takes happy, pct_happy, population, minority_pct."
        ),
        (
            "reporters.2: 'homofily' is not a reporter, attribute or method of Schelling. "
            "Its data collector takes happy, pct_happy, population, minority_pct."
        ),
        (
            "reporters.3: reporter 'grid' gave OrthogonalMooreGrid at step 0; a reporter gives one number, "
            "such as a mean, or leave it out"
        ),
    ]
    assert told(Walker) == [
        "reporters: Walker has no data collector with model reporters; name attributes or methods to report"
    ]
    assert (
        "'positon' is not a reporter, attribute or method of Walker; did you mean 'position'?"
        in told(Walker, reporters={"where": "positon"})[0]
    )
    assert "module 'math' has no 'nothing'" in told(Walker, reporters=["math:nothing"])[0]
    assert (
        "reporter 'math:sqrt' fails at the start, TypeError: "
        in told(Walker, reporters={"root": "math:sqrt"})[0]
    )


def test_parameters_that_the_constructor_refuses_are_told_before_any_run() -> None:
    faults = told(BoltzmannWealth, parameters={"n": -1})
    assert "parameters: BoltzmannWealth cannot be made with these parameters, " in faults[0]


def test_own_modules_are_found_beside_the_file_and_their_sources_hashed(tmp_path: Path) -> None:
    (tmp_path / "ring_agents_of_a_test.py").write_text("STRIDE = 2.0\n")
    (tmp_path / "unrelated.py").write_text("")
    model = tmp_path / "ring_of_a_test.py"
    model.write_text(
        "import mesa\nfrom ring_agents_of_a_test import STRIDE\n"
        "class Ring(mesa.Model):\n"
        "    def __init__(self, rng=None):\n        super().__init__(rng=rng)\n        self.at = 0.0\n"
        "    def step(self):\n        self.at += STRIDE * self.rng.random()\n"
    )
    found = good("ring_of_a_test:Ring", reporters=["at"], folder=tmp_path)
    assert found.seed_argument == "rng"
    rows = simulate_mesa([Run(found.scenario("ring", {}), 1, 0)]).months["at"]
    rng = np.random.default_rng(derived_seed(1, 0))
    np.testing.assert_array_equal(np.diff(rows) > 0, True)
    assert rows[1] == 2.0 * rng.random()

    (tmp_path / "unrelated.py").write_text("x = 1\n")
    assert hash_of("ring_of_a_test", tmp_path) == found.code_hash
    (tmp_path / "ring_agents_of_a_test.py").write_text("STRIDE = 3.0\n")
    assert hash_of("ring_of_a_test", tmp_path) != found.code_hash


def hash_of(module: str, folder: Path) -> str:
    files = model_files([module], folder)
    return code_hash(files.installed_hash, files.bundle())


def test_a_module_that_fails_or_is_hidden_is_told(tmp_path: Path) -> None:
    (tmp_path / "fails_of_a_test.py").write_text("raise OSError('no disk')\n")
    (tmp_path / "needs_of_a_test.py").write_text("import not_there_of_a_test\n")
    (tmp_path / "random.py").write_text("class Model: pass\n")
    assert (
        "failed when it was imported, OSError: no disk" in told("fails_of_a_test:Model", folder=tmp_path)[0]
    )
    assert (
        "needs module 'not_there_of_a_test'; install it" in told("needs_of_a_test:Model", folder=tmp_path)[0]
    )
    assert "is hidden by one of the same name" in told("random:Model", folder=tmp_path)[0]
    assert "did you mean 'fails_of_a_test'?" in told("fail_of_a_test:Model", folder=tmp_path)[0]
