"""A run of another's model gets copies, is measured when it is measured, and leaves the process as it found it."""

from __future__ import annotations

import copy
import os
import random
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mesa.examples import WolfSheep
from mesa.experimental.devs import ABMSimulator, DEVSimulator

from abm.runs.failures import MOST_CHARACTERS, ModelFailure
from abm.sweeps.foreign.mesa_models import MesaScenario, derived_seed, run_model
from abm.sweeps.foreign.mesa_stepping import Asking, MesaCourse
from abm.sweeps.foreign.surroundings import LEGACY_SEEDS

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 6
MOMENTS = ("made", "made early", "start", "middle", "end", "end and on")


class Generated(mesa.Model):
    """A model whose draws, moments of collection and treatment of its arguments are arguments too."""

    def __init__(
        self,
        things: Any = None,
        moments: Any = (),
        every: int = 1,
        draws: str = "random",
        stops: int = 10**6,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed=seed)
        self.things, self.moments, self.every, self.draws, self.stops = things, moments, every, draws, stops
        self.x = 1.0
        self.datacollector = mesa.DataCollector({"X": lambda model: model.x, "Size": "size"})
        self.collect("made early")
        self.x += self.draw()
        if "made" in self.moments:
            self.datacollector.collect(self)

    @property
    def size(self) -> int:
        """Count what is left of the things."""
        return len(self.things) if hasattr(self.things, "__len__") else 0

    def draw(self) -> float:
        """Draw by the generator that the model uses."""
        generators = {
            "random": self.random.random,
            "rng": self.rng.random,
            "python": random.random,
            "numpy": np.random.random,
        }
        return float(generators[self.draws]())

    def collect(self, moment: str) -> None:
        """Collect if this is the moment."""
        if moment in self.moments and self.steps % self.every == 0:
            self.datacollector.collect(self)

    def step(self) -> None:
        """Collect, draw, spoil the arguments, collect."""
        self.collect("start")
        self.x += self.draw()
        spoil(self.things)
        self.collect("middle")
        self.x += self.draw()
        self.running = self.steps < self.stops
        self.collect("end and on")
        self.x += 0.0
        self.collect("end")


def spoil(things: Any) -> None:
    """Change whatever can be changed, at every depth."""
    if isinstance(things, list):
        for one in things:
            spoil(one)
        if things:
            things.pop()
    elif isinstance(things, dict):
        for one in things.values():
            spoil(one)
        things["spoilt"] = True


def run(
    model: type | str, seed: int = 3, reporters: Any = ("X",), steps: int = STEPS, **parameters: Any
) -> MesaCourse:
    name = model if isinstance(model, str) else f"{model.__module__}:{model.__qualname__}"
    columns = dict(reporters) if isinstance(reporters, dict) else {one: one for one in reporters}
    case = MesaScenario("case", name, parameters, steps, columns, "seed", "")
    return run_model(case, seed, keeps_collections=True)


def by_hand(seed: int, **parameters: Any) -> list[tuple[float, int]]:
    """Step the generated model and look at it when each step has ended."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    model = Generated(**copy.deepcopy(parameters), seed=seed)
    rows = [(model.x, model.size)]
    while model.running and model.steps < STEPS:
        model.step()
        rows.append((model.x, model.size))
    return rows


things = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    things=things,
    moments=st.sets(st.sampled_from(MOMENTS)).map(sorted),
    every=st.integers(1, 3),
    draws=st.sampled_from(("random", "rng", "python", "numpy")),
    stops=st.sampled_from((2, 10**6)),
    seed=st.integers(0, 2**32 - 1),
)
def test_row_t_is_the_model_after_t_steps_and_arguments_stay_whole(seed: int, **parameters: Any) -> None:
    before = copy.deepcopy(parameters)
    first, second = (run(Generated, seed, ("X", "Size"), **parameters) for _ in range(2))
    assert parameters == before
    np.testing.assert_array_equal(first.values, second.values)
    expected = by_hand(seed, **parameters)
    np.testing.assert_array_equal(first.values[: len(expected)], expected)
    assert first.taken == len(expected) - 1
    assert (first.values[len(expected) :] == first.values[len(expected) - 1]).all()


class Drain(mesa.Model):
    """A model whose reporter returns a counter and resets it."""

    def __init__(self, at_start: bool = False, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.moved = 0
        self.calls = 0
        self.at_start = at_start
        self.datacollector = mesa.DataCollector({"Moved": self.take})

    def take(self) -> int:
        """Return the counter and reset it."""
        self.calls += 1
        moved, self.moved = self.moved, 0
        return moved

    def step(self) -> None:
        """Count and collect."""
        self.moved += 5
        self.datacollector.collect(self)


def test_a_reporter_that_resets_gives_what_mesas_own_table_holds() -> None:
    made = run(Drain, reporters={"moved": "Moved", "calls": "calls"})
    assert list(made.values[:, 0]) == [0, *[5] * STEPS]
    assert list(made.values[:, 1]) == list(range(1, STEPS + 2))


class Inner(mesa.Model):
    """A model whose step is extended by another class."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.x = 0
        self.datacollector = mesa.DataCollector({"X": "x"})
        self.datacollector.collect(self)

    def step(self) -> None:
        """Count and collect."""
        self.x += 1
        self.datacollector.collect(self)


