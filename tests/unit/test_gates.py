"""The runner of the gates counts every test, misses no suite, and stays within its time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.__main__ import (
    BUDGETS,
    ON_DEMAND,
    PARALLEL,
    TESTS,
    TOTAL_BUDGET,
    Gate,
    Verdict,
    all_gates,
    count_tests,
    run_gate,
    run_gates,
    show_table,
    suite_names,
    summary,
)


def make_verdict(result: str, **tests: int) -> Verdict:
    counted = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0, **tests} if tests else {}
    return Verdict(Gate("one", (), 1, is_suite=bool(tests)), result, 1.0, 1.0, counted)


def test_budgets_fit_into_the_total(tmp_path: Path) -> None:
    assert sum(gate.budget for gate in all_gates(tmp_path)) <= TOTAL_BUDGET
    assert sum(BUDGETS.values()) <= TOTAL_BUDGET


def test_every_test_belongs_to_a_gate() -> None:
    suites = {*suite_names(), *ON_DEMAND}
    assert {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")} <= suites


def test_coverage_is_judged_last(tmp_path: Path) -> None:
    assert all_gates(tmp_path)[-1].name == "coverage"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([make_verdict("passed"), make_verdict("passed", passed=3)], "=== 3 passed in 2.00s ==="),
        (
            [make_verdict("FAILED"), make_verdict("FAILED", passed=3, failed=2, skipped=1)],
            "=== 2 failed, 3 passed, 1 skipped, 1 error in 2.00s ===",
        ),
        (
            [make_verdict("HUNG"), make_verdict("FAILED", passed=3)],
            "=== 3 passed, 2 errors in 2.00s ===",
        ),
    ],
)
def test_summary_counts_gates_that_failed_without_a_failing_test(
    verdicts: list[Verdict], expected: str
) -> None:
    assert summary(verdicts) == expected


@pytest.mark.parametrize(
    ("program", "budget", "slowness", "result"),
    [
        ("pass", 60, 1.0, "passed"),
        ("raise SystemExit(3)", 60, 1.0, "FAILED"),
        ("import time; time.sleep(600)", 0.5, 1.0, "HUNG"),
        ("import time; time.sleep(600)", 0.5, 0.1, "HUNG"),
        ("import time; time.sleep(2.5)", 0.5, 60.0, "passed"),
    ],
)
def test_gate_passes_fails_or_hangs(
    program: str, budget: float, slowness: float, result: str, tmp_path: Path
) -> None:
    gate = Gate("one", ((sys.executable, "-c", program),), budget)
    verdict = run_gate(gate, tmp_path, slowness)
    assert verdict.result == result
    assert verdict.seconds < 300


def test_a_gate_over_its_budget_passes_and_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Gate("slow", ((sys.executable, "-c", "import time; time.sleep(3.1)"),), 3)
    quick = Gate("quick", ((sys.executable, "-c", "pass"),), 600)
    verdicts = [run_gate(slow, tmp_path, 1.0), run_gate(quick, tmp_path, 1.0)]
    show_table(verdicts)
    told = capsys.readouterr().out
    assert [verdict.result for verdict in verdicts] == ["passed", "passed"]
    assert [line.endswith("over budget") for line in told.splitlines() if line[:5] in ("slow ", "quick")] == [
        True,
        False,
    ]
    assert "Over budget, which fails nothing: slow." in told
    assert summary(verdicts).startswith("=== 0 passed in")


def test_a_gate_that_hangs_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    child = f"import time, pathlib; time.sleep(8); pathlib.Path({str(mark)!r}).touch()"
    parent = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"
    )
    assert run_gate(Gate("one", ((sys.executable, "-c", parent),), 0.5), tmp_path, 1.0).result == "HUNG"
    time.sleep(8)
    assert not mark.exists()


def test_the_speed_of_a_machine_is_measured_before_every_suite(tmp_path: Path) -> None:
    gates = [Gate("one", ((sys.executable, "-c", "pass"),), 60, is_suite=True)]
    (verdict,) = run_gates(gates, tmp_path)
    assert verdict.slowness > 0.0


def test_only_parallel_suites_run_side_by_side(tmp_path: Path) -> None:
    found = {
        gate.name for gate in all_gates(tmp_path) if any("--dist" in command for command in gate.commands)
    }
    assert found <= set(PARALLEL) <= set(suite_names())


@pytest.mark.parametrize("kind", ["skip", "fail", "warn", "pass"])
def test_workers_of_a_parallel_suite_keep_the_rules(kind: str, tmp_path: Path) -> None:
    body = {
        "skip": "pytest.skip('no data')",
        "fail": "assert False",
        "warn": "__import__('warnings').warn('old', DeprecationWarning)",
        "pass": "pass",
    }
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "skips.txt").touch()
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    tests = "".join(f"def test_{number}():\n    {body[kind]}\n" for number in range(4))
    (tmp_path / "test_one.py").write_text(f"import pytest\n{tests}", encoding="utf-8")
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", f"--junitxml={report}"]
    done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == int(kind != "pass"), done.stdout
    counted = count_tests(report)
    assert sum(counted.values()) == 4
    assert counted["skipped"] == 4 * (kind == "skip")
    assert ("undeclared skips" in done.stdout) == (kind == "skip")
