"""A pool loses no more than the call whose worker died, and its workers end with their parent, however it ends."""

import operator
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, as_completed
from contextlib import suppress
from pathlib import Path

import pytest

from abm.errors import AbmError, InvalidInput
from abm.runs.pool import SINGLE_THREADED, Pool, WorkerLost
from abm.runs.provenance import PACKAGE
from abm.runs.worker import TaskFailed
from tests.unit import pool_tasks, synthetic

PATIENCE_SECONDS = 60.0


@pytest.fixture
def pool():
    """Return a pool of two workers that prepare nothing, so they start at once."""
    with Pool(2) as pool:
        yield pool


def until(condition):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def is_alive(pid):
    # The first thread of a process may have ended before the others.
    states = []
    with suppress(OSError):
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            states.append(stat.read_text().rpartition(")")[2].split()[0])
    return any(state not in "ZX" for state in states) or len(states) > 1


def test_every_call_is_answered_in_other_processes(pool):
    sums = [pool.submit(operator.add, number, 1) for number in range(50)]
    assert [future.result() for future in sums] == [*range(1, 51)]
    assert os.getpid() not in {pool.submit(os.getpid).result() for _ in range(4)}


def test_threads_may_share_a_pool(pool):
    answers = []

    def ask(start):
        answers.extend(pool.submit(operator.mul, start, number).result() for number in range(10))

    askers = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sorted(answers) == sorted(start * number for start in range(8) for number in range(10))


def test_no_more_workers_are_started_than_there_is_work_for():
    with Pool(8) as pool:
        assert pool.pids == ()
        pool.submit(os.getpid).result()
        assert len(pool.pids) == 1


def test_workers_can_be_started_ahead_of_their_work():
    with Pool(3) as pool:
        pool.submit(os.getpid).result()
        pool.start()
        until(lambda: len(pool.pids) == 3)
        pool.start()
        assert len({*pool.pids}) == 3


def test_workers_have_one_thread_before_numpy_and_find_what_their_parent_finds(pool):
    before = dict(os.environ)
    variables, had_numpy, path = pool.submit(pool_tasks.threads_and_path).result()
    assert {variables[name] for name in SINGLE_THREADED} == {"1"}
    assert not had_numpy
    assert path == sys.path
    assert dict(os.environ) == before


def test_a_worker_is_prepared_once():
    with Pool(1, prepare=pool_tasks.prepare) as pool:
        for _ in range(3):
            pid, prepared = pool.submit(pool_tasks.prepared_here).result()
            assert prepared == [pid]


def test_a_preparation_that_fails_is_told_by_each_call_and_leaves_no_process():
    with Pool(1, prepare=pool_tasks.fail_to_prepare) as pool:
        for _ in range(2):
            with pytest.raises(AbmError, match="nothing can be prepared"):
                pool.submit(os.getpid).result()
            until(lambda: pool.pids == ())