class Outer(Inner):
    """Goes on after the collections of the class that it extends."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.x = 10

    def step(self) -> None:
        """Advance by a step."""
        super().step()
        self.x += 10


def test_what_a_derived_class_does_after_a_collection_is_seen() -> None:
    assert list(run(Inner).values[:, 0]) == list(range(STEPS + 1))
    assert list(run(Outer).values[:, 0]) == [10 + 11 * step for step in range(STEPS + 1)]


class Everything(mesa.Model):
    """A model with reporters of agents and a table, and a collector of its own kind."""

    class Collector(mesa.DataCollector):
        """A collector that extends Mesa's."""

        def collect(self, model: mesa.Model) -> None:
            """Collect, and note it in a table."""
            super().collect(model)
            self.add_table_row("rows", {"step": model.steps})

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        mesa.Agent.create_agents(self, 3)
        self.datacollector = self.Collector(
            {"Agents": lambda model: len(model.agents)}, {"id": "unique_id"}, tables={"rows": ["step"]}
        )

    def rows(self) -> int:
        """Return the number of rows of the table."""
        return len(self.datacollector.tables["rows"]["step"])

    def step(self) -> None:
        """Collect."""
        self.datacollector.collect(self)


def test_a_collector_that_extends_mesas_collects_once_a_step() -> None:
    made = run(Everything, reporters={"agents": "Agents", "rows": "rows"})
    assert list(made.values[:, 0]) == [3] * (STEPS + 1)
    assert list(made.values[:, 1]) == list(range(STEPS + 1))
    assert len(made.collected) == STEPS


def make_wolf(grass: bool = True, seed: int | None = None) -> WolfSheep:
    """Build a model that schedules events on a simulator."""
    return WolfSheep(grass=grass, seed=seed, simulator=ABMSimulator())


def test_a_model_that_schedules_events_is_stepped_by_its_simulator() -> None:
    made = run(f"{__name__}:make_wolf", 11, ("Grass", "Sheep", "Wolves", "steps"), steps=20)
    simulator = ABMSimulator()
    model = WolfSheep(seed=11, simulator=simulator)
    simulator.run_for(20)
    frame = model.datacollector.get_model_vars_dataframe()
    for place, name in enumerate(("Grass", "Sheep", "Wolves")):
        np.testing.assert_array_equal(made.values[:, place], frame[name])
    assert list(made.values[:, 3]) == list(range(21))


class Continuous(mesa.Model):
    """A model of events alone, in continuous time."""

    def __init__(self, gap: float = 0.5, drives: bool = False, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.gap, self.count = gap, 0
        self.simulator = DEVSimulator()
        self.simulator.setup(self)
        self.simulator.schedule_event_relative(self.happen, gap)

    def happen(self) -> None:
        """Count, and happen again."""
        self.count += 1
        self.simulator.schedule_event_relative(self.happen, self.gap)


class Driving(Continuous):
    """A step that runs the simulator."""

    def step(self) -> None:
        """Run for two units of time."""
        self.simulator.run_for(2)


class Lost(Continuous):
    """A step that leaves the events alone."""

    def step(self) -> None:
        """Advance without any change."""


def test_events_in_continuous_time_are_executed_or_the_model_is_refused() -> None:
    assert list(run(Continuous, reporters=("count",)).values[:, 0]) == [2 * step for step in range(STEPS + 1)]
    assert list(run(Driving, reporters=("count",)).values[:, 0]) == [4 * step for step in range(STEPS + 1)]
    with pytest.raises(ModelFailure, match="Lost schedules events on a simulator, and its step does not"):
        run(Lost, reporters=("count",))


class Unkind(Exception):
    """An error that fails at being told."""

    def __str__(self) -> str:
        raise SystemExit("while told")


class Leaves(mesa.Model):
    """A model that ends in every odd way, and spoils the process on its way."""

    def __init__(self, how: str = "", seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.how, self.x = how, 0.0

    def step(self) -> None:
        """Spoil and leave."""
        # After the first step there is nothing to write to, which print forgives.
        print("last words")  # noqa: T201
        print("and errors", file=sys.stderr)  # noqa: T201
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        np.seterr(all="raise")
        warnings.simplefilter("ignore")
        os.environ["ABM_SPOILT"] = "1"
        os.chdir("/")
        sys.path.append("/nowhere")
        sys.setrecursionlimit(5000)
        sys.stdout = sys.stderr = None  # type: ignore[assignment]
        leave(self.how)


def leave(how: str) -> None:
    if how == "exit":
        sys.exit("done")
    if how == "deep":
        leave(how)
    if how == "caught":
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            return
    ways: dict[str, BaseException] = {
        "interrupt": KeyboardInterrupt(),
        "generator": GeneratorExit(),
        "memory": MemoryError(),
        "text": ValueError("bad \udcff"),
        "zero": ValueError("a\0b"),
        "long": ValueError("x" * 10**6),
        "unkind": Unkind(),
        "stop": StopIteration(),
        "base": BaseException("base"),
        "group": ExceptionGroup("many", [ValueError("one")]),
    }
    if how in ways:
        raise ways[how]


def state_of_the_process() -> tuple[Any, ...]:
    generator = np.random.get_state()  # noqa: NPY002
    return (
        *(random.getstate(), generator[1].tolist(), generator[2], np.geterr(), list(warnings.filters)),
        *(dict(os.environ), os.getcwd(), list(sys.path), sys.getrecursionlimit()),  # noqa: PTH109
        *(sys.stdout, sys.stderr, signal.getsignal(signal.SIGINT)),
    )


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "SystemExit: done"),
        ("interrupt", "KeyboardInterrupt"),
        ("generator", "GeneratorExit"),
        ("memory", "MemoryError"),
        ("text", r"ValueError: bad \\udcff"),
        ("zero", r"ValueError: a\\x00b"),
        ("long", "ValueError: x+\n\\[.* characters left out\\]\nx+"),
        ("unkind", "Unkind: <exception str\\(\\) failed>"),
        ("stop", "StopIteration"),
        ("base", "BaseException: base"),
        ("group", "ExceptionGroup: many"),
        ("deep", "RecursionError: "),
        ("", None),
    ],
)
def test_whatever_a_model_raises_is_a_failure_in_text_and_the_process_is_put_back(
    how: str, message: str | None
) -> None:
    before = state_of_the_process()
    if message is None:
        assert run(Leaves, reporters=("x",), how=how).taken == STEPS
        assert state_of_the_process() == before
        return
    with pytest.raises(ModelFailure, match=message) as caught:
        run(Leaves, reporters=("x",), how=how)
    assert state_of_the_process() == before
    assert "last words\nand errors" in caught.value.trace
    assert f"{__name__}:" in caught.value.trace or how == "deep"
    for text in (caught.value.message, caught.value.trace):
        text.encode()
        assert len(text) <= MOST_CHARACTERS + 100


