"""Starts a real Slurm on loopback: munge, a controller and some nodes, as plain processes in a folder of their own."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.support.harness import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
"""What Debian's packages munge, slurmctld, slurmd and slurm-client bring."""
PAUSE = 0.5
"""Seconds from one question to Slurm to the next: each starts a process, and several clusters run at a time."""
FAILING = {"DOWN", "DOWN*", "DOWN+", "IDLE*", "MIXED*", "ALLOCATED*"}

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=15
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/%n
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=3
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=transfer Nodes=ALL MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Return which of Slurm's programs this machine lacks."""
    return [program for program in PROGRAMS if not shutil.which(program, path=_path())]


@dataclass
class Cluster:
    """A running Slurm; commands and Snakemake reach it with `environment`."""

    folder: Path
    names: Sequence[str]
    daemons: list[subprocess.Popen] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which Slurm's commands find this cluster."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": f"{self.folder / 'bin'}:{_path()}"}

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands, and return what it printed."""
        return subprocess.run(
            command, env={**os.environ, **self.environment}, check=check, capture_output=True, text=True
        ).stdout

    def jobs(self, *options: str) -> dict[str, str]:
        """Return the comments (rule and wildcards) of the jobs that squeue lists, by their numbers."""
        lines = self.run("squeue", "--noheader", "--format=%i %k", *options).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def submitted(self) -> list[str]:
        """Return the comment of every job since the start."""
        return list(self.jobs("--states=all").values())

    def node_of(self, job: str) -> str:
        """Return the name of the node on which a job runs."""
        return self.run("squeue", "--noheader", f"--jobs={job}", "--format=%N").strip()

    def start_node(self, name: str) -> None:
        """Start a node and wait until it takes jobs."""
        self._start("slurmd", "-D", "-N", name, SLURM_TEST_NODE=name)
        wait_until(lambda: "IDLE" in self.state(name) and not FAILING & set(self.state(name).split("+")), pause=PAUSE)

    def state(self, name: str) -> str:
        """Return the state of a node: IDLE, DOWN, ..."""
        return self.run("sinfo", "--noheader", f"--nodes={name}", "--format=%T").strip().upper()

    def kill_node(self, name: str) -> None:
        """Kill a node with its step daemons and jobs, as when its power fails."""
        _kill({"SLURM_TEST_NODE": name, "SLURMD_NODENAME": name}, self)

    def _start(self, program: str, *arguments: str, **environment: str) -> None:
        with (self.folder / f"{program}.out").open("ab") as output:
            daemon = subprocess.Popen(
                [shutil.which(program, path=_path()), *arguments],
                env={**os.environ, **self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.daemons.append(daemon)


@contextmanager
def cluster(nodes: int = 2) -> Iterator[Cluster]:
    """Yield a running cluster of nodes with 4 CPUs and 8 GB each (whatever this machine has); stop it afterwards."""
    # A short name, as sockets end at 108 bytes.
    with tempfile.TemporaryDirectory(prefix="slurm", dir="/tmp") as name, ExitStack() as claims:
        started = Cluster(Path(name), [f"node{number}" for number in range(1, nodes + 1)])
        _configure(started, _claimed_ports(nodes + 1, claims))
        try:
            munge = started.folder / "munge"
            started._start("munged", "--foreground", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket",
                           f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed")  # fmt: skip
            wait_until((munge / "socket").exists)
            started._start("slurmctld", "-D")
            wait_until(lambda: "is UP" in started.run("scontrol", "ping", check=False), pause=PAUSE)
            for node in started.names:
                started.start_node(node)
            yield started
        finally:
            _kill({"SLURM_CONF": started.environment["SLURM_CONF"]}, started)
            for daemon in started.daemons:
                daemon.wait(timeout=10)
            assert not list(_processes({"SLURM_CONF": started.environment["SLURM_CONF"]}, started))


def _configure(new: Cluster, ports: Sequence[int]) -> None:
    for folder in ("munge", "state", "bin", *new.names):
        (new.folder / folder).mkdir(mode=0o700)
    key = new.folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=8000 State=UNKNOWN"
        for name, port in zip(new.names, ports[1:], strict=True)
    )
    user = psutil.Process().username()
    text = CONFIGURATION.format(host=socket.gethostname(), port=ports[0], user=user, folder=new.folder, nodes=nodes)
    (new.folder / "slurm.conf").write_text(text)
    version = subprocess.run([shutil.which("slurmd", path=_path()), "-V"], check=True, capture_output=True, text=True)
    modern = tuple(map(int, version.stdout.split()[1].split(".")[:2])) >= (23, 11)
    (new.folder / "cgroup.conf").write_text(f"CgroupPlugin={'disabled' if modern else 'cgroup/v1'}\n")
    # The plugin calls srun without SLURM_CONF; where the configuration is not in the default place, srun needs it.
    srun = new.folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={new.folder}/slurm.conf exec {shutil.which("srun", path=_path())} "$@"\n')
    srun.chmod(0o755)


def _claimed_ports(count: int, claims: ExitStack) -> list[int]:
    """Return TCP ports that nothing listens on, and that no other cluster gets before the claims are closed.

    Who holds the UDP port of the same number has the claim, as Slurm uses TCP alone. They are below the ports that the
    kernel gives to others meanwhile.
    """
    free: list[int] = []
    for port in random.sample(range(20_000, 30_000), 1000):
        with suppress(OSError), ExitStack() as claim:
            claim.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
            socket.create_server(("127.0.0.1", port)).close()
            claims.push(claim.pop_all())
            free.append(port)
        if len(free) == count:
            return free
    raise AssertionError("no free ports")


def _kill(variables: dict[str, str], running: Cluster) -> None:
    """Kill the cluster's processes that have one of the variables in their environment, and what they start meanwhile."""
    while victims := list(_processes(variables, running)):
        for process in victims:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(victims, timeout=10)


def _processes(variables: dict[str, str], running: Cluster) -> Iterator[psutil.Process]:
    conf = f"SLURM_CONF={running.environment['SLURM_CONF']}".encode()
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    for process in psutil.process_iter(["status"]):
        with suppress(OSError):
            # Not psutil's own reading, which stops where a step daemon has written its title over the beginning.
            environment = set(Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"))
            if conf in environment and wanted & environment and process.info["status"] != psutil.STATUS_ZOMBIE:
                yield process


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"
