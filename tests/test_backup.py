"""A backup taken while the program works, and what it takes to become a data folder again."""

import gzip
import io
import json
import os
import pwd
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import app as house
import config
from auth import keeping, kept
from auth.passwords import cheap
from auth.users import UserStore
from data import backup, book_open, holding, restore
from data.book import Book
from data.site import Site
from data.sources import Follower
from data.store import Store
from tests.browsing import PASSWORD, ROOT, serving
from tests.data import rotation
from tests.data.rotation import Centre

VERSION = house.VERSION


def shell(folder: Path, *words: object, **settings: str) -> subprocess.CompletedProcess:
    """The program's command for the data folder `folder`/var."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run([sys.executable, str(ROOT / "app.py"), *map(str, words)], cwd=folder, text=True,
                          capture_output=True, timeout=120,
                          env={**keep, "DATA_DIR": str(folder / "var"), "TIMEZONE": "America/Bogota",
                               "QUEUE_LOG_PATH": str(folder / "log/queue_log"), **settings})


@pytest.fixture
def centre(tmp_path):
    """A log, its book where the program has it, and everything else that a data folder may hold."""
    made = Centre(tmp_path)
    made.stop()
    made.books = tmp_path / "var/store"
    (tmp_path / "var").mkdir(mode=0o700)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def whole(centre, tmp_path, monkeypatch):
    """A folder with people, keys, names, several segments and loose chunks, caches and rubbish."""
    rotation.small(monkeypatch)
    var = tmp_path / "var"
    people = UserStore(f"sqlite:///{var / 'app.db'}", hasher=cheap(), folder=var)
    people.add("ana", PASSWORD, "manager", queues=["600"])
    keeping.remember(people)
    keeping.copy(people)
    people.close()
    for name, words in {"secret_key": "s" * 64, "names.csv": "kind,key,name\n", "thresholds.json": "{}",
                        "store/aliases.json": '{"edition": 1, "pairs": {"SIP/101": "Ana"}}',
                        "audio/x.wav": "sound", "exports/x.out": "report", "store/history/CURRENT.json": "{}",
                        "store/000.arrow.part": "half", "store/book.db.corrupt-1": "old", ".people.json.1.a": "draft",
                        "start.lock": "", "later/of/another/version.json": "{}", "demo/queue_log": "invented"}.items():
        (var / name).parent.mkdir(parents=True, exist_ok=True)
        (var / name).write_text(words)
    for count in (90, 60, 70, 2):
        centre.write(count)
        centre.poll()
    assert len(list(centre.books.glob("*.arrow"))) > 2
    return var


def made(var: Path, target: Path, **more) -> backup.Manifest:
    return backup.write(var, target, VERSION, [], **more)


def back(file: Path, folder: Path, **more):
    return restore.put_back(file, folder, more.pop("version", VERSION), kept.known, **more)


def test_what_is_in_it_and_what_is_not(whole, tmp_path):
    file = tmp_path / "b.tar.gz"
    manifest = made(whole, file)
    names = {entry.path for entry in manifest.files}
    segments = {name for name in names if name.endswith(".arrow")}
    assert names - segments == {"app.db", "people.json", "secret_key", "names.csv", "thresholds.json", "store/book.db",
                                "store/aliases.json", "later/of/another/version.json"}
    assert {f"store/{path.name}" for path in (whole / "store").glob("*.arrow")} == segments
    assert file.stat().st_mode & 0o777 == 0o600
    assert manifest.schemas == {"app.db": "0002", "store/book.db": "2"}
    with tarfile.open(file) as archive:
        assert archive.getnames()[0] == "manifest.json"
        assert json.loads(archive.extractfile("manifest.json").read())["version"] == VERSION
    assert {path.name for path in tmp_path.iterdir()} <= {"b.tar.gz", "log", "var", "book"}
    assert "demo/queue_log" in {entry.path for entry in made(whole, tmp_path / "d.tar.gz", demo=True).files}


def test_restored_it_is_the_same_and_private(whole, centre, tmp_path):
    file, folder = tmp_path / "b.tar.gz", tmp_path / "new/var"
    made(whole, file)
    manifest, old = back(file, folder)
    assert old is None
    for entry in manifest.files:
        if entry.path != "store/book.db":
            assert (folder / entry.path).read_bytes() or entry.size == 0
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    people = UserStore(f"sqlite:///{folder / 'app.db'}", hasher=cheap(), folder=folder)
    assert people.verify("ana", PASSWORD).queues == {"600"}
    assert keeping.verify(people).wrong is None
    people.close()
    book = Book(folder / "store")
    assert Counter(line for chunk in book.chunks() for line in chunk.bytes().split(b"\n")[:-1]) == centre.expected
    assert book.version > centre.book.version
    book.close()


@pytest.mark.parametrize("seed", range(4))
def test_taken_while_lines_come_it_goes_on_exactly_once(whole, centre, tmp_path, seed):
    """Backups in the middle of writing, gathering and rotation; each is restored over a log that went on since."""
    chance, stop, files = random.Random(seed), threading.Event(), []

    def take() -> None:
        while not stop.is_set():
            file = tmp_path / f"b{len(files)}.tar.gz"
            made(whole, file)
            files.append(file)

    thread = threading.Thread(target=take)
    thread.start()
    for number in range(60):
        centre.write(chance.randint(1, 40))
        if chance.random() < 0.2:
            centre.rename(f".{number + 1}") if chance.random() < 0.5 else centre.copytruncate(f".{number + 1}")
        centre.poll()
        if chance.random() < 0.3:
            centre.book.compact(force=True)
    stop.set()
    thread.join()
    assert len(files) > 2
    for number, file in enumerate(chance.sample(files, 3)):
        folder = tmp_path / f"restored{number}"
        back(file, folder)
        with closing(Book(folder / "store", clock=centre.clock)) as book:
            had = Counter(line for chunk in book.chunks() for line in chunk.bytes().split(b"\n")[:-1])
            assert not had - centre.expected
            follower = Follower(centre.live, book, centre.clock)
            for _ in range(3):
                assert follower.poll().problem == ""
            assert Counter(line for c in book.chunks() for line in c.bytes().split(b"\n")[:-1]) == centre.expected
            assert book.losses() == []


def test_a_state_that_is_newer_than_the_log_doubles_nothing(whole, centre, tmp_path):
    """The log itself was put back from an older copy, and then goes on differently."""
    file, folder = tmp_path / "b.tar.gz", tmp_path / "new"
    older = centre.live.read_bytes()
    centre.write(20)
    centre.poll()
    made(whole, file)
    centre.stop()
    back(file, folder)
    centre.live.write_bytes(older)
    centre.books = folder / "store"
    centre.start()
    centre.poll(2)
    centre.check()
    centre.write(5)
    centre.poll(2)
    centre.check()
    assert centre.book.losses() != []  # lines of the log went away: that is said


def test_the_store_makes_its_history_again(tmp_path):
    assert shell(tmp_path, "demo", tmp_path / "log", "--days", 3, "--calls-per-day", 40).returncode == 0
    assert shell(tmp_path, "ingest", "--once").returncode == 0
    before = shell(tmp_path, "dump", "legs").stdout
    assert shell(tmp_path, "backup", tmp_path / "b.tar.gz").returncode == 0
    done = shell(tmp_path, "restore", tmp_path / "b.tar.gz", "--force")
    assert done.returncode == 0, done.stderr
    assert shell(tmp_path, "dump", "legs").stdout == before
    assert len(before.splitlines()) > 50


def test_a_service_at_work_is_backed_up_and_not_restored_over(tmp_path):
    """From the shell, with the real server: backup while it serves, refusal while it serves, all of it afterwards."""
    (tmp_path / "log").mkdir()
    log = tmp_path / "log/queue_log"
    log.write_text("1772514000|1.1|600|NONE|ENTERQUEUE||3001112222|1\n1772514009|1.1|600|NONE|ABANDON|1|1|9\n")
    file = tmp_path / "b.tar.gz"
    with serving(tmp_path, QUEUE_LOG_PATH=str(log), TIMEZONE="America/Bogota"):
        assert shell(tmp_path, "users", "add", "ana", "--role", "viewer").returncode == 0
        done = shell(tmp_path, "backup", file)
        assert done.returncode == 0, done.stderr
        for more in ((), ("--force",)):
            refused = shell(tmp_path, "restore", file, *more)
            assert refused.returncode == 2
            assert ("is in use: stop the service" in refused.stderr) == bool(more), refused.stderr
        assert shell(tmp_path, "users", "add", "eva", "--role", "viewer").returncode == 0
    with log.open("a") as more:
        more.write("1772515000|1.2|600|NONE|ENTERQUEUE||3001112222|1\n")
    done = shell(tmp_path, "restore", file, "--force")
    assert done.returncode == 0, done.stderr
    assert "What was there is in" in done.stdout
    listed = shell(tmp_path, "users", "list").stdout
    assert "ana" in listed
    assert "eva" not in listed
    assert shell(tmp_path, "users", "check").returncode == 0
    assert json.loads(shell(tmp_path, "ingest", "--once", "--json").stdout)["lines"] == 3
    assert shell(tmp_path, "dump", "events").stdout.count("\n") == 4
    (old,) = (tmp_path / "var").glob("before-restore-*")
    with closing(sqlite3.connect(old / "app.db")) as con:
        assert ("eva",) in con.execute("SELECT username FROM users").fetchall()
    with closing(sqlite3.connect(tmp_path / "var/app.db")) as con:
        assert con.execute("SELECT count(*) FROM audit WHERE action='restored'").fetchone() == (1,)


def test_where_something_is_already_it_is_set_aside(whole, centre, tmp_path):
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    centre.stop()
    (whole / "mine.txt").write_text("of somebody")
    with pytest.raises(backup.Failed, match="--force"):
        back(file, whole)
    assert (whole / "mine.txt").exists()
    _, old = back(file, whole, force=True)
    assert (old / "mine.txt").read_text() == "of somebody"
    assert (old / "audio/x.wav").exists()
    assert not (whole / "mine.txt").exists()
    assert not (whole / "audio").exists()
    _, second = back(file, whole, force=True)
    assert second != old
    assert (old / "mine.txt").exists()
    again = made(whole, tmp_path / "c.tar.gz")  # what was set aside is in no backup
    assert not [entry for entry in again.files if "before-restore" in entry.path]


@pytest.mark.parametrize("lock", ["service.lock", "start.lock", "store/lock"])
def test_whoever_works_with_it_is_not_disturbed(whole, centre, tmp_path, lock):
    """Each kind of process on its own: one that serves, one that starts, one that reads the log."""
    import fcntl
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    centre.stop()
    before = tree(whole)
    with (whole / lock).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(backup.Failed, match="is in use"):
            back(file, whole, force=True)
    after = tree(whole)
    after.pop("service.lock", None)
    before.pop("service.lock", None)
    assert after == before
    back(file, whole, force=True)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_serves_shares_the_folder_and_lets_go_with_its_end(tmp_path):
    code = ("import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; from data import holding\n"
            "with holding.starting(Path(sys.argv[1])): print('in', flush=True)\n"
            "sys.stdin.read()")
    folder = tmp_path / "var"
    both = [subprocess.Popen([sys.executable, "-c", code, str(folder), str(ROOT)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "in\n"
    for process in both:
        with pytest.raises(holding.InUse), holding.alone(folder):
            pass
        process.kill()
        process.communicate()
    with holding.alone(folder):
        pass


def bent(file: Path, change) -> None:
    """The archive written again after `change(list of (TarInfo, bytes))`."""
    with tarfile.open(file) as archive:
        members = [(member, archive.extractfile(member).read()) for member in archive]
    change(members)
    with tarfile.open(file, "w:gz") as archive:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))


def manifest_of(members: list, **changes) -> None:
    told = json.loads(members[0][1])
    for name, change in changes.items():
        told[name] = change(told[name])
    members[0] = (members[0][0], json.dumps(told).encode())


def renamed(name: str):
    """The second file leads to `name`, and the manifest says so too."""
    def change(members: list) -> None:
        member, _ = members[1]
        was, member.name = member.name, name
        manifest_of(members, files=lambda files: [{**e, "path": name if e["path"] == was else e["path"]}
                                                  for e in files])
    return change


def linked(kind: bytes, to: str):
    def change(members: list) -> None:
        link = tarfile.TarInfo(members[1][0].name)
        link.type, link.linkname = kind, to
        members[1] = (link, b"")
        manifest_of(members, files=lambda files: [{**e, "size": 0 if e["path"] == link.name else e["size"]}
                                                  for e in files])
    return change


def first(members: list) -> None:
    members.insert(0, members.pop())


HARMS = {
    "a way up": renamed("../../evil"), "a way up inside": renamed("store/../../evil"), "absolute": renamed("/evil"),
    "a dot": renamed("./evil/."), "a symbolic link": linked(tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": linked(tarfile.LNKTYPE, "manifest.json"), "a device": linked(tarfile.CHRTYPE, ""),
    "a pipe": linked(tarfile.FIFOTYPE, ""), "a folder": linked(tarfile.DIRTYPE, ""),
    "another content": lambda members: members.__setitem__(2, (members[2][0], members[2][1][::-1])),
    "one missing": lambda members: members.pop(), "one twice": lambda members: members.append(members[-1]),
    "one more": lambda members: members.append((tarfile.TarInfo("more"), b"x")), "no manifest": lambda m: m.pop(0),
    "manifest late": first, "manifest no json": lambda m: m.__setitem__(0, (m[0][0], b"{")),
    "manifest no files": lambda m: m.__setitem__(0, (m[0][0], b'{"format": 1}')),
    "manifest no version": lambda m: manifest_of(m, version=lambda _: "x"),
    "named twice": lambda m: manifest_of(m, files=lambda files: [*files, files[0]]),
    "no such database": lambda m: manifest_of(m, schemas=lambda told: {**told, "x/book.db": "1"}),
    "another step": lambda m: manifest_of(m, schemas=lambda told: {**told, "app.db": "0001"}),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_no_backup_changes_nothing(whole, centre, tmp_path, harm):
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    centre.stop()
    bent(file, HARMS[harm])
    before = tree(tmp_path)
    with pytest.raises(backup.Failed, match="Nothing was changed"):
        back(file, whole, force=True)
    after = tree(tmp_path)
    after.pop("var/service.lock")
    assert after == before
    assert not list(whole.glob("restoring-*"))
    assert not Path("/evil").exists()


def test_flipped_bits_and_cuts_anywhere(whole, centre, tmp_path):
    """No bit of the file may be another: not in the manifest, not in a file, not in what holds them together."""
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    centre.stop()
    good, chance, folder = file.read_bytes(), random.Random(4), tmp_path / "new"
    for number in range(80):
        bad = bytearray(good)
        if number % 4 == 3:
            bad = bad[:chance.randrange(len(bad))]
        else:
            bad[chance.randrange(10, len(bad))] ^= 1 << chance.randrange(8)
        file.write_bytes(bad)
        try:  # a repetition that is taken from another place with the same bytes is no harm: the sum proves it
            assert gzip.decompress(bad) == gzip.decompress(good)
            continue
        except (OSError, EOFError, zlib.error):
            pass
        with pytest.raises(backup.Failed):
            back(file, folder)
        assert {path.name for path in folder.iterdir()} <= {"start.lock", "service.lock"}
    file.write_bytes(good)
    back(file, folder)


@pytest.mark.parametrize(("change", "says"), [
    (lambda m: manifest_of(m, version=lambda _: "99.0.0"), "99.0.0"),
    (lambda m: manifest_of(m, version=lambda _: "0.1.1"), "0.1.1"),
    (lambda m: manifest_of(m, format=lambda _: 2), VERSION),
    (lambda m: manifest_of(m, schemas=lambda told: {**told, "app.db": "0999"}), "app.db 0999"),
    (lambda m: manifest_of(m, schemas=lambda told: {**told, "store/book.db": "3"}), "book.db 3")])
def test_a_backup_of_a_newer_version_is_refused(whole, centre, tmp_path, change, says):
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    bent(file, change)
    with pytest.raises(backup.Failed, match="newer version") as caught:
        back(file, tmp_path / "new")
    assert says in str(caught.value)


def test_a_restore_that_is_killed_leaves_nothing_that_starts(whole, centre, tmp_path):
    """Killed at every moment of the moving: either nothing has happened yet, or no start until it was done again. A
    first start in a half moved folder would let the first password in again."""
    file = tmp_path / "b.tar.gz"
    made(whole, file)
    centre.stop()
    aside = tmp_path / "kept"
    shutil.copytree(whole, aside)

    def work() -> None:
        back(file, whole, force=True)

    work()
    seen = Counter()
    for at in range(1, 4000, 1):
        if not rotation.killed(work, at * 11):
            break
        mark = (whole / holding.UNFINISHED).exists()
        if mark:
            with pytest.raises(holding.Unfinished), holding.starting(whole):
                pass
            assert "did not come to its end" in shell_once(tmp_path, seen)
        else:
            assert (whole / "app.db").exists()
            assert (whole / "people.json").exists()
            assert (whole / "secret_key").exists()
        seen[mark] += 1
        for left in whole.glob("*restor*"):
            if left.is_dir():
                shutil.rmtree(left)
        if mark:
            back(file, whole, force=True)
    assert min(seen[True], seen[False]) > 1, seen


def shell_once(folder: Path, seen: Counter) -> str:
    """What starting says; asked of the real program the first time only, for it takes a second."""
    if seen[True]:
        return "did not come to its end"
    done = shell(folder, "users", "list")
    assert done.returncode == 2
    return done.stderr


def test_a_backup_that_is_killed_or_has_no_room_leaves_no_file(whole, tmp_path, monkeypatch):
    file = tmp_path / "b.tar.gz"
    seen = 0
    for at in range(1, 10_000, 31):
        seen += 1
        if not rotation.killed(lambda: made(whole, file), at):
            break
        if file.exists():  # killed after it had its name
            assert back(file, tmp_path / f"new{at}")[0].files
            file.unlink()
    assert seen > 5
    file.unlink(missing_ok=True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(backup.Failed, match="No space left"):
        made(whole, file)
    assert not file.exists()
    assert not list(tmp_path.glob(".b.tar.gz*"))


def test_where_it_may_not_be_written(whole, tmp_path):
    for place, says in ((whole / "b.tar.gz", "inside of the data folder"), (tmp_path / "log", "exists already"),
                        (tmp_path / "nowhere/b.tar.gz", "could not be written")):
        with pytest.raises(backup.Failed, match=says):
            made(whole, place)
    with pytest.raises(backup.Failed, match="There is no data folder"):
        made(tmp_path / "missing", tmp_path / "b.tar.gz")


def test_a_damaged_segment_is_not_carried_on(whole, centre, tmp_path):
    """What the catalogue knows to be damaged is left out, and comes from the log again after the restore."""
    path = next(centre.books.glob("*.arrow"))
    path.write_bytes(b"")
    centre.book.verify()
    file, folder = tmp_path / "b.tar.gz", tmp_path / "new"
    made(whole, file)
    back(file, folder)
    centre.stop()
    centre.books = folder / "store"
    centre.start()
    centre.poll(2)
    centre.check()


def test_with_people_elsewhere_it_says_what_is_missing(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log/queue_log").write_text("1772514000|1.1|600|NONE|ENTERQUEUE||3001112222|1\n")
    assert shell(tmp_path, "ingest", "--once").returncode == 0
    done = shell(tmp_path, "backup", tmp_path / "b.tar.gz", DATABASE_URL="mysql://u:secret-word@192.0.2.1/people")
    assert done.returncode == 0
    assert "NOT IN IT: users, audit and settings, which are in the database 'people' of 192.0.2.1" in done.stderr
    assert "secret-word" not in done.stderr
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        told = json.loads(archive.extractfile("manifest.json").read())
    assert len(told["not_in"]) == 1
    elsewhere = tmp_path / "people.db"
    done = shell(tmp_path, "backup", tmp_path / "c.tar.gz", DATABASE_URL=f"sqlite:///{elsewhere}")
    assert f"NOT IN IT: users, audit and settings, which are in {elsewhere}" in done.stderr


def test_root_leaves_files_that_the_service_can_use(whole, centre, tmp_path):
    """Restored by root, everything belongs to whom the folder belongs."""
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true"
        pytest.skip("only root gives files away")
    somebody = pwd.getpwnam("nobody")
    file, folder = tmp_path / "b.tar.gz", tmp_path / "new"
    made(whole, file)
    folder.mkdir()
    os.chown(folder, somebody.pw_uid, somebody.pw_gid)
    back(file, folder)
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_uid == somebody.pw_uid, path


def test_a_read_only_disk_is_backed_up_too(centre, tmp_path):
    """As after an error of the disk: nothing can be written there, and the last lines are in a write-ahead log."""
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true"
        pytest.skip("no disk may be mounted here")
    centre.write(40)
    centre.poll()
    copy = tmp_path / "disk"
    copy.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(copy)], check=True)
    try:
        shutil.copytree(tmp_path / "var", copy / "var")
        assert (copy / "var/store/book.db-wal").stat().st_size > 0
        subprocess.run(["mount", "-o", "remount,ro", str(copy)], check=True)
        made(copy / "var", tmp_path / "b.tar.gz")
    finally:
        subprocess.run(["umount", "-l", str(copy)], check=True)
    back(tmp_path / "b.tar.gz", tmp_path / "new")
    with closing(Book(tmp_path / "new/store")) as book:
        assert book.totals().lines == 40


def test_the_backup_of_the_demonstration_goes_on_as_one(tmp_path):
    settings = config.load(DATA_DIR=tmp_path / "var", DEMO=True)
    from data.opening import centre as chosen
    from data.opening import first_demo
    first_demo(chosen(settings))
    log = tmp_path / "var/demo/queue_log"
    store = Store(log, tmp_path / "var/store", Site(ZoneInfo("America/Bogota")))
    store.refresh()
    before = store.counts()["lines"]
    made(tmp_path / "var", tmp_path / "b.tar.gz", demo=True)
    store.book.close()
    back(tmp_path / "b.tar.gz", tmp_path / "new")
    assert first_demo(chosen(replace(settings, DATA_DIR=tmp_path / "new"))) is None
    store = Store(tmp_path / "new/demo/queue_log", tmp_path / "new/store", Site(ZoneInfo("America/Bogota")))
    store.refresh()
    assert store.counts()["lines"] == before
    store.book.close()


def test_any_tool_can_look_into_it(whole, tmp_path):
    made(whole, tmp_path / "b.tar.gz")
    listed = subprocess.run(["tar", "-tzf", str(tmp_path / "b.tar.gz")], check=True, text=True, capture_output=True)
    assert "store/book.db" in listed.stdout.splitlines()
    assert gzip.decompress((tmp_path / "b.tar.gz").read_bytes())
    assert book_open.NAME == "book.db"