def test_an_interrupt_from_outside_stops_this_process_even_if_the_model_catches_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Leaves, reporters=("x",), how="caught")


def test_what_a_model_writes_is_gone_before_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "writes_of_a_test.py").write_text(
        "import os, mesa\nfrom pathlib import Path\n"
        "class Writes(mesa.Model):\n"
        "    def __init__(self, seed=None):\n        super().__init__(seed=seed)\n"
        "        self.found = int(Path('rates.txt').read_text()) + len(os.listdir('.'))\n"
        "        Path('rates.txt').write_text('100000')\n        Path('new').mkdir()\n"
    )
    (tmp_path / "rates.txt").write_text("40")
    case = MesaScenario(
        "case", "writes_of_a_test:Writes", {}, 1, {"found": "found"}, "seed", "", folder=tmp_path
    )
    assert [run_model(case, 1).values[0, 0] for _ in range(3)] == [42, 42, 42]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rates.txt", "writes_of_a_test.py"]


def test_modules_of_one_name_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    for place in ("one", "two"):
        package = tmp_path / place / "namespace_of_a_test"
        package.mkdir(parents=True)
        (package / "part.py").write_text(f"VALUE = {place!r}\n")
        (package / "model.py").write_text(
            "import mesa\nfrom .part import VALUE\n"
            "class Model(mesa.Model):\n"
            "    def __init__(self, seed=None):\n        super().__init__(seed=seed)\n"
            "        self.x = len(self.told())\n"
            "    def told(self):\n        from . import part\n"
            "        return VALUE * (2 if part.VALUE == VALUE else 9)\n"
        )
    (tmp_path / "two" / "namespace_of_a_test" / "part.py").write_text("VALUE = 'second'\n")
    cases = [
        MesaScenario(
            "case", "namespace_of_a_test.model:Model", {}, 1, {"x": "x"}, "seed", "", folder=tmp_path / place
        )
        for place in ("one", "two", "one")
    ]
    assert [run_model(case, 1).values[0, 0] for case in cases] == [6, 12, 6]


@settings(max_examples=50)
@given(seed=st.integers(0, 2**64 - 1), replicates=st.sets(st.integers(0, 2**32 - 1), max_size=20))
def test_derived_seeds_fit_numpys_legacy_generator_and_are_never_shared(
    seed: int, replicates: set[int]
) -> None:
    seeds = [derived_seed(seed, replicate) for replicate in sorted(replicates)]
    assert all(0 <= one < LEGACY_SEEDS for one in seeds)
    assert len(set(seeds)) == len(seeds)
    for one in seeds[:1]:
        np.random.RandomState(one)


def test_silence_asks_nothing_and_reticence_leaves_out_what_was_not_collected() -> None:
    case = MesaScenario("case", f"{__name__}:Drain", {}, 2, {"moved": "Moved"}, "seed", "")
    assert np.isnan(run_model(case, 1, Asking.NOTHING).values).all()
    np.testing.assert_array_equal(run_model(case, 1, Asking.OWN).values[:, 0], [np.nan, 5, 5])
