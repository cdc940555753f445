"""Runs the real `scones` program as a user would, and checks what every ending has in common.

Each test has a folder of its own, which is also HOME and the cache. Where a program ends, no process
that it started may be left, and nothing half-written beside what the next run goes on from.
"""
import atexit
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402

SCONES = os.environ["SCONES"]  # path of the program
PATIENCE_S = 180  # until a program that hangs counts as hanging, on a busy machine
PROMPT_S = 15  # from Ctrl-C to the end
IS_ROOT = os.geteuid() == 0

CLASSES = "across,down"
# One quick epoch on the small folder of make_pictures().
QUICK = ["--classes", CLASSES, "--hyperparameter", "epochs=1", "--hyperparameter",
         "num_layers=20", "--hyperparameter", "mini_batch_size=8"]


class Ended:
    """How a program ended."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\nstdout:\n{self.out}\nstderr:\n{self.err}"


class Running:
    """A program in a session of its own. `lines` grows by what it writes on standard error."""

    def __init__(self, arguments, folder, prefix=(), **environment):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(("AWS_", "SCONES"))}
        clean.update(HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"), **environment)
        self.process = subprocess.Popen(
            [*prefix, SCONES, *map(str, arguments)], cwd=folder, env=clean,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        self.session = self.process.pid
        self.lines = []
        self.out = []
        self.readers = [threading.Thread(target=self._read, args=(stream, into)) for stream, into in
                        ((self.process.stderr, self.lines), (self.process.stdout, self.out))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, into):
        for line in stream:
            into.append(line)

    def wait_for(self, text, seconds=PATIENCE_S):
        """Until a line with `text` has been written on either stream."""
        def written():
            if any(text in line for line in self.lines + self.out):
                return True
            if self.process.poll() is not None:
                raise AssertionError(f"ended without writing '{text}':\n{self.end()}")
            return False

        deadline = time.monotonic() + seconds
        while not written():
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"not within {seconds} s: '{text}' in {self.lines}")
            time.sleep(0.005)

    def wait_for_child(self, seconds=PATIENCE_S):
        """Until it runs a program of its own."""
        def has_child():
            if self.process.poll() is not None:
                raise AssertionError(f"ended without a child process:\n{self.end()}")
            return len(processes_of(self.session)) > 1

        harness.wait_until(has_child, seconds, "it runs a program of its own")

    def interrupt(self):
        """Ctrl-C: the terminal signals the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self, seconds=PATIENCE_S):
        """Waits for the end; a program that leaves a process behind fails the test."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"has not ended within {seconds} s: {''.join(self.lines)}") from None
        left = processes_of(self.session)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        assert not left, f"it left processes behind: {left}"
        return Ended(self.process.returncode, "".join(self.out), "".join(self.lines))


def processes_of(session):
    """Living processes of a session, whatever their group."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(int(stat.parent.name))
    return found


class TestCase(unittest.TestCase):
    """A test with a folder of its own, `self.folder`, and the data directory `self.data` in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scones-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"
        self.running = []
        self.addCleanup(self._kill_all)

    def _kill_all(self):
        for running in self.running:
            if running.process.poll() is None:
                running.kill()

    def start(self, *arguments, **options):
        running = Running(arguments, self.folder, **options)
        self.running.append(running)
        return running

    def run_scones(self, *arguments, **options):
        return self.start(*arguments, **options).end()

    def assert_ended(self, ended, status, *texts):
        """The exit status, every text on standard error, and no sign of a crash."""
        self.assertEqual(ended.status, status, str(ended))
        for text in texts:
            self.assertIn(text, ended.err)
        for sign in ("terminate called", "what():", "Sanitizer", "runtime error"):
            self.assertNotIn(sign, ended.err)

    def serve(self, data=None, *arguments, **options):
        """A running server and its URL."""
        server = self.start("serve", "--data-dir", data or self.data, "--port", "0",
                            "--log-level", "error", *arguments, **options)
        server.wait_for("ready at")
        server.url = re.search(r"http://\S+", "".join(server.out)).group()
        return server

    def stop(self, server):
        server.interrupt()
        self.assert_ended(server.end(PROMPT_S), 0)

    def copy_trained(self):
        """The data of trained_folder() as this test's own; the folder of its pictures."""
        shutil.copytree(trained_folder() / "data", self.data)
        return trained_folder() / "pictures"

    def client(self, service, server, data=None):
        handle = harness.Server(SCONES, data or self.data)
        handle.url = server.url
        client = handle.client(service, retries={"max_attempts": 0})
        self.addCleanup(client.close)
        return client

    def assert_nothing_half_done(self, *folders):
        for folder in folders or (self.folder,):
            left = [str(path) for path in pathlib.Path(folder).rglob("*")
                    if path.is_file() and re.search(r"\.(part|partial|tmp|temp)\b", path.name)]
            self.assertEqual(left, [])


def make_pictures(folder, train=8, test=2):
    """A folder of pictures by class that `scones run --dataset` takes."""
    for split, count, first in (("train", train, 0), ("test", test, 100)):
        for label, name in enumerate(CLASSES.split(",")):
            place = folder / split / name
            place.mkdir(parents=True)
            for index in range(count):
                picture = harness.striped_picture(label, first + index)
                (place / f"{name}-{split}-{index}.png").write_bytes(picture)
    return folder


@functools.lru_cache(maxsize=None)
def trained_folder():
    """A folder with `pictures` and `data`, in which one `scones run` has completed. Copy it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scones-cli-trained-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pictures = make_pictures(folder / "pictures")
    ended = Running(["run", "--data-dir", folder / "data", "--dataset", pictures, *QUICK,
                     "--executions", "4"], folder).end()
    assert ended.status == 0, str(ended)
    return folder


def lying_picture(width=32, height=64):
    """A PNG whose header, with the right checksum, promises other pixels than it holds."""
    honest = bytearray(harness.striped_picture(0, 0))
    honest[16:24] = struct.pack(">II", width, height)
    honest[29:33] = struct.pack(">I", zlib.crc32(bytes(honest[12:29])))
    return bytes(honest)
