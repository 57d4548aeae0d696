"""Start a Slurm cluster of one machine, with an authority of its own, and stop it again.

Everything lies in one directory and nothing in `/etc`: configuration, key, sockets, logs and state. The daemons stay
in the foreground, as children of the process that started them, and the kernel kills them with it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "setpriv", "sinfo", "squeue")
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
START_SECONDS = 120
NODE = "laboratory"

CONFIGURATION = """\
ClusterName=abm
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
AuthType=auth/munge
AuthInfo=socket={directory}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd.log
SlurmdParameters=config_overrides
ReturnToService=2
MaxArraySize=1001
KillWait=2
MailProg=/bin/true
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """Name the programs of Slurm and munge that this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=PLACES) is None]


@dataclass
class Slurm:
    """A cluster of one machine.

    Attributes
    ----------
    directory : Path
        Where everything of it lies.
    daemons : dict of str to subprocess.Popen
        Those that run, by name.
    """

    directory: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what a client, or a process that submits, needs in its environment."""
        return {"SLURM_CONF": str(self.directory / "slurm.conf")}

    def start(self) -> None:
        """Start the daemons, and wait until the cluster takes jobs."""
        for name in DAEMONS:
            self.start_daemon(name)
        self.wait_until(lambda: "idle" in self.told("sinfo", "--noheader", "--format=%t"), "an idle node")

    def start_daemon(self, name: str) -> None:
        """Start one daemon in the foreground."""
        own = self.directory
        options = {
            "munged": (
                "--foreground",
                "--force",
                f"--key-file={own}/munge.key",
                f"--socket={own}/munge.socket",
                f"--pid-file={own}/munged.pid",
                f"--seed-file={own}/munge.seed",
                f"--log-file={own}/munged.log",
            ),
            "slurmctld": ("-D",),
            "slurmd": ("-D",),
        }[name]
        program = shutil.which(name, path=PLACES)
        assert program is not None
        with (own / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", program, *options),
                env={**os.environ, **self.environment, "PATH": PLACES},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if name == "munged":
            self.wait_until((own / "munge.socket").exists, "munge's socket")

    def restart_controller(self) -> None:
        """End the controller as an update of a cluster does, and start it again.

        A controller that is killed loses what it has not saved: it starts a task anew that began meanwhile, finds it
        running, and takes the node out of service.
        """
        daemon = self.daemons.pop("slurmctld")
        daemon.terminate()
        daemon.wait(timeout=60)
        self.start_daemon("slurmctld")

    def stop(self) -> None:
        """Cancel what is left, and stop the daemons."""
        if "slurmctld" in self.daemons:
            with contextlib.suppress(subprocess.SubprocessError):
                self.told("scancel", f"--user={getpass.getuser()}")
                self.wait_until(lambda: not self.jobs(), "an empty queue")
        for name in reversed(DAEMONS):
            daemon = self.daemons.pop(name, None)
            if daemon is None:
                continue
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def jobs(self) -> list[str]:
        """List the jobs that wait or run, a task of an array each: id and state."""
        return self.told("squeue", "--noheader", "--array", "--format=%i %t").splitlines()

    def told(self, program: str, *arguments: str) -> str:
        """Return what a client prints.

        Raises
        ------
        subprocess.CalledProcessError
            If it fails, such as while the controller is down.
        """
        return subprocess.run(
            (program, *arguments),
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        ).stdout

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        """Wait until something is so.

        Raises
        ------
        TimeoutError
            If it is not within the time; with the end of every log.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
                if is_so():
                    return
            time.sleep(0.1)
        raise TimeoutError(f"waited {seconds:g} s for {what} in vain\n{self.logs()}")

    def logs(self) -> str:
        """Return the last lines of every log."""
        found = [path for pattern in ("*.out", "*.log") for path in sorted(self.directory.glob(pattern))]
        ends = ["\n".join(path.read_text(errors="replace").splitlines()[-15:]) for path in found]
        return "\n".join(f"--- {path.name}\n{end}" for path, end in zip(found, ends, strict=True))


@contextlib.contextmanager
def one_machine_cluster(processors: int = 2) -> Iterator[Slurm]:
    """Start a cluster, and stop it and remove its directory at the end.

    Parameters
    ----------
    processors : int
        Processors that jobs are given, whether the machine has them or not.
    """
    # The path of a socket may have 107 bytes, which pytest's own directories use up.
    directory = Path(tempfile.mkdtemp(prefix="abm-slurm-"))
    directory.chmod(0o755)
    for name in ("state", "spool"):
        (directory / name).mkdir()
    key = directory / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    ports = free_ports(2)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    text = CONFIGURATION.format(
        directory=directory,
        user=getpass.getuser(),
        host=socket.gethostname().partition(".")[0],
        controller_port=ports[0],
        daemon_port=ports[1],
        node=NODE,
        processors=processors,
        memory=memory,
    )
    (directory / "slurm.conf").write_text(text)
    cluster = Slurm(directory)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
