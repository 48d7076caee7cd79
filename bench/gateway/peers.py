"""The servers that compare starts: what is run, what its clients say first, whose processor time is told."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = pathlib.Path(os.environ.get("QOS_BENCH_BIN", ROOT / "build/release/bench"))
SERVER_CORE, CLIENT_CORE = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
SHAPES = {100: 10, 1000: 1000, 5000: 5000, 18000: 5000}  # clients -> instruments; each listens to ten
CODE = "QUOTEOCEANBENCHINSTRUMENT%z"


def pin(task, core):
    os.sched_setaffinity(task, {core})


def place(args, core):
    """For a process that was just made. The kernel shares out processors by session first, by process then."""
    pin(0, core)
    if args.nice:
        os.setsid()
        pathlib.Path("/proc/self/autogroup").write_text(str(args.nice))


class Load:
    """One run: how many clients, of how many instruments, and how the server gathers or paces."""

    def __init__(self, clients, frames=8.0, rate=0.0, burst=1, instruments=None, seconds=2.0, settle=1.0, stop=0.0,
                 idle=False, items=10):
        self.clients, self.frames, self.rate, self.burst = clients, frames, rate, burst
        self.instruments = instruments or SHAPES[clients]
        self.seconds, self.settle, self.stop, self.idle, self.items = seconds, settle, stop, idle, items

    def updates_per_flush(self):
        return max(1, round(self.frames * self.instruments / self.items))

    def stride(self):
        """So that the ten of a client lie evenly among all: a flush of a tenth of a round has one for each."""
        return max(1, self.instruments // self.items)

    def life(self):
        """Servers end by themselves, whatever happens to this script."""
        return 40 + self.settle + self.seconds

    def flags(self):
        rate = 0.001 if self.idle else self.rate
        flags = ["--instruments", self.instruments, "--seconds", self.life(), "--burst", self.burst]
        return flags + (["--rate", rate] if rate else ["--frames-per-flush", self.frames])


class Server:
    """A program that listens; `thread`: whose CPU time is told beside the process's (none: the process's)."""

    path, thread, first, scan = "/", "", '{"type":"D","codes":[%L]}', False
    item, separator = f'"CF:{CODE}"', ","
    helpers = ()

    def __init__(self, args):
        self.args = args

    def command(self, load):
        raise NotImplementedError

    def start(self, load, folder):
        self.out = open(folder / "out", "w+", encoding="utf-8")
        self.process = subprocess.Popen([str(a) for a in self.command(load)], stdout=self.out,
                                        stderr=subprocess.STDOUT, preexec_fn=lambda: place(self.args, SERVER_CORE))
        for _ in range(600):
            text = (folder / "out").read_text(encoding="utf-8")
            if found := re.search(r"listens on 127\.0\.0\.1:(\d+)(?: path (\S+))?", text):
                self.port, self.path = int(found[1]), found[2] or self.path
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"{type(self).__name__} did not start: {(folder / 'out').read_text(encoding='utf-8')}")

    def stop(self):
        for process in (*self.helpers, self.process):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.out.close()

    def subscribed(self, load):
        """Called once the server listens, before the client starts."""


class Limit(Server):
    send = "copy"

    def command(self, load):
        return [BIN / "ws_limit", *load.flags(), "--congestion", "system", "--send", self.send]


class LimitSendmsg(Limit):
    send = "sendmsg"


class Uws(Server):
    def command(self, load):
        return [self.args.uws, *load.flags()]


class Beast(Server):
    def command(self, load):
        return [BIN / "beast_broadcast", *load.flags()]


class Node(Server):
    def command(self, load):
        return ["node", HERE / "node_ws/broadcast.js", *load.flags()]


class Nats(Server):
    """Gathers as it likes; its publisher writes a flush's updates at once, from the client's core."""

    first, item, separator, scan = r'CONNECT {"verbose":false}\r\nPING\r\n%L', rf"SUB {CODE} %n\r\n", "", True

    def command(self, load):
        self.folder = tempfile.TemporaryDirectory(prefix="qos_bench_nats_")
        config = pathlib.Path(self.folder.name) / "nats.conf"
        port = self.args.port
        config.write_text(f'listen: "127.0.0.1:{port}"\nmax_connections: 70000\nwrite_deadline: "10s"\n'
                          f'websocket {{ listen: "127.0.0.1:{port + 1}", no_tls: true, compression: false }}\n')
        return ["sh", "-c", f"nats-server -c {config} & s=$!; trap 'kill $s; wait $s' TERM; sleep 0.5; "
                            f"echo server $s listens on 127.0.0.1:{port + 1}; wait $s"]

    def subscribed(self, load):
        flags = ["--instruments", load.instruments, "--seconds", load.life(), "--port", self.args.port, "--burst",
                 load.burst if load.rate else load.updates_per_flush(), "--rate", 0.001 if load.idle else load.rate]
        self.helpers = (subprocess.Popen([str(a) for a in (BIN / "nats_feed", *flags)],
                                         preexec_fn=lambda: place(self.args, CLIENT_CORE)),)


class Gateway(Server):
    """Ours. Placement a: all of it on core 0. b: the I/O thread alone there, the others beside the client."""

    thread, placement = "qos-io-0", "a"

    def command(self, load):
        flags = ["--instruments", load.instruments, "--seconds", load.life(), "--burst", load.burst, "--rate",
                 load.rate, "--clients", 10**6 if load.idle else load.clients, *self.args.gateway_flag]
        if not load.rate and not self.args.by_time:
            flags += ["--updates-per-flush", load.updates_per_flush()]
        return [BIN / "bench_gateway", *flags]

    def subscribed(self, load):
        if self.placement == "b":
            for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
                if (task / "comm").read_text().strip() != self.thread:
                    pin(int(task.name), CLIENT_CORE)


class GatewayB(Gateway):
    placement = "b"


SERVERS = {"limit": Limit, "limit-sendmsg": LimitSendmsg, "uws": Uws, "gateway-a": Gateway, "gateway-b": GatewayB, "beast": Beast, "node": Node,
           "nats": Nats}
