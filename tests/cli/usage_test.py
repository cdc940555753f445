"""What the command line says of itself: help, usage errors, `scones env`."""
import unittest

import program

COMMANDS = ("serve", "run", "simulate", "monitor", "env")


class Usage(program.TestCase):
    def test_without_a_command_it_tells_the_usage(self):
        ended = self.run_scones()
        self.assert_ended(ended, 2, "Usage: scones", *COMMANDS)

    def test_unknown_flags_and_commands_are_named_beside_the_usage(self):
        for arguments in (("--nonsense",), ("bake",), ("run", "--bake"), ("serve", "extra"),
                          ("env", "--port", "1")):
            with self.subTest(arguments):
                self.assert_ended(self.run_scones(*arguments), 2, "Usage: scones", arguments[-1])

    def test_values_out_of_range_are_refused_before_anything_starts(self):
        for arguments, name in ((("run", "--threshold", "1.5"), "--threshold"),
                                (("run", "--executions", "many"), "--executions"),
                                (("run", "--concurrency", "0"), "--concurrency"),
                                (("run", "--hyperparameter", "novalue"), "novalue"),
                                (("run", "--hyperparameter", "=3"), "NAME=VALUE"),
                                (("simulate", "--t", "-1"), "--t"),
                                (("simulate", "--rate", "0"), "--rate"),
                                (("serve", "--port", "70000"), "--port"),
                                (("serve", "--account", "12"), "12 digits"),
                                (("serve", "--log-level", "loud"), "--log-level")):
            with self.subTest(arguments):
                ended = self.run_scones(*arguments, "--data-dir", self.data)
                self.assert_ended(ended, 2, name)
                self.assertFalse(self.data.exists())

    def test_the_help_of_each_command_has_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                ended = self.run_scones(command, "--help")
                self.assert_ended(ended, 0)
                self.assertRegex(ended.out, rf"Examples?:\n(.*\n)*?.*scones {command}")

    def test_help_and_version_end_well(self):
        self.assert_ended(self.run_scones("--help"), 0)
        self.assertRegex(self.run_scones("--version").out, r"^scones \d+\.\d+\.\d+\n$")


class Env(program.TestCase):
    def test_before_any_server_it_says_how_to_start_one(self):
        ended = self.run_scones("env", "--data-dir", self.data)
        self.assert_ended(ended, 1, str(self.data), f"scones serve --data-dir {self.data}")
        self.assertEqual(ended.out, "")
        self.assertFalse(self.data.exists())

    def test_it_prints_exports_that_a_shell_takes(self):
        server = self.serve()
        ended = self.run_scones("env", "--data-dir", self.data)
        self.assert_ended(ended, 0)
        self.assertIn(f"export AWS_ENDPOINT_URL='{server.url}'", ended.out)
        self.assertIn("export AWS_SECRET_ACCESS_KEY='", ended.out)
        self.assertIn("export AWS_DISABLE_HOST_PREFIX_INJECTION=true", ended.out)
        self.stop(server)

    def test_a_profile_that_is_not_there_is_named(self):
        self.stop(self.serve())
        ended = self.run_scones("env", "--data-dir", self.data, "--profile", "nobody")
        self.assert_ended(ended, 1, "nobody", str(self.data))


if __name__ == "__main__":
    unittest.main()
