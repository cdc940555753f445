"""A full disk: what can't be written is refused with a clear error, what was there stays whole, the
server stays up and goes on as soon as there is room."""
import os
import subprocess
import unittest
import urllib.request

import botocore.exceptions

import program

SIZE_MB = 24
BUCKET = "things"
KEPT = b"the old version " * 10_000  # large enough for a file of its own


class FullDisk(program.TestCase):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.data = self.disk / "data"
        if not program.IS_ROOT:
            self.skipTest("needs root to mount a small file system")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "scones-test",
                                  str(self.disk)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"can't mount a small file system: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.disk)], check=True)

    def fill(self):
        """Takes every free byte, in a file outside the data directory."""
        with open(self.disk / "filler", "ab", buffering=0) as filler:
            for piece in (1 << 20, 4096, 1):
                while True:
                    try:
                        filler.write(b"x" * piece)
                    except OSError:
                        break

    def free(self):
        (self.disk / "filler").unlink()

    def test_a_server_does_not_start_and_starts_once_there_is_room(self):
        self.fill()
        ended = self.run_scones("serve", "--data-dir", self.data, "--port", "0")
        self.assert_ended(ended, 1, "disk is full", str(self.disk))
        self.assert_nothing_half_done(self.disk)
        self.free()
        server = self.serve()
        self.client("s3", server).create_bucket(Bucket=BUCKET)
        self.stop(server)

    def test_a_server_with_data_starts_again_once_there_is_room(self):
        server = self.serve()
        s3 = self.client("s3", server)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="kept", Body=KEPT)
        self.stop(server)
        self.fill()
        ended = self.run_scones("serve", "--data-dir", self.data, "--port", "0")
        self.assert_ended(ended, 1, "disk is full")
        self.assert_nothing_half_done(self.disk)
        self.free()
        server = self.serve()
        s3 = self.client("s3", server)
        self.assertEqual(s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read(), KEPT)
        self.stop(server)

    def put_until_full(self, s3, size):
        """Puts objects of `size` until one is refused: the keys stored and the refusal."""
        stored = []
        while True:
            key = f"{size}-{len(stored)}"
            try:
                s3.put_object(Bucket=BUCKET, Key=key, Body=os.urandom(size))
            except botocore.exceptions.ClientError as refusal:
                return stored, refusal.response
            stored.append(key)
            self.assertLess(len(stored), 2 * SIZE_MB * (1 << 20) // size)

    def test_objects_are_refused_whole_and_the_server_goes_on(self):
        server = self.serve()
        s3 = self.client("s3", server)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="kept", Body=KEPT)
        (self.disk / "filler").write_bytes(bytes(6 << 20))  # what free() gives back at least
        large, refusal = self.put_until_full(s3, 1 << 20)
        self.check_refusal(refusal)
        self.fill()  # for the rest, which small rows might still find
        small, refusal = self.put_until_full(s3, 20_000)
        self.check_refusal(refusal)
        with self.assertRaises(botocore.exceptions.ClientError) as refused:
            s3.put_object(Bucket=BUCKET, Key="kept", Body=b"new" * 100_000)
        self.check_refusal(refused.exception.response)
        with urllib.request.urlopen(f"{server.url}/_scones/health") as answer:
            self.assertEqual(answer.status, 200)
        self.check_contents(s3, large + small)

        self.free()
        s3.put_object(Bucket=BUCKET, Key="after", Body=b"there is room again")
        self.stop(server)
        server = self.serve()
        self.check_contents(self.client("s3", server), large + small + ["after"])
        self.stop(server)
        objects = [path for path in (self.data / "objects").rglob("*") if path.is_file()]
        self.assertEqual(len(objects), len(large) + 1)  # and `kept`: no orphans

    def check_refusal(self, response):
        self.assertIn(response["ResponseMetadata"]["HTTPStatusCode"], (503, 507))
        self.assertIn("disk is full", response["Error"]["Message"])

    def check_contents(self, s3, keys):
        self.assertEqual(s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read(), KEPT)
        listed = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        self.assertEqual(sorted(listed), sorted(keys + ["kept"]))

    def test_a_run_says_so_and_completes_the_same_step_later(self):
        pictures = program.make_pictures(self.folder / "pictures")
        arguments = ("run", "--data-dir", self.data, "--dataset", pictures, "--classes",
                     program.CLASSES, "--hyperparameter", "num_layers=21")
        self.stop(self.serve())
        self.fill()
        ended = self.run_scones(*arguments)
        self.assert_ended(ended, 1, "disk is full")
        self.free()
        # A wrong hyperparameter ends it after the steps that write, without a training.
        ended = self.run_scones(*arguments)
        self.assert_ended(ended, 1, "✓ upload", "num_layers")


if __name__ == "__main__":
    unittest.main()