def test_workers_are_replaced_after_so_many_calls():
    with Pool(1, tasks_per_worker=2) as pool:
        pids = [pool.submit(os.getpid).result() for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


@pytest.mark.parametrize(
    ("task", "arguments", "told"),
    [
        (operator.truediv, (1, 0), "division by zero"),
        (synthetic.refuse, ([],), "has no hospital"),
        (pool_tasks.raise_unsendable, (), "Unsendable: this and that"),
        (pool_tasks.raise_unspeakable, (), "Unspeakable"),
        (pool_tasks.leave, (3,), "SystemExit: 3"),
        (pool_tasks.interrupt, (), "KeyboardInterrupt"),
        (pool_tasks.send_back_a_lock, (), "cannot pickle"),
    ],
)
def test_whatever_a_call_raises_is_its_answer_and_the_worker_goes_on(task, arguments, told):
    with Pool(1) as pool:
        before = pool.submit(os.getpid).result()
        with pytest.raises(Exception, match=told):
            pool.submit(task, *arguments).result()
        assert pool.submit(os.getpid).result() == before


def test_an_error_keeps_its_kind_and_where_it_was_raised(pool):
    error = pool.submit(synthetic.refuse, []).exception()
    assert isinstance(error, InvalidInput)
    assert "synthetic.py" in "".join(error.__notes__)


def test_a_call_that_cannot_be_sent_fails_alone(pool):
    with pytest.raises(Exception, match="pickle"):
        pool.submit(lambda: 1).result()
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(id, threading.Lock()).result()
    assert pool.submit(operator.neg, 1).result() == -1


def test_a_function_that_workers_cannot_find_is_told_with_advice(pool, monkeypatch):
    def script():
        return 1

    script.__module__, script.__qualname__ = "__main__", "script"
    monkeypatch.setattr(sys.modules["__main__"], "script", script, raising=False)
    with pytest.raises(TaskFailed, match="'script'.*define it in a module that can be imported"):
        pool.submit(script).result()
    assert pool.submit(operator.neg, 1).result() == -1


@pytest.mark.parametrize(
    ("task", "arguments", "exitcode", "told"),
    [
        (os._exit, (5,), 5, "ended with exit code 5"),
        (signal.raise_signal, (signal.SIGKILL,), -signal.SIGKILL, "SIGKILL; there may not be enough memory"),
        (signal.raise_signal, (signal.SIGTERM,), -signal.SIGTERM, "ended by SIGTERM"),
        (pool_tasks.crash, (), -signal.SIGSEGV, "ended by SIGSEGV"),
        (pool_tasks.die_but_leave_the_pipe_open, (), 7, "ended with exit code 7"),
    ],
)
def test_a_lost_worker_loses_its_own_call_only(task, arguments, exitcode, told):
    with Pool(2) as pool:
        others = [pool.submit(operator.add, number, 1) for number in range(10)]
        lost = pool.submit(task, *arguments)
        others += [pool.submit(operator.add, number, 1) for number in range(10, 20)]
        with pytest.raises(WorkerLost, match=told) as caught:
            lost.result()
        assert caught.value.exitcode == exitcode
        assert [future.result() for future in others] == [*range(1, 21)]


def test_a_worker_that_dies_between_two_calls_costs_none():
    with Pool(1) as pool:
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        until(lambda: not any(is_alive(pid) for pid in pool.pids))
        assert pool.submit(operator.neg, 1).result() == -1


def test_a_call_that_is_abandoned_frees_its_worker(tmp_path):
    with Pool(1) as pool:
        running = pool.submit(pool_tasks.write_and_wait, tmp_path / "pid", 600)
        waiting = pool.submit(operator.neg, 1)
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        after = pool.submit(operator.neg, 2)
        pool.abandon(waiting)
        pool.abandon(running)
        with pytest.raises(WorkerLost):
            running.result()
        assert waiting.cancelled()
        assert after.result() == -2
        pool.abandon(after)
        assert after.result() == -2
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_call_that_is_abandoned_while_its_worker_starts_frees_it():
    with Pool(1) as pool:
        running = pool.submit(time.sleep, 600)
        until(running.running)
        pool.abandon(running)
        with pytest.raises(WorkerLost):
            running.result()


def test_a_pool_that_is_closed_now_leaves_nothing(tmp_path):
    pool = Pool(1)
    running = pool.submit(pool_tasks.write_and_wait, tmp_path / "pid", 600)
    waiting = pool.submit(operator.neg, 1)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pool.close(now=True)
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert set(as_completed([running, waiting])) == {running, waiting}
    assert isinstance(running.exception(), WorkerLost)
    with pytest.raises(CancelledError):
        waiting.result()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(operator.neg, 1)
    pool.close()


def test_an_exception_in_a_block_ends_what_runs_and_a_peaceful_end_waits_for_it():
    with Pool(1) as pool:
        slow = pool.submit(time.sleep, 0.2)
    assert slow.result() is None
    with suppress(ZeroDivisionError), Pool(1) as pool:
        slow = pool.submit(time.sleep, 600)
        until(lambda: pool.pids)
        raise ZeroDivisionError
    assert isinstance(slow.exception(), WorkerLost)


def test_calls_may_start_programs_of_their_own(pool):
    assert pool.submit(pool_tasks.started_by_subprocess).result() == "hello\n"


PARENT = """
import sys, time
from pathlib import Path
from abm.runs.pool import Pool
from tests.unit import pool_tasks

pool = Pool(2)
pool.submit(pool_tasks.hold_the_interpreter, Path(sys.argv[1], "first"))
pool.submit(pool_tasks.write_and_wait, Path(sys.argv[1], "second"), 600)
time.sleep(600)
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT"])
def test_workers_end_within_two_seconds_of_their_parent_even_in_compiled_code(tmp_path, name):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    files = [tmp_path / "first", tmp_path / "second"]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], env=environment, stderr=subprocess.DEVNULL
    ) as parent:
        try:
            until(lambda: all(file.exists() and file.read_text() for file in files))
            parent.send_signal(signal.Signals[name])
            parent.wait(PATIENCE_SECONDS)
        finally:
            parent.kill()
    time.sleep(2)
    assert not any(is_alive(int(file.read_text())) for file in files)
