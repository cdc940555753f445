"""Ctrl-C at any step: the program ends promptly with status 130 (130 = 128 + SIGINT; a server or a
simulation, which are meant to be ended so, with 0), leaves nothing running, and the next run skips
what was done and completes."""
import signal
import socket
import threading
import unittest

import program
from program import harness

STEPS = ("obtain the data", "select and write PNGs", "upload", "training job", "model and endpoint",
         "functions and workflow", "evaluate", "simulation", "charts")
ENDLESS = 1_000_000  # more executions than can end before the signal comes


class InterruptedRun(program.TestCase):
    def run_arguments(self, pictures, *more, executions=4):
        return ("run", "--data-dir", self.data, "--dataset", pictures, *program.QUICK,
                "--executions", executions, *more)

    def assert_interrupted(self, running):
        running.interrupt()
        ended = running.end(program.PROMPT_S)
        self.assert_ended(ended, 130, "interrupted; run it again to go on from here")
        self.assertEqual(ended.out, "")
        return ended

    def test_at_every_step_before_training_ends_and_the_next_run_completes(self):
        pictures = program.make_pictures(self.folder / "pictures")
        for done in STEPS[:3]:
            with self.subTest(f"after '{done}'"):
                running = self.start(*self.run_arguments(pictures))
                running.wait_for(done)
                self.assert_interrupted(running)
        for delay in (0, 0.1, 0.3, 0.6, 1):  # while it loads, and while it writes its log
            with self.subTest(f"{delay} s into the training program"):
                running = self.start(*self.run_arguments(pictures, "--hyperparameter",
                                                         "epochs=1000000"))
                running.wait_for_child()
                threading.Event().wait(delay)
                self.assert_interrupted(running)
        ended = self.run_scones(*self.run_arguments(pictures, "--json"))
        self.assert_ended(ended, 0, f"· {STEPS[0]}", f"· {STEPS[1]}", f"· {STEPS[2]}",
                          *(f"✓ {step}" for step in STEPS[3:]))
        self.assertIn('"test_count":4', ended.out)
        self.assertEqual(list((self.data / "training").iterdir()), [])

    def test_at_every_step_after_training_and_the_next_run_completes(self):
        pictures = self.copy_trained()
        for done in STEPS[3:6]:
            with self.subTest(f"after '{done}'"):
                running = self.start(*self.run_arguments(pictures, executions=ENDLESS))
                running.wait_for(done)
                self.assert_interrupted(running)
        with self.subTest("after 'evaluate'"):
            running = self.start(*self.run_arguments(pictures, executions=ENDLESS))
            running.wait_for(STEPS[6])
            ended = self.assert_interrupted(running)
            self.assertNotIn(STEPS[7], ended.err)
        ended = self.run_scones(*self.run_arguments(pictures))
        self.assert_ended(ended, 0, *(f"· {step}" for step in STEPS[:6]),
                          *(f"✓ {step}" for step in STEPS[6:]))

    def test_during_the_charts_it_ends_interrupted_or_complete(self):
        pictures = self.copy_trained()
        report = self.folder / "report"
        running = self.start(*self.run_arguments(pictures, "--report", report))
        running.wait_for(STEPS[7])
        running.interrupt()
        ended = running.end(program.PROMPT_S)
        self.assertIn(ended.status, (0, 130), str(ended))
        self.assertEqual((report / "index.html").exists(), ended.status == 0)

    def test_while_pictures_are_drawn_nothing_half_drawn_stays(self):
        running = self.start("run", "--data-dir", self.data, "--dataset", "generator")
        harness.wait_until((self.data / "address").exists, program.PATIENCE_S, "it has begun")
        self.assert_interrupted(running)
        self.assertEqual([path for path in (self.folder / "cache").rglob("*") if path.is_file()], [])

    def test_while_a_server_gives_no_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            running = self.start(
                "run", "--endpoint-url", f"http://127.0.0.1:{silent.getsockname()[1]}", "--dataset",
                program.make_pictures(self.folder / "pictures"), *program.QUICK, "--data-dir",
                self.data, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
            connection, _ = silent.accept()
            with connection:
                self.assert_interrupted(running)

    def test_a_second_ctrl_c_ends_it_at_once(self):
        pictures = self.copy_trained()
        running = self.start(*self.run_arguments(pictures, executions=ENDLESS))
        running.wait_for(STEPS[6])
        running.interrupt()
        running.interrupt()
        self.assertEqual(running.end(program.PROMPT_S).status, 130)
        self.assert_ended(self.run_scones(*self.run_arguments(pictures)), 0)


class InterruptedSimulation(program.TestCase):
    def test_it_prints_the_summary_and_ends_well(self):
        self.copy_trained()
        running = self.start("simulate", "--data-dir", self.data, "--t", "10", "--rate", "50",
                             "--json")
        harness.wait_until((self.data / "address").exists, program.PATIENCE_S, "it has begun")
        threading.Event().wait(1)  # so that there may be something to sum up
        running.interrupt()
        ended = running.end(program.PROMPT_S)
        self.assert_ended(ended, 0, "simulate", "succeeded", "below", "errors")
        self.assertIn('"latency_ms"', ended.out.splitlines()[-1])


class InterruptedServer(program.TestCase):
    def test_ctrl_c_and_sigterm_end_it_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                server = self.serve()
                server.process.send_signal(number)
                self.assert_ended(server.end(program.PROMPT_S), 0)

    def test_a_training_job_under_way_is_taken_up_again_by_the_next_server(self):
        self.copy_trained()
        server = self.serve()
        sagemaker = self.client("sagemaker", server)
        name = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
        job = sagemaker.describe_training_job(TrainingJobName=name)
        sagemaker.create_training_job(
            TrainingJobName="endless", HyperParameters={**job["HyperParameters"], "epochs": "100000"},
            **{part: job[part] for part in ("RoleArn", "AlgorithmSpecification", "InputDataConfig",
                                            "OutputDataConfig", "ResourceConfig",
                                            "StoppingCondition")})
        server.wait_for_child()
        self.stop(server)
        server = self.serve()
        sagemaker = self.client("sagemaker", server)
        job = sagemaker.describe_training_job(TrainingJobName="endless")
        self.assertEqual(job["TrainingJobStatus"], "InProgress")
        self.stop(server)


if __name__ == "__main__":
    unittest.main()
