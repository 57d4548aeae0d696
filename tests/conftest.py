"""Rules for every suite: which tests may skip, and how Hypothesis draws."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARED = Path(__file__).with_name("skips.txt")

# Derandomised, so that a gate gives the same verdict twice; ABM_EXPLORE=1 draws new examples.
settings.register_profile(
    "gates", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("explore" if os.environ.get("ABM_EXPLORE") else "gates")

# A shell's '&' and nohup start processes that ignore these signals, and so would each process that a test starts.
for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)


class DeclaredSkips:
    """Fail a run in which a test skips, or fails as expected, without being declared.

    Parameters
    ----------
    declared : mapping of str to str
        Reason by test, without parameters, or by folder with a slash at its end. In a folder any test may skip that
        gives this reason, or its beginning, and no other.
    """

    def __init__(self, declared: Mapping[str, str]) -> None:
        self.declared = declared
        self.undeclared: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that skipped."""
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skipped as a whole."""
        self._note(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a run that passed into a failure if a test skipped undeclared."""
        if self.undeclared and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the tests that skipped undeclared."""
        if self.undeclared:
            terminalreporter.section("undeclared skips", red=True)
            for test in self.undeclared:
                terminalreporter.line(f"{test}  skipped; mend it, or declare it with a reason in {DECLARED}")

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.skipped and test not in self.declared and not self._is_in_declared_folder(test, report):
            self.undeclared[test] = None

    def _is_in_declared_folder(self, test: str, report: pytest.TestReport | pytest.CollectReport) -> bool:
        given = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        given = given.removeprefix("Skipped: ")
        return bool(given) and any(
            test.startswith(name) and name.endswith("/") and reason.startswith(given)
            for name, reason in self.declared.items()
        )


def read_declared_skips(path: Path) -> dict[str, str]:
    """Read the tests that may skip.

    Parameters
    ----------
    path : Path
        A test and its reason a line; lines that start with # are comments.

    Returns
    -------
    dict of str to str
        Reason by test.

    Raises
    ------
    pytest.UsageError
        If a test is declared without a reason.
    """
    declared = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        test, _, reason = line.strip().partition(" ")
        if not test or test.startswith("#"):
            continue
        if not reason.strip():
            raise pytest.UsageError(f"{path}:{number}  '{test}' may skip for no reason; write one after it")
        declared[test] = reason.strip()
    return declared


def pytest_configure(config: pytest.Config) -> None:
    """Watch for skips."""
    config.pluginmanager.register(DeclaredSkips(read_declared_skips(DECLARED)), "declared skips")
