"""A server that can't start says why and what to do, and starts once that is done."""
import os
import pathlib
import shutil
import signal
import socket
import unittest
import urllib.error
import urllib.request

import program

NOBODY = 65534


class Start(program.TestCase):
    def refused(self, *texts, arguments=(), **options):
        ended = self.run_scones("serve", "--data-dir", self.data, "--port", "0", *arguments,
                                **options)
        self.assert_ended(ended, 1, *texts)
        self.assertEqual(ended.out, "")

    def starts(self):
        server = self.serve()
        self.client("s3", server).list_buckets()
        self.stop(server)

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            ended = self.run_scones("serve", "--data-dir", self.data, "--port", port)
            self.assert_ended(ended, 1, f"127.0.0.1:{port}", "another program already listens",
                              "--port")
        server = self.start("serve", "--data-dir", self.data, "--port", port)
        server.wait_for("ready at")
        self.stop(server)

    def test_an_address_of_another_machine_is_named(self):
        self.refused("192.0.2.1", "address of this machine", arguments=("--address", "192.0.2.1"))
        self.refused("nonsense", arguments=("--address", "nonsense"))
        self.starts()

    def test_a_data_directory_in_use_is_named_with_the_process_that_has_it(self):
        server = self.serve()
        holder = f"(pid {server.process.pid})"
        self.refused(str(self.data), "in use by another scones process", holder, "--data-dir")
        ended = self.run_scones("run", "--data-dir", self.data)
        self.assert_ended(ended, 1, "in use", holder)
        ended = self.run_scones("simulate", "--data-dir", self.data)
        self.assert_ended(ended, 1, "in use", holder)
        self.client("s3", server).create_bucket(Bucket="still-serving")
        server.process.send_signal(signal.SIGKILL)
        server.end()
        self.starts()

    def test_a_data_directory_that_this_user_may_not_write_is_named(self):
        if shutil.which("setpriv") is None:
            self.skipTest("needs setpriv")
        prefix = ()
        if program.IS_ROOT:
            if not os.access(program.SCONES, os.X_OK) or not self.others_may_run_it():
                self.skipTest("the program lies where another user can't run it")
            prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        self.folder.chmod(0o755)
        self.data.mkdir()
        self.data.chmod(0o555)
        self.refused(str(self.data), "Permission denied", prefix=prefix)
        self.data.chmod(0o755)
        self.starts()

    @staticmethod
    def others_may_run_it():
        return all(folder.stat().st_mode & 0o001
                   for folder in pathlib.Path(program.SCONES).resolve().parents)

    def test_a_data_directory_that_is_a_file_is_named(self):
        self.data.write_text("words")
        self.refused(str(self.data))
        self.assertEqual(self.data.read_text(), "words")

    def test_credentials_that_others_may_read_are_refused(self):
        self.starts()
        credentials = self.data / "credentials"
        self.assertEqual(credentials.stat().st_mode & 0o777, 0o600)
        credentials.chmod(0o644)
        self.refused(f"chmod 600 {credentials}")
        credentials.chmod(0o600)
        self.starts()

    def test_credentials_that_make_no_sense_are_refused_and_kept(self):
        self.starts()
        credentials = self.data / "credentials"
        kept = credentials.read_text()
        for text, complaint in (("words\n", "line 1"), ("[default]\nregion = here\n", "no profile"),
                                ("", "no profile")):
            with self.subTest(text):
                credentials.write_text(text)
                self.refused("credentials", complaint)
                self.assertEqual(credentials.read_text(), text)
        credentials.write_text(kept)
        self.starts()

    def test_a_corrupt_database_is_named_and_left_as_it_is(self):
        self.starts()
        database = self.data / "scones.db"
        whole = database.read_bytes()
        for name, content in (("garbage", os.urandom(len(whole))),
                              ("a header only", whole[:4096]),
                              ("a damaged header", b"X" * 100 + whole[100:])):
            with self.subTest(name):
                for log in self.data.glob("scones.db-*"):
                    log.unlink()
                database.write_bytes(content)
                self.refused(str(database))
                self.assertEqual(database.read_bytes(), content)
        database.write_bytes(whole)
        self.starts()

    def test_on_all_addresses_it_still_asks_for_signatures(self):
        server = self.serve(None, "--address", "0.0.0.0")
        port = server.url.rpartition(":")[2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_scones/health") as answer:
            self.assertEqual(answer.status, 200)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
        self.assertEqual(refused.exception.code, 403)
        refused.exception.close()
        self.client("s3", server).list_buckets()
        self.stop(server)


if __name__ == "__main__":
    unittest.main()
