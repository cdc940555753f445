"""A real `scones serve` process for client tests, and small pictures to feed it.

Works with the oldest boto3 that is supported (1.26) and with the newest.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

REGION = "us-east-1"
START_SECONDS = 20


class Server:
    """`scones serve` on a free port. `program` is the path of the scones binary."""

    def __init__(self, program, data_dir, *arguments):
        self.arguments = arguments  # of `scones serve`
        self.program = str(program)
        self.data_dir = pathlib.Path(data_dir)
        self.process = None
        self.url = None

    def start(self):
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data_dir.parent / (self.data_dir.name + ".log"), "ab")
        self.process = subprocess.Popen(
            [self.program, "serve", "--data-dir", str(self.data_dir), "--port", "0", *self.arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.process.stdout:
            found = re.search(r"http://[\d.]+:\d+", line)
            if found:
                self.url = found.group()
                return self
        raise RuntimeError(f"the server did not start; see {self.log.name}")

    def kill(self):
        """kill -9, as a crash."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}")
        self.process.stdout.close()
        self.log.close()

    def credentials(self, profile="default"):
        """(access key, secret key) of a profile of the server's credentials file."""
        import configparser

        parser = configparser.ConfigParser()
        parser.read(self.data_dir / "credentials")
        return parser[profile]["aws_access_key_id"], parser[profile]["aws_secret_access_key"]

    def client(self, service, **config):
        import boto3
        from botocore.config import Config

        key, secret = self.credentials()
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url, aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(**{"retries": {"max_attempts": 2}, "read_timeout": 60, **config}))


@contextlib.contextmanager
def running_server(program, *arguments):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scones-client-test-"))
    server = Server(program, folder / "data", *arguments)
    try:
        yield server.start()
        server.stop()
        shutil.rmtree(folder)
    except BaseException:
        print(f"the server's log is in {folder}", flush=True)
        if server.process is not None and server.process.poll() is None:
            server.kill()
        raise


def wait_until(condition, seconds, what):
    """Polls `condition` until it returns something true; that is the result."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def png(pixels, width, height):
    """An RGB PNG of `pixels`, bytes of length width * height * 3."""

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + pixels[y * width * 3:(y + 1) * width * 3] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def striped_picture(label, seed):
    """A 32x32 picture that a small network tells apart at once: stripes across or down."""
    period = 4 + seed % 5
    pixels = bytearray()
    for y in range(32):
        for x in range(32):
            bright = ((x if label else y) // period) % 2
            shade = (seed * 37 + x * 3 + y * 5) % 60
            pixels += bytes((180 * bright + shade, 150 * bright + shade, 120 + shade))
    return png(bytes(pixels), 32, 32)


def find_shared():
    """The folder of recorded behaviour, or None where it is absent."""
    folder = pathlib.Path(os.environ.get("SCONES_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
    return folder if folder.is_dir() else None
