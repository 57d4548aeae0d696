import operator
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from abm.interface.app.work import Busy, Task, Workshop

PATIENCE = 60.0


@pytest.fixture(scope="module")
def workshop():
    """Give one worker, so that what takes turns can be seen."""
    workshop = Workshop(workers=1, waiting=20)
    yield workshop
    workshop.close()


def until(condition):
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def test_results_come_with_the_number_of_their_task(workshop):
    job = workshop.submit("anna", [Task(operator.add, (number, 1)) for number in range(5)])
    assert sorted(job) == [(number, number + 1) for number in range(5)]
    assert (job.done, job.total, job.failure) == (5, 5, None)


def test_work_is_done_in_another_process(workshop):
    ((_, process),) = workshop.submit("anna", [Task(os.getpid, ())])
    assert process != os.getpid()


SERVER_THAT_IS_KILLED = """
import os, signal, time
from abm.interface.app.work import Task, Workshop

if __name__ == "__main__":
    workshop = Workshop(workers=1)
    ((_, worker),) = workshop.submit("anna", [Task(os.getpid, ())])
    print(worker, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_their_server_however_it_ends(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(SERVER_THAT_IS_KILLED)
    ended = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    worker = Path("/proc", ended.stdout.strip())
    until(lambda: not worker.exists() or "Z" in (worker / "stat").read_text().split()[2])


def test_a_workshop_prepares_the_model_while_it_takes_work():
    workshop = Workshop(workers=1)
    workshop.warm()
    assert workshop.is_preparing()
    assert list(workshop.submit("anna", [Task(operator.add, (1, 1))])) == [(0, 2)]
    workshop.wait_until_prepared()
    assert not workshop.is_preparing()
    workshop.close()


def test_visitors_take_turns_and_urgent_work_goes_first(workshop):
    order = []
    blocker = workshop.submit("blocker", [Task(time.sleep, (0.5,))])
    long_job = workshop.submit("anna", [Task(time.time, ()) for _ in range(6)])
    short_job = workshop.submit("ben", [Task(time.time, ()) for _ in range(2)])
    urgent_job = workshop.submit("cleo", [Task(time.time, ())], is_urgent=True)
    list(blocker)
    for name, job in (("anna", long_job), ("ben", short_job), ("cleo", urgent_job)):
        order += [(moment, name) for _, moment in job]
    names = [name for _, name in sorted(order)]
    assert names[0] == "cleo"
    assert names.index("ben") < 4
    assert names[-1] == "anna"


def test_a_cancelled_job_ends_at_once_and_its_tasks_are_dropped(workshop):
    job = workshop.submit("anna", [Task(time.sleep, (0.3,)) for _ in range(10)])
    job.cancel()
    assert list(job) == []
    until(lambda: workshop.waiting() == 0)
    assert list(workshop.submit("anna", [Task(operator.add, (1, 1))])) == [(0, 2)]


def test_more_than_may_wait_is_refused_politely(workshop):
    with pytest.raises(Busy, match="wait a little"):
        workshop.submit("anna", [Task(operator.add, (1, 1))] * 21)


def test_who_leaves_takes_the_work_along(workshop):
    job = workshop.submit("dora", [Task(time.sleep, (0.2,)) for _ in range(10)])
    workshop.leave("dora")
    assert list(job) == []
    assert workshop.waiting() == 0


def test_what_a_task_raises_reaches_who_asked(workshop):
    job = workshop.submit("anna", [Task(operator.truediv, (1, 0))])
    with pytest.raises(ZeroDivisionError):
        list(job)
    assert isinstance(job.failure, ZeroDivisionError)


def test_a_worker_that_dies_is_replaced(workshop):
    job = workshop.submit("anna", [Task(os._exit, (1,))])
    with pytest.raises(Exception, match="process"):
        list(job)
    assert list(workshop.submit("anna", [Task(operator.add, (2, 2))])) == [(0, 4)]
