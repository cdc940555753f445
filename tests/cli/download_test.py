"""`scones run --dataset URL` against servers that are slow, break off or change: a download is resumed
where it ended, and never taken for whole when it is not."""
import http.server
import re
import threading
import unittest

import program
from program import harness

# No data set, so that a run ends after the download.
WORDS = b"These are words. " * 100_000
HALF = len(WORDS) // 2


class FileServer(http.server.ThreadingHTTPServer):
    """Serves `content` at every path, ranges too. `stall_at`: how many bytes of it are sent before
    nothing more comes; `break_at`: before the connection ends."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = WORDS
        self.stall_at = self.break_at = None
        self.ignore_range = False
        self.redirect_to = None
        self.ranges = []  # the Range header of each request
        self.stalled = threading.Event()
        self.over = threading.Event()

    def url(self, name="words.tar.gz"):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request, client_address):
        pass  # clients that go away are what is tested


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        if server.redirect_to and not self.path.endswith("/moved"):
            self.send_response(302)
            self.send_header("Location", server.redirect_to)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if "missing" in self.path:
            return self.send_error(404)
        start = 0
        if wanted and not server.ignore_range:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))
            if start >= len(server.content):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        end = server.stall_at or server.break_at or len(server.content)
        self.wfile.write(server.content[start:end])
        if server.stall_at:
            server.stalled.set()
            server.over.wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Download(program.TestCase):
    def setUp(self):
        super().setUp()
        self.server = FileServer()
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()

        def end():
            self.server.over.set()
            self.server.shutdown()
            thread.join()
            self.server.server_close()

        self.addCleanup(end)

    def begin(self, url=None):
        return self.start("run", "--data-dir", self.data, "--dataset", url or self.server.url())

    def cached(self, ending="words.tar.gz"):
        return [path for path in (self.folder / "cache").rglob("*")
                if path.is_file() and path.name.endswith(ending)]

    def interrupt_half_way(self):
        self.server.stall_at = HALF
        running = self.begin()
        harness.wait_until(lambda: any(path.stat().st_size == HALF
                                       for path in self.cached(".part")),
                           program.PATIENCE_S, "half of it is here")
        running.interrupt()
        self.assert_ended(running.end(program.PROMPT_S), 130, "interrupted")
        self.assertEqual(self.cached(), [])
        [part] = self.cached(".part")
        self.server.stall_at = None
        return part

    def completes(self):
        """The whole download, after which the words are refused as a data set."""
        ended = self.begin().end()
        self.assert_ended(ended, 1, f"downloaded {self.server.url()}", "not a data set")
        [file] = self.cached()
        self.assertIn(str(file), ended.err)
        self.assertEqual(file.read_bytes(), self.server.content)
        self.assertEqual(self.cached(".part"), [])

    def test_ctrl_c_while_nothing_comes_keeps_what_is_here_and_the_next_run_resumes(self):
        part = self.interrupt_half_way()
        self.assertEqual(part.read_bytes(), WORDS[:HALF])
        self.completes()
        self.assertEqual(self.server.ranges, [None, f"bytes={HALF}-"])

    def test_a_connection_that_breaks_is_an_error_and_the_next_run_resumes(self):
        self.server.break_at = HALF
        ended = self.begin().end()
        self.assert_ended(ended, 1, self.server.url(), "can't be downloaded")
        self.assertEqual(self.cached(), [])
        self.server.break_at = None
        self.completes()
        self.assertEqual(self.server.ranges, [None, f"bytes={HALF}-"])

    def test_a_part_that_is_whole_or_too_long_already_is_fetched_anew(self):
        for content in (WORDS, WORDS + b"more"):
            with self.subTest(len(content)):
                part = self.interrupt_half_way()
                part.write_bytes(content)
                self.completes()
                self.assertEqual(self.server.ranges[-1], None)
                self.cached()[0].unlink()

    def test_a_server_that_knows_no_ranges_starts_anew(self):
        self.interrupt_half_way()
        self.server.ignore_range = True
        self.completes()

    def test_what_was_downloaded_is_not_fetched_again(self):
        self.completes()
        ended = self.begin().end()
        self.assert_ended(ended, 1, "from the cache", "not a data set")
        self.assertEqual(len(self.server.ranges), 1)

    def test_files_of_one_name_from_two_places_are_two_files(self):
        self.completes()
        self.assert_ended(self.begin(self.server.url("other/words.tar.gz")).end(), 1)
        self.assertEqual(len(self.server.ranges), 2)
        self.assertEqual(len(self.cached()), 2)

    def test_redirects_are_followed_up_to_a_limit(self):
        self.server.redirect_to = self.server.url("moved")
        self.completes()
        self.server.redirect_to = self.server.url("around")
        ended = self.begin(self.server.url("circle")).end()
        self.assert_ended(ended, 1, "too many redirects")

    def test_an_answer_other_than_the_file_is_named_and_leaves_nothing(self):
        ended = self.begin(self.server.url("missing.tar.gz")).end()
        self.assert_ended(ended, 1, self.server.url("missing.tar.gz"), "404")
        self.assertEqual(self.cached(""), [])

    def test_a_server_that_is_not_there_is_named(self):
        with FileServer() as gone:
            url = gone.url()
        self.assert_ended(self.begin(url).end(), 1, url, "can't be downloaded")


if __name__ == "__main__":
    unittest.main()
