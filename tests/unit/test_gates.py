"""The runner of the gates counts every test, misses no suite, and stays within its time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.__main__ import (
    BUDGETS,
    ON_DEMAND,
    TESTS,
    TOTAL_BUDGET,
    Gate,
    Verdict,
    all_gates,
    run_gate,
    suite_names,
    summary,
)


def make_verdict(result: str, **tests: int) -> Verdict:
    counted = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0, **tests} if tests else {}
    return Verdict(Gate("one", (), 1, is_suite=bool(tests)), result, 1.0, counted)


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
            [make_verdict("OUT OF TIME"), make_verdict("FAILED", passed=3)],
            "=== 3 passed, 2 errors in 2.00s ===",
        ),
    ],
)
def test_summary_counts_gates_that_failed_without_a_failing_test(
    verdicts: list[Verdict], expected: str
) -> None:
    assert summary(verdicts) == expected


@pytest.mark.parametrize(
    ("program", "budget", "result"),
    [
        ("pass", 60, "passed"),
        ("raise SystemExit(3)", 60, "FAILED"),
        ("import time; time.sleep(60)", 1, "OUT OF TIME"),
    ],
)
def test_gate_passes_fails_or_runs_out_of_time(
    program: str, budget: int, result: str, tmp_path: Path
) -> None:
    gate = Gate("one", ((sys.executable, "-c", program),), budget)
    verdict = run_gate(gate, tmp_path)
    assert verdict.result == result
    assert verdict.seconds < 30
