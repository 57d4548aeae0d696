import operator
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from abm.interface.page.background.jobs import LARGE, WORTH_ENDING, Task
from abm.interface.page.background.workshop import Busy, Overdue, Workshop

PATIENCE = 60.0


@pytest.fixture(scope="module")
def workshop():
    """Return one worker, so that what takes turns can be seen."""
    workshop = Workshop(workers=1, waiting=20, prepare=os.getpid)
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
from abm.interface.page.background.jobs import Task
from abm.interface.page.background.workshop import Workshop

if __name__ == "__main__":
    workshop = Workshop(workers=1, prepare=os.getpid)
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


def test_who_asks_for_much_waits_for_who_asks_for_little(workshop):
    order = []
    blocker = workshop.submit("blocker", [Task(time.sleep, (0.5,))])
    dear = [
        workshop.submit(f"dear {number}", [Task(time.time, (), 1_000) for _ in range(3)])
        for number in range(4)
    ]
    cheap = workshop.submit("cheap", [Task(time.time, (), 10) for _ in range(5)])
    list(blocker)
    order = [moment for job in dear for _, moment in job]
    assert max(moment for _, moment in cheap) < min(order)


def test_who_was_away_has_saved_up_no_turns(workshop):
    for _ in range(3):
        list(workshop.submit("busy", [Task(time.time, (), 1_000)]))
    blocker = workshop.submit("blocker", [Task(time.sleep, (0.5,))])
    late = workshop.submit("late", [Task(time.time, (), 1_000) for _ in range(4)])
    busy = workshop.submit("busy", [Task(time.time, (), 1_000) for _ in range(4)])
    list(blocker)
    moments = sorted([(moment, "late") for _, moment in late] + [(moment, "busy") for _, moment in busy])
    assert "busy" in [name for _, name in moments[:3]]


def test_large_tasks_leave_a_worker_for_small_ones():
    workshop = Workshop(workers=2, prepare=os.getpid)
    large = workshop.submit("heavy", [Task(time.sleep, (600,), LARGE) for _ in range(4)])
    until(lambda: len(workshop._turns) == 1)
    assert list(workshop.submit("light", [Task(operator.add, (1, 1))] * 3)) == [(0, 2), (1, 2), (2, 2)]
    assert len(workshop._turns) == 1
    large.cancel()
    workshop.close()


def test_work_that_nobody_wants_any_more_is_ended_where_that_pays():
    workshop = Workshop(workers=1, prepare=os.getpid)
    forever = Task(time.sleep, (600,), WORTH_ENDING)
    gone = workshop.submit("gone", [forever])
    until(lambda: workshop._turns)
    workshop.leave("gone")
    assert list(gone) == []
    assert list(workshop.submit("anna", [Task(operator.add, (1, 1))])) == [(0, 2)]
    replaced = workshop.submit("anna", [forever])
    until(lambda: workshop._turns)
    replaced.cancel()
    assert list(workshop.submit("anna", [Task(operator.add, (1, 1))])) == [(0, 2)]
    workshop.close()


def test_a_task_that_takes_too_long_is_ended_with_a_calm_message():
    workshop = Workshop(workers=1, prepare=os.getpid)
    list(workshop.submit("anna", [Task(operator.add, (1, 1))]))
    workshop.task_seconds = 1
    job = workshop.submit("anna", [Task(time.sleep, (600,)), Task(operator.add, (1, 1))])
    with pytest.raises(Overdue, match="took longer than the 1 seconds.*fewer years"):
        list(job)
    workshop.task_seconds = PATIENCE
    assert list(workshop.submit("anna", [Task(operator.add, (1, 1))])) == [(0, 2)]
    workshop.close()


def test_a_question_gets_so_many_seconds_and_keeps_what_is_there():
    workshop = Workshop(workers=1, question_seconds=0.5, prepare=os.getpid)
    list(workshop.submit("anna", [Task(operator.add, (1, 1))]))
    job = workshop.submit("anna", [Task(time.sleep, (0.4,)) for _ in range(50)])
    with pytest.raises(Overdue, match="What you asked for took longer"):
        list(job)
    assert 1 <= job.done < 10
    workshop.close()


def followed(workshop, job):
    """Follow a job to its end; return what was handed out, by which threads, and how it ended."""
    found, threads, ends = [], set(), []

    def collect(number, result):
        threads.add(threading.current_thread().name)
        found.append((number, result))

    job.follow(workshop.couriers, collect, ends.append)
    until(lambda: ends)
    return found, threads, ends


def test_couriers_hand_out_every_result_and_tell_the_end_once(workshop):
    jobs = [
        workshop.submit(f"visitor {name}", [Task(operator.add, (name, number)) for number in range(10)])
        for name in range(20)
    ]
    before = threading.active_count()
    found = {}
    ends = []
    for name, job in enumerate(jobs):
        found[name] = []
        job.follow(workshop.couriers, lambda *told, name=name: found[name].append(told), ends.append)
    assert threading.active_count() <= before + 1
    until(lambda: len(ends) == len(jobs))
    assert ends == [None] * len(jobs)
    assert {name: sorted(told) for name, told in found.items()} == {
        name: [(number, name + number) for number in range(10)] for name in range(20)
    }


def test_couriers_tell_what_stopped_a_job(workshop):
    (end,) = followed(workshop, workshop.submit("anna", [Task(operator.truediv, (1, 0))]))[2]
    assert isinstance(end, ZeroDivisionError)
    cancelled = workshop.submit("anna", [Task(operator.add, (1, 1))])
    cancelled.cancel()
    assert followed(workshop, cancelled) == ([], set(), [None])
    assert followed(workshop, workshop.submit("anna", [])) == ([], set(), [None])
    found, threads, ends = followed(workshop, workshop.submit("anna", [Task(operator.add, (1, 1))]))
    assert (found, ends) == ([(0, 2)], [None])
    assert all(name.startswith("abm-courier") for name in threads)


def test_what_goes_wrong_in_who_collects_ends_the_job(workshop):
    ends = []

    def collect(*_):
        raise LookupError

    workshop.submit("anna", [Task(operator.add, (1, 1))] * 3).follow(workshop.couriers, collect, ends.append)
    until(lambda: ends)
    assert isinstance(ends[0], LookupError)


def test_more_than_a_visitor_may_ask_for_is_refused_by_its_size():
    workshop = Workshop(workers=1, size=100, prepare=os.getpid)
    with pytest.raises(Busy, match="wait a little"):
        workshop.submit("anna", [Task(operator.add, (1, 1), 30)] * 4)
    assert len(list(workshop.submit("anna", [Task(operator.add, (1, 1), 30)] * 3))) == 3
    workshop.close()


def test_a_crowd_is_served_in_the_end_and_nothing_is_left():
    workshop = Workshop(workers=2, prepare=os.getpid)
    jobs = {
        name: workshop.submit(
            f"visitor {name}",
            [Task(operator.add, (name, number), LARGE * (name % 3)) for number in range(20)],
            is_urgent=name % 4 == 0,
        )
        for name in range(30)
    }
    for name, job in jobs.items():
        assert sorted(job) == [(number, name + number) for number in range(20)]
    until(lambda: not workshop._turns)
    assert workshop.waiting() == 0
    workshop.close()


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
