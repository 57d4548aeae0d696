"""Run every gate in turn, and say which took longer than its budget: ``python -m tests [GATE ...]``.

A slow or busy machine fails no gate: a budget only warns. A gate is stopped, as one that hangs, at a multiple of what
it would take on this machine, whose speed a short calibration at its start measures (`tests/calibration.py`).

Run from the root of a checkout, with the interpreter of the environment into which ``pip install '.[test]'`` put
abm. The suites then import `abm` from the checkout, because Python looks in the working directory first, so coverage
counts the sources themselves; what pip builds from them is the business of the suite `installation`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.calibration import measure_slowness

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SCRIPTS = Path(sys.executable).parent

TOTAL_BUDGET = 45 * 60
"""Seconds that all gates together should take on the machine of the budgets."""
PATIENCE = 4
"""Times its budget on this machine at which a gate is taken to hang."""

BUDGETS = {
    "format": 20,
    "lint": 20,
    "types": 90,
    "imports": 40,
    "golden": 30,
    "unit": 420,
    "oracle": 330,
    "patterns": 90,
    "cluster": 300,
    "sweeps": 270,
    "lifetimes": 90,
    "installation": 240,
    "notebooks": 90,
    "browser": 420,
    "hostile": 150,
    "coverage": 40,
}
"""Seconds by gate on a machine with two processors and nothing else to do, in the order in which they run."""
DEFAULT_BUDGET = 300
"""Seconds of a suite that `BUDGETS` does not name."""

PARALLEL = ("unit", "oracle")
"""Suites whose tests run side by side, on every processor."""
UNMEASURED = ("installation", "notebooks")
"""Suites that run abm in other processes and environments, and therefore count for no coverage."""
ON_DEMAND = ("benchmarks",)
"""Folders that are no gates: they need a quiet machine."""

TALLIES = ("passed", "failed", "errors", "skipped")


@dataclass(frozen=True)
class Gate:
    """A command, or several, that must succeed.

    Attributes
    ----------
    name : str
        Name in the table and on the command line.
    commands : tuple of tuple of str
        Commands that must all succeed, in order.
    budget : float
        Seconds for all of them on the machine of the budgets.
    is_suite : bool
        Whether pytest runs it and counts tests.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    budget: float
    is_suite: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a gate said.

    Attributes
    ----------
    gate : Gate
        The gate.
    result : str
        ``passed``, ``FAILED`` or ``HUNG``.
    seconds : float
        What it took.
    slowness : float
        Times as long as on the machine of the budgets that work took here when the gate started.
    tests : dict of str to int
        Tests by outcome.
    """

    gate: Gate
    result: str
    seconds: float
    slowness: float = 1.0
    tests: dict[str, int] = field(default_factory=dict)

    @property
    def budget(self) -> float:
        """Seconds of the budget on this machine."""
        return self.gate.budget * self.slowness

    @property
    def is_over_budget(self) -> bool:
        """Whether the gate took longer than its budget, which fails nothing."""
        return self.seconds > self.budget


def suite_names() -> list[str]:
    """Name the folders of tests, known ones first, so that a new folder is a gate from its first test on."""
    found = {path.parent.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")}
    order = list(BUDGETS)
    known = [name for name in order if name in found]
    return known + sorted(found - set(known) - set(ON_DEMAND))


def all_gates(scratch: Path) -> list[Gate]:
    """List the gates in the order in which they run.

    Parameters
    ----------
    scratch : Path
        Folder for the reports of the suites.

    Returns
    -------
    list of Gate
    """
    suites = suite_names()
    python = sys.executable
    gates = {
        "format": Gate("format", ((script("ruff"), "format", "--check", "."),), BUDGETS["format"]),
        "lint": Gate("lint", ((script("ruff"), "check", "."),), BUDGETS["lint"]),
        "types": Gate("types", ((script("mypy"),),), BUDGETS["types"]),
        "imports": Gate("imports", ((script("lint-imports"),),), BUDGETS["imports"]),
    }
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for name in suites:
        is_parallel = name in PARALLEL and workers > 1
        compiled = ((python, "-m", "tests.kernels"),) if is_parallel else ()
        side_by_side = ("-n", str(workers), "--dist", "worksteal") if is_parallel else ()
        measured = () if name in UNMEASURED else ("-m", "coverage", "run")
        report = scratch / f"{name}.xml"
        command = (
            python,
            *measured,
            "-m",
            "pytest",
            f"tests/{name}",
            *side_by_side,
            "--durations=5",
            f"--junitxml={report}",
        )
        budget = BUDGETS.get(name, DEFAULT_BUDGET)
        gates[name] = Gate(name, (*compiled, command), budget, is_suite=True)
    combine = (python, "-m", "coverage", "combine", "--quiet")
    gates["coverage"] = Gate("coverage", (combine, (python, "-m", "coverage", "report")), BUDGETS["coverage"])
    return list(gates.values())


def script(name: str) -> str:
    """Find a tool of this environment, whether or not the environment is activated."""
    return str(SCRIPTS / name)


def run_gate(gate: Gate, scratch: Path, slowness: float) -> Verdict:
    """Run one gate, and stop it and all that it started when it seems to hang.

    Parameters
    ----------
    gate : Gate
        The gate; what it prints is shown.
    scratch : Path
        Folder of the suites' reports and of the coverage data.
    slowness : float
        Times as long as on the machine of the budgets that work takes here.

    Returns
    -------
    Verdict
    """
    environment = {**os.environ, "COVERAGE_FILE": str(scratch / "coverage")}
    # A machine that is quick now may be busy later.
    limit = PATIENCE * gate.budget * max(slowness, 1.0)
    started = time.monotonic()
    result = "passed"
    for command in gate.commands:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            status = process.wait(timeout=max(limit - (time.monotonic() - started), 0.0))
        except subprocess.TimeoutExpired:
            result = "HUNG"
            print(f"stopped after {limit:.0f} s, {PATIENCE} times what it should take here", flush=True)
            break
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if status != 0:
            result = "FAILED"
            break
    seconds = time.monotonic() - started
    tests = count_tests(scratch / f"{gate.name}.xml") if gate.is_suite else {}
    return Verdict(gate, result, seconds, slowness, tests)


def run_gates(gates: list[Gate], scratch: Path) -> list[Verdict]:
    """Run gates in turn, and measure the machine's speed at the start and before each suite.

    Parameters
    ----------
    gates : list of Gate
        The gates.
    scratch : Path
        As in `run_gate`.

    Returns
    -------
    list of Verdict
    """
    verdicts: list[Verdict] = []
    slowness = 0.0
    for gate in gates:
        print(f"\n=== {gate.name} ===", flush=True)
        if gate.is_suite or not slowness:
            slowness = measure_slowness()
        verdicts.append(run_gate(gate, scratch, slowness))
    return verdicts


def count_tests(report: Path) -> dict[str, int]:
    """Return the number of tests of a suite by outcome; none where the suite left no report."""
    if not report.exists():
        return {}
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in ET.parse(report).getroot().iter("testsuite"):
        for key in totals:
            totals[key] += int(suite.get(key, 0))
    failed, errors, skipped = totals["failures"], totals["errors"], totals["skipped"]
    passed = totals["tests"] - failed - errors - skipped
    return {"passed": passed, "failed": failed, "errors": errors, "skipped": skipped}


def show_table(verdicts: list[Verdict]) -> None:
    """Print a line per gate: result, tests, seconds, and the budget on this machine."""
    print(
        f"\n{'gate':<14}{'result':<10}{'tests':>7}{'skipped':>9}{'seconds':>10}{'budget here':>14}{'slowness':>10}"
    )
    for verdict in verdicts:
        tests = sum(verdict.tests.values()) if verdict.gate.is_suite else "-"
        skipped = verdict.tests.get("skipped") or "-"
        timing = f"{verdict.seconds:>10.1f}{verdict.budget:>14.0f}{verdict.slowness:>10.1f}"
        mark = "  over budget" if verdict.is_over_budget else ""
        print(f"{verdict.gate.name:<14}{verdict.result:<10}{tests:>7}{skipped:>9}{timing}{mark}")
    print(
        "Slowness: how many times as long as on the machine of the budgets work took here at the gate's start."
    )
    if over := [verdict.gate.name for verdict in verdicts if verdict.is_over_budget]:
        print(f"Over budget, which fails nothing: {', '.join(over)}.")


def summary(verdicts: list[Verdict]) -> str:
    """Count tests as pytest does; a gate that failed without a failing test counts as an error.

    Parameters
    ----------
    verdicts : list of Verdict
        What the gates said.

    Returns
    -------
    str
        Such as ``=== 2 failed, 310 passed, 1 skipped, 1 error in 301.20s ===``.
    """
    totals = {name: sum(verdict.tests.get(name, 0) for verdict in verdicts) for name in TALLIES}
    totals["errors"] += sum(
        verdict.result != "passed" and not (verdict.tests.get("failed") or verdict.tests.get("errors"))
        for verdict in verdicts
    )
    parts = [f"{totals['failed']} failed"] if totals["failed"] else []
    parts.append(f"{totals['passed']} passed")
    parts += [f"{totals['skipped']} skipped"] if totals["skipped"] else []
    if totals["errors"]:
        parts.append(f"{totals['errors']} error{'s' if totals['errors'] > 1 else ''}")
    seconds = sum(verdict.seconds for verdict in verdicts)
    return f"=== {', '.join(parts)} in {seconds:.2f}s ==="


def main() -> int:
    """Run the gates named on the command line, or all of them; return 1 if any failed."""
    # Ends as an error does, so that the gate that runs is stopped too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        gates = all_gates(scratch)
        parser = argparse.ArgumentParser(
            prog="python -m tests", description="Run every gate, or those named."
        )
        names = [gate.name for gate in gates]
        parser.add_argument("gate", nargs="*", help=f"one of {', '.join(names)}")
        chosen = parser.parse_args().gate
        if unknown := [name for name in chosen if name not in names]:
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(names)}")
        verdicts = run_gates([gate for gate in gates if not chosen or gate.name in chosen], scratch)
    show_table(verdicts)
    print(summary(verdicts), flush=True)
    return int(any(verdict.result != "passed" for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
