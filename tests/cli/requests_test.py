"""Requests that can't be right, sent to a real server: each is refused with the place and the reason,
and the server goes on serving."""
import json
import unittest

import botocore.exceptions

import program
from program import harness

ENDPOINT = "scones-classify"
ROLE = "arn:aws:iam::000000000000:role/tester"


class WrongRequests(program.TestCase):
    """One server with what `scones run` has made, for every test."""

    @classmethod
    def setUpClass(cls):
        cls.shared = program.TestCase("copy_trained")
        cls.shared.setUp()
        cls.shared.copy_trained()
        cls.server = cls.shared.serve()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.shared.stop(cls.server)
        finally:
            cls.shared.doCleanups()

    def connect(self, service):
        return self.client(service, self.server, self.shared.data)

    def refusal(self, call, *arguments, **parameters):
        with self.assertRaises(botocore.exceptions.ClientError) as refused:
            call(*arguments, **parameters)
        return refused.exception.response


class Training(WrongRequests):
    def template(self, sagemaker):
        """The parts of the job that `scones run` made."""
        name = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return {part: job[part] for part in (
            "RoleArn", "AlgorithmSpecification", "HyperParameters", "InputDataConfig",
            "OutputDataConfig", "ResourceConfig", "StoppingCondition")}

    def fails(self, name, list_text):
        """The FailureReason of a job whose train_lst is `list_text`."""
        sagemaker = self.connect("sagemaker")
        template = self.template(sagemaker)
        bucket = template["OutputDataConfig"]["S3OutputPath"].split("/")[2]
        key = f"wrong/{name}.lst"
        self.connect("s3").put_object(Bucket=bucket, Key=key, Body=list_text.encode())
        for channel in template["InputDataConfig"]:
            if channel["ChannelName"] == "train_lst":
                channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{bucket}/{key}"
        sagemaker.create_training_job(TrainingJobName=name, **template)

        def ended():
            job = sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] != "InProgress" else None

        job = harness.wait_until(ended, program.PATIENCE_S, f"{name} has ended")
        self.assertEqual(job["TrainingJobStatus"], "Failed")
        harness.wait_until(lambda: not list((self.shared.data / "training").iterdir()),
                           program.PATIENCE_S, "the job's folder is removed")
        return job["FailureReason"]

    def test_a_list_that_names_a_missing_picture_fails_with_line_and_picture(self):
        reason = self.fails("missing-picture", "0\t0\tacross-train-0.png\n1\t1\tnowhere.png\n")
        self.assertIn("ClientError", reason)
        self.assertIn("missing-picture.lst line 2", reason)
        self.assertIn("nowhere.png", reason)
        self.assertIn("channel train has no such picture", reason)

    def test_a_list_that_leads_out_of_its_folder_fails_with_line_and_path(self):
        reason = self.fails("leads-out", "0\t0\t../../../../credentials\n")
        self.assertIn("ClientError", reason)
        self.assertIn("line 1", reason)
        self.assertIn("../../../../credentials", reason)


class Inference(WrongRequests):
    def refused(self, body, content_type, *texts):
        runtime = self.connect("sagemaker-runtime")
        response = self.refusal(runtime.invoke_endpoint, EndpointName=ENDPOINT, Body=body,
                                ContentType=content_type)
        self.assertIn(response["ResponseMetadata"]["HTTPStatusCode"], range(400, 500))
        for text in texts:
            self.assertIn(text, response["Error"]["Message"])
        answer = runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="image/png",
                                         Body=harness.striped_picture(0, 0))
        self.assertEqual(len(json.loads(answer["Body"].read())), 2)

    def test_a_png_that_lies_about_its_size(self):
        self.refused(program.lying_picture(32, 64), "image/png", "32x64")
        self.refused(program.lying_picture(2**31 - 1, 2**31 - 1), "image/png", "(400)")
        self.refused(program.lying_picture(0, 0), "image/png", "(400)")

    def test_a_png_that_is_cut_short_anywhere(self):
        whole = harness.striped_picture(0, 0)
        for length in (1, 8, 20, 33, len(whole) // 2, len(whole) - 13):
            with self.subTest(length):
                self.refused(whole[:length], "image/png", "(400)")

    def test_a_body_that_is_empty_or_no_picture(self):
        self.refused(b"", "image/png", "empty")
        self.refused(b"words", "image/png", "neither a PNG nor a JPEG")

    def test_a_content_type_that_is_not_supported(self):
        self.refused(harness.striped_picture(0, 0), "text/plain", "'text/plain'", "image/png")

    def test_a_body_beyond_the_limit(self):
        self.refused(bytes(27 << 20), "image/png", "larger than")

    def test_an_endpoint_that_is_not_there_is_named(self):
        response = self.refusal(self.connect("sagemaker-runtime").invoke_endpoint,
                                EndpointName="nobody", Body=b"x", ContentType="image/png")
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertIn("nobody", response["Error"]["Message"])


PASS = {"Type": "Pass", "End": True}
DONE = {"Type": "Succeed"}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"}, "End": True}


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


# Name: the document, and what the refusal must name.
WRONG_DOCUMENTS = {
    "no JSON": ('{"StartAt": "A",\n "States": {"A": {"Type": "Succeed"}}', ("line: 2, column:",)),
    "no start": ({"States": {"A": DONE}}, ("[StartAt] at /",)),
    "no states": ({"StartAt": "A"}, ("[States] at /",)),
    "a start that is no state": ({"StartAt": "B", "States": {"A": DONE}}, ("B at /StartAt",)),
    "a next that is no state": (machine(A={"Type": "Pass", "Next": "Nowhere"}),
                                ("Nowhere at /States/A/Next",)),
    "neither next nor end": (machine(A={"Type": "Pass"}), ("[Next] or [End] at /States/A",)),
    "an unknown type": (machine(A={"Type": "Bake"}), ("at /States/A/Type",)),
    "seconds in words": (machine(A={"Type": "Wait", "Seconds": "soon", "End": True}),
                         ("at /States/A/Seconds",)),
    "a path that is none": (machine(A={**PASS, "InputPath": "x.y"}), ("at /States/A/InputPath",)),
    "a retry of nothing": (machine(A={**TASK, "Retry": [{"ErrorEquals": []}]}),
                           ("at /States/A/Retry[0]/ErrorEquals",)),
    "a comparison with a wrong type": (
        machine(A={"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": "one",
                                                  "Next": "B"}]}, B=DONE),
        ("at /States/A/Choices[0]/NumericEquals",)),
    "faults deep inside": (
        machine(P={"Type": "Parallel", "End": True,
                   "Branches": [machine(X=PASS), machine(Y={"Type": "Task", "End": True})]}),
        ("[Resource] at /States/P/Branches[1]/States/Y",)),
    "brackets without end": ("[" * 100_000, ("INVALID_JSON",)),
}


class StateMachines(WrongRequests):
    def test_a_wrong_document_is_refused_naming_the_exact_place(self):
        states = self.connect("stepfunctions")
        for name, (document, places) in WRONG_DOCUMENTS.items():
            with self.subTest(name):
                text = document if isinstance(document, str) else json.dumps(document)
                response = self.refusal(states.create_state_machine, name="wrong", roleArn=ROLE,
                                        definition=text)
                self.assertEqual(response["Error"]["Code"], "InvalidDefinition")
                for place in places:
                    self.assertIn(place, response["Error"]["Message"])
                self.assertLess(len(response["Error"]["Message"]), 2000)
        names = [made["name"] for made in states.list_state_machines()["stateMachines"]]
        self.assertNotIn("wrong", names)


if __name__ == "__main__":
    unittest.main()
