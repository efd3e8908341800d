"""A machine of its own in namespaces: Debian's packages as they are here and nothing else of this system.

What is written goes to memory. With `boot` its first process is systemd, so that units run as they do on a server,
sandbox and all. The network is that of this machine.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.browsing import ROOT

# Upon the packages of this machine lies an empty layer. Of what was put here by hand nothing is seen: own programs,
# homes, this checkout, temporary files. /proc/sys and /sys are only read, as in a container.
LAYERS = r"""
set -e
where=$(mktemp -d); mount -t tmpfs layer "$where"; mkdir "$where"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$where/upper,workdir=$where/work" "$where/root"
cd "$where/root"
mount -t proc proc proc; mount -o bind,ro proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs run run; mount -t tmpfs -o mode=1777 tmp tmp; mount -t tmpfs -o mode=755 dev dev
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$device"; mknod -m 666 "dev/$name" c "$major" "$minor"
done
mkdir dev/pts dev/shm; mount -t tmpfs -o mode=1777 shm dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
for hidden in root home opt srv mnt usr/local "$(cut -d/ -f2 <<<"$CHECKOUT")"; do
  case "$hidden" in tmp | var | usr | etc) continue ;; esac
  [ ! -d "$hidden" ] || mount -t tmpfs -o mode=755 hidden "$hidden"
done
mkdir -p usr/local/bin usr/local/sbin usr/src/program wheels old
mount --bind "$WHEELS" wheels; mount -o remount,bind,ro wheels
rm -rf etc/systemd/system/*.wants etc/machine-id; : >etc/machine-id
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-networkd.service systemd-resolved.service \
  systemd-timesyncd.service systemd-modules-load.service dev-hugepages.mount; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
pivot_root . old; umount -l old; rmdir old
"""
BOOT = r"""
mount -t tmpfs cgroup /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec env -i container=machine PATH="$PATH" /lib/systemd/systemd --unit=basic.target --show-status=no
"""
STAY = "exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sleep infinity\n"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def wait_for(condition: Callable[[], Any], what: Callable[[], object] = lambda: "", seconds: float = 60) -> Any:
    """Waits until a condition holds; what it gave. `what()` is shown when it never does."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)
    return found


def copy_program(into: Path) -> None:
    """The files that a checkout of this state has."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    ).stdout.split(b"\0")
    names = [name for name in names if name and (ROOT / os.fsdecode(name)).is_file()]
    archive = subprocess.run(
        ["tar", "-cf", "-", "--null", "-T", "-"], cwd=ROOT, input=b"\0".join(names), check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-xf", "-", "-C", str(into)], input=archive, check=True)


class Machine:
    """Made when it is entered, gone with everything in it when it is left."""

    def __init__(self, wheels: Path, boot: bool = True, base: Path = Path("/")):
        """`wheels`: a folder it sees as /wheels. `base`: the system it stands upon, such as one of debootstrap's."""
        self.wheels, self.boot, self.base = wheels, boot, base

    def __enter__(self) -> "Machine":
        self.output = tempfile.TemporaryFile()
        kinds = ["-m", "-p", "-f", "-u", "-i", *(["-C"] if self.boot else [])]
        self.outer = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL"),  # should this process be killed, the machine goes with it
                *("unshare", *kinds, "--kill-child", "bash", "-c", LAYERS + (BOOT if self.boot else STAY)),
            ],
            env={**os.environ, "CHECKOUT": str(ROOT), "WHEELS": str(self.wheels), "BASE": str(self.base)},
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: self.outer.poll() is not None or self._up(), self.said)
            assert self.outer.poll() is None, self.said()
            copy_program(self.path("/usr/src/program"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in psutil.Process(self.outer.pid).children():
            process.kill()  # the first process of the namespace: the kernel ends the others
        self.outer.wait(timeout=20)
        self.output.close()

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read().decode(errors="replace")[-3000:]

    def _up(self) -> bool:
        first = psutil.Process(self.outer.pid).children()
        if not first or first[0].name() not in ("systemd", "sleep"):
            return False
        self.pid = first[0].pid
        return not self.boot or self.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"

    def path(self, inside: str) -> Path:
        """Where this machine finds a file of that one."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def command(self, *words: str, user: str = "root", folder: str = "/") -> list[str]:
        who = (
            []
            if user == "root"
            else [
                "setpriv",
                "--reuid",
                user,
                "--regid",
                user,
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=-all",
            ]
        )
        return [
            "nsenter",
            "-t",
            str(self.pid),
            "-m",
            "-p",
            "-u",
            "-i",
            *(["-C"] if self.boot else []),
            "-r",
            "-w",
            "env",
            "-i",
            "-C",
            folder,
            f"PATH={PATH}",
            "LANG=C.UTF-8",
            *who,
            *words,
        ]

    def run(
        self, *words: str, check: bool = True, user: str = "root", folder: str = "/", given: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            self.command(*words, user=user, folder=folder), input=given, text=True, capture_output=True
        )
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        place = self.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        told = self.run("systemctl", "show", name, *(f"-p{one}" for one in properties)).stdout
        return dict(line.split("=", 1) for line in told.splitlines())

    def journal(self, *words: str) -> str:
        return self.run("journalctl", "--no-pager", "-o", "cat", *words, check=False).stdout
