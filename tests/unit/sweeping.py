"""Small sweeps of a real place over one year, for tests: plan one, carry it out, and read its tables in one order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.files.destination import Destination
from abm.records import dump
from abm.sweeps.engines.engine import Carried, Engine, carry_one
from abm.sweeps.plan.experimentfile import Experiment, load_experiment
from abm.sweeps.plan.plan import ShardSize, plan_sweep
from abm.sweeps.store.dataset import SweepTables
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import run_shard
from abm.sweeps.sweep import Carriage, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TINY: dict[str, Any] = {
    "name": "tiny",
    "scenarios": ["baseline"],
    "levers": {"leadership.effort": [0.15, 0.8]},
    "uncertainties": {"trust.gain": {"range": [0.05, 0.065]}},
    "design": "full_factorial",
    "replicates": 3,
    "horizon_years": 1,
    "months": "all",
}
SHARD = ShardSize(runs=5, pilot_seconds=0.0)

BREAKABLE = '''
"""A lever that stops the runs in which it is set above a half."""

from abm.extension import Submodel, lever, mechanism

strain = lever(
    name="break.strain",
    label="Strain",
    description="Stops the run above a half.",
    unit="share",
    bounds=(0, 1),
    default=0,
    mechanism="strained",
    writes="pressure",
    equation="none",
    evidence=("E03",),
    test={"direction": "rises", "measure": "pressure", "context": "baseline", "low": 0, "high": 0.4},
)


@mechanism(writes=("pressure",), after="pressure")
def strained(pressure, break_strain):
    """Stop where the strain is too much."""
    if (break_strain > 0.5).any():
        raise ArithmeticError("the strain is too much")


submodel = Submodel("breakable")
'''


def file_of(folder: Path, **changes: Any) -> Path:
    """Write an experiment file; a change to None takes a key away."""
    content = {key: value for key, value in {**TINY, **changes}.items() if value is not None}
    path = folder / f"{content['name']}.yaml"
    path.write_text(dump(content), encoding="utf-8")
    return path


def experiment(folder: Path, **changes: Any) -> Experiment:
    """Return an experiment that was checked."""
    return load_experiment(file_of(folder, **changes))


def planned(folder: Path, size: ShardSize = SHARD, **changes: Any) -> Manifest:
    """Plan a sweep in the folder's directory ``sweep``."""
    return plan_sweep(experiment(folder, **changes), Destination(folder / "sweep"), size)


def breakable(folder: Path, values: list[float], code: str = BREAKABLE, **changes: Any) -> Manifest:
    """Plan a sweep in which the points with a value above a half fail."""
    (folder / "breakable.py").write_text(code, encoding="utf-8")
    scenario = {"name": "strained", "place": "south_somerset", "extensions": ["./breakable.py"]}
    (folder / "strained.yaml").write_text(dump(scenario), encoding="utf-8")
    given: dict[str, Any] = {
        "scenarios": ["./strained.yaml"],
        "levers": {"break.strain": values},
        "uncertainties": None,
        **changes,
    }
    return planned(folder, **given)


def done_here(manifest: Manifest) -> Manifest:
    """Run every shard in this process."""
    for index in range(manifest.shards):
        run_shard(manifest.directory, index, manifest=manifest)
    return manifest


class Here:
    """An engine that runs shards in this process: all that an engine has to be."""

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Run one shard after the other."""
        for shard in shards:
            yield carry_one(directory, shard)


def carried_out(directory: Path, engine: Engine | None = None, **options: Any) -> Carriage:
    """Run what is missing, in this process unless told otherwise."""
    return Sweep(directory).carry_out(engine or Here(), **options)


def contents(directory: Path) -> dict[str, Any]:
    """Return both tables of a sweep, in the order of their runs, as bytes of their columns."""
    tables = SweepTables(Manifest.read(directory))
    found: dict[str, Any] = {}
    for name, source in (("runs", tables.runs), ("months", tables.months)):
        table = source.to_table()
        keys = [key for key in ("scenario", "point", "replicate", "month") if key in table.column_names]
        ordered = table.sort_by([(key, "ascending") for key in keys])
        found |= {f"{name}.{column}": values for column, values in bits(ordered).items()}
    return found


def bits(table: Any) -> dict[str, Any]:
    """Return the columns of a table, numbers as their bytes, so that missing ones compare."""
    is_number = {"double", "float", "int64", "int32", "uint64"}
    return {
        name: table[name].to_numpy().tobytes()
        if str(table[name].type) in is_number
        else table[name].to_pylist()
        for name in table.column_names
    }
