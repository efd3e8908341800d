"""Jobs: what one process asks for another makes; progress, cancelling, failing and forgetting."""

import subprocess
import sys
import threading
import time

import pytest

from data import jobs as job_file
from data.jobs import FAILED, LOST, WAITING, Full, Jobs, Refused, Result


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(.01)


@pytest.fixture
def jobs(tmp_path):
    return Jobs(tmp_path / "exports")


@pytest.fixture
def work(jobs):
    """Starts somebody who works; ended with the test."""
    over, threads = threading.Event(), []

    def start(make, **more):
        thread = threading.Thread(target=jobs.work, args=(make,), kwargs={"stop": over.is_set, **more})
        threads.append(thread)
        thread.start()
        return thread
    yield start
    over.set()
    for thread in threads:
        thread.join()


def written(asked, out, progress):
    progress(1, 2)
    out.write_text(asked["words"])
    progress(2, 2)
    return Result("name.txt", [("chart", "why")])


def test_what_one_asks_for_another_makes(jobs, work):
    job = jobs.submit("ana", {"words": "hello"})
    assert jobs.pending()
    work(written)
    until(lambda: jobs.get(job.id, "ana").state == "done")
    found = Jobs(jobs.folder).get(job.id, "ana")  # as another process sees it
    assert (found.name, found.size, found.done, found.whole, found.notes) == ("name.txt", 5, 2, 2, [["chart", "why"]])
    assert jobs.file(job.id).read_text() == "hello"
    assert jobs.file(job.id).stat().st_mode & 0o077 == 0 or jobs.folder.stat().st_mode & 0o077 == 0
    assert jobs.get(job.id, "eva") is None
    assert [one.id for one in jobs.of("ana")] == [job.id]
    assert jobs.of("eva") == []


def test_only_one_process_works(jobs, work):
    going, on = threading.Event(), threading.Event()

    def slow(asked, out, progress):
        going.set()
        assert on.wait(20)
        return written(asked, out, progress)
    job = jobs.submit("ana", {"words": "x"})
    work(slow)
    assert going.wait(20)
    assert jobs.work(written) is False
    assert jobs.locked()
    assert not jobs.pending()
    on.set()
    until(lambda: jobs.get(job.id, "ana").state == "done")


def test_who_only_looks_whether_somebody_works_keeps_nobody_from_it(jobs):
    looking, over = threading.Event(), threading.Event()

    def look():
        while not over.is_set():
            jobs.locked()
            looking.set()
    thread = threading.Thread(target=look)
    thread.start()
    try:
        assert looking.wait(20)
        assert all(jobs.work(written, idle=0) for _ in range(20))
    finally:
        over.set()
        thread.join()


def test_a_running_job_is_cancelled_and_leaves_no_file(jobs, work):
    going, ended = threading.Event(), threading.Event()

    def endless(asked, out, progress):
        out.write_text("half")
        try:
            for step in range(10**9):
                going.set()
                progress(step, 10**9)
        finally:
            ended.set()
    job = jobs.submit("ana", {})
    work(endless)
    assert going.wait(20)
    assert not jobs.cancel(job.id, "eva")
    assert jobs.cancel(job.id, "ana")
    assert ended.wait(20)
    until(lambda: sorted(p.suffix for p in jobs.folder.iterdir() if p.suffix in (".out", ".part")) == [])
    assert jobs.get(job.id, "ana").state == "cancelled"
    assert jobs.of("ana") == []


def test_a_waiting_job_is_cancelled_and_never_begun(jobs, work):
    first, other = jobs.submit("ana", {"words": "no"}), jobs.submit("ana", {"words": "yes"})
    jobs.cancel(first.id, "ana")
    work(written)
    until(lambda: jobs.get(other.id, "ana").state == "done")
    assert not jobs.file(first.id).exists()


def test_failures_are_told_and_the_next_job_is_made(jobs, work, caplog):
    def make(asked, out, progress):
        if asked["words"] == "refuse":
            raise Refused("A {thing} is too long.", thing="list")
        if asked["words"] == "break":
            raise ValueError("secret of the house")
        return written(asked, out, progress)
    found = [jobs.submit("ana", {"words": words}) for words in ("refuse", "break", "fine")]
    work(make)
    until(lambda: jobs.get(found[2].id, "ana").state == "done")
    until(lambda: all(jobs.get(one.id, "ana").state == "failed" for one in found[:2]))
    assert jobs.get(found[0].id, "ana").problem == {"words": "A {thing} is too long.", "values": {"thing": "list"}}
    broken = jobs.get(found[1].id, "ana").problem
    assert broken["words"] == FAILED
    assert "secret" not in str(broken)
    assert broken["values"]["number"] in caplog.text


def test_what_a_killed_process_left_is_said_to_have_failed(jobs, work):
    job = jobs.submit("ana", {"words": "x"})
    with jobs._open() as con:
        con.execute("UPDATE job SET state = 'running'")
    (jobs.folder / "left.part").write_text("half")
    work(written)
    until(lambda: jobs.get(job.id, "ana").state == "failed")
    assert jobs.get(job.id, "ana").problem == {"words": LOST}
    assert not (jobs.folder / "left.part").exists()


def test_one_person_does_not_fill_the_line(jobs):
    for _ in range(WAITING):
        jobs.submit("ana", {})
    with pytest.raises(Full):
        jobs.submit("ana", {})
    assert jobs.submit("eva", {}).state == "waiting"


def test_old_results_are_forgotten(tmp_path, work):
    clock = [1000.0]
    jobs = Jobs(tmp_path / "exports", clock=lambda: clock[0])
    job = jobs.submit("ana", {"words": "x"})
    assert jobs.work(written, idle=0)
    until(lambda: jobs.get(job.id, "ana").state == "done")
    clock[0] += job_file.KEPT + 1
    assert jobs.of("ana") == []
    assert jobs.work(written, idle=0)
    assert jobs.get(job.id, "ana") is None
    assert not jobs.file(job.id).exists()


BEGIN = """import sys
from pathlib import Path
from data.jobs import Jobs
input()
for number in range(60):
    Jobs(Path(sys.argv[1]) / str(number))
"""


def test_several_processes_begin_at_the_same_moment(tmp_path):
    begun = [subprocess.Popen([sys.executable, "-c", BEGIN, str(tmp_path)], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in begun:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in begun]
    assert (said, [process.returncode for process in begun]) == ([""] * 3, [0] * 3)
