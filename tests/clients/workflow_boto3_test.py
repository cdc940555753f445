"""The whole workflow through boto3 against a real server: from CreateBucket to the capture files.

usage: workflow_boto3_test.py PATH_OF_SCONES
"""
import base64
import io
import json
import pathlib
import sys
import time
import zipfile

import boto3
from botocore.exceptions import ClientError

import harness

BUCKET = "workflow-test"
ROLE = "arn:aws:iam::000000000000:role/workflow"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ENDPOINT = "stripes-endpoint"
HANDLERS = {
    "serializerImageData": "user_functions.serialize_image",
    "imageClassificationInference": "user_functions.classify_image",
    "filterLowConfidencePredictions": "user_functions.filter_inferences",
}


def upload_pictures(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for split, count in (("train", 64), ("test", 16)):
        lines = []
        for index in range(count):
            name = f"picture_{index:03}.png"
            s3.put_object(Bucket=BUCKET, Key=f"{split}/{name}",
                          Body=harness.striped_picture(index % 2, index), ContentType="image/png")
            lines.append(f"{index}\t{index % 2}\t{name}")
        s3.put_object(Bucket=BUCKET, Key=f"{split}.lst", Body=("\n".join(lines) + "\n").encode())
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="train/")
    assert listed["KeyCount"] == 64, listed["KeyCount"]


def channel(name, key):
    return {
        "ChannelName": name, "ContentType": "application/x-image", "CompressionType": "None",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{key}",
                                        "S3DataDistributionType": "FullyReplicated"}}}


def train(server):
    sagemaker = server.client("sagemaker")
    sagemaker.create_training_job(
        TrainingJobName="stripes",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": "64",
                         "num_layers": "20", "epochs": "4", "mini_batch_size": "16",
                         "learning_rate": "0.05"},
        InputDataConfig=[channel("train", "train/"), channel("validation", "test/"),
                         channel("train_lst", "train.lst"), channel("validation_lst", "test.lst")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600})
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="stripes", WaiterConfig={"Delay": 1, "MaxAttempts": 180})
    job = sagemaker.describe_training_job(TrainingJobName="stripes")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingTimeInSeconds"] >= 1
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]][-1] == "Completed"
    logs = server.client("logs")
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs",
                                        logStreamNamePrefix="stripes/")["logStreams"]
    events = logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs",
                                 logStreamName=streams[0]["logStreamName"], startFromHead=True)
    assert any("Validation-accuracy" in event["message"] for event in events["events"])
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def deploy(server, artifact):
    sagemaker = server.client("sagemaker")
    sagemaker.create_model(ModelName="stripes", ExecutionRoleArn=ROLE,
                           PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artifact})
    sagemaker.create_endpoint_config(
        EndpointConfigName="stripes",
        ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": "stripes",
                             "InitialInstanceCount": 1, "InstanceType": "ml.m5.xlarge"}],
        DataCaptureConfig={"EnableCapture": True, "InitialSamplingPercentage": 100,
                           "DestinationS3Uri": f"s3://{BUCKET}/captured",
                           "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]})
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="stripes")
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def classify(server):
    runtime = server.client("sagemaker-runtime")
    right = 0
    for seed in range(20):
        body = harness.striped_picture(seed % 2, 1000 + seed)
        response = runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="image/png", Body=body)
        probabilities = json.loads(response["Body"].read())
        assert len(probabilities) == 2 and abs(sum(probabilities) - 1) < 1e-3, probabilities
        right += probabilities[seed % 2] > 0.5
    assert right >= 18, f"{right} of 20 right"
    try:
        runtime.invoke_endpoint(EndpointName="nowhere", ContentType="image/png", Body=b"x")
        raise AssertionError("an unknown endpoint answered")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationError", error


def create_functions(server):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(pathlib.Path(__file__).with_name("user_functions.py"), "user_functions.py")
    functions = server.client("lambda")
    for name, handler in HANDLERS.items():
        functions.create_function(
            FunctionName=name, Runtime="python3.11", Role=ROLE, Handler=handler, Timeout=60,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"ENDPOINT_NAME": ENDPOINT, "THRESHOLD": "0.5"}})
        functions.get_waiter("function_active_v2").wait(FunctionName=name)


def state_machine_definition():
    shared = harness.find_shared()
    if shared is None:
        print("note: the recorded state machine is absent; using one of our own")
        tasks = list(HANDLERS)
        states = {name: {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                         "OutputPath": "$.Payload",
                         "Parameters": {"FunctionName": name, "Payload.$": "$"},
                         **({"Next": tasks[i + 1]} if i + 1 < len(tasks) else {"End": True})}
                  for i, name in enumerate(tasks)}
        return json.dumps({"StartAt": tasks[0], "States": states})
    return (shared / "corpus/scones/state-machine.json").read_text()


def run_executions(server):
    states = server.client("stepfunctions")
    machine = states.create_state_machine(name="classify", roleArn=ROLE,
                                          definition=state_machine_definition())["stateMachineArn"]
    inputs = {"image_data": "", "s3_bucket": BUCKET, "s3_key": "test/picture_003.png"}
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(inputs))["executionArn"]

    def ended():
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution = harness.wait_until(ended, 60, "the execution has ended")
    assert execution["status"] == "SUCCEEDED", execution
    body = json.loads(json.loads(execution["output"])["body"])
    assert body["s3_key"] == inputs["s3_key"] and len(body["inferences"]) == 2, body
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    assert [e["type"] for e in events][:4] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted"]
    assert sum(e["type"] == "TaskSucceeded" for e in events) == 3
    assert events[-1]["type"] == "ExecutionSucceeded"

    server.client("lambda").update_function_configuration(
        FunctionName="filterLowConfidencePredictions",
        Environment={"Variables": {"THRESHOLD": "1.01"}})
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(inputs))["executionArn"]
    execution = harness.wait_until(ended, 60, "the second execution has ended")
    assert execution["status"] == "FAILED" and "THRESHOLD_CONFIDENCE_NOT_MET" in execution["cause"]
    return machine


def check_restart(server, machine):
    """Everything is there again after a crash, the endpoint serving at once."""
    server.kill()
    server.start()
    classify(server)
    listed = server.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert sorted(e["status"] for e in listed) == ["FAILED", "SUCCEEDED"], listed
    assert len(server.client("lambda").list_functions()["Functions"]) == 3


def check_capture(server):
    s3 = server.client("s3")

    def captured():
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"captured/{ENDPOINT}/AllTraffic/")
        records = [json.loads(line) for item in listed.get("Contents", [])
                   for line in s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].iter_lines()]
        return records if len(records) >= 42 else None

    records = harness.wait_until(captured, 100, "42 inferences are captured")
    data = records[0]["captureData"]
    assert data["endpointInput"]["observedContentType"] == "image/png", data
    output = data["endpointOutput"]
    assert output["encoding"] == "BASE64", output
    assert len(json.loads(base64.b64decode(output["data"]))) == 2, output
    assert records[0]["eventVersion"] == "0" and records[0]["eventMetadata"]["eventId"]
    assert len({record["eventMetadata"]["eventId"] for record in records}) == len(records)


def main():
    print(f"boto3 {boto3.__version__}, Python {sys.version.split()[0]}")
    steps = 0
    with harness.running_server(sys.argv[1], "--capture-file-age", "3") as server:
        started = time.monotonic()
        upload_pictures(server)
        deploy(server, train(server))
        classify(server)
        create_functions(server)
        machine = run_executions(server)
        check_restart(server, machine)
        check_capture(server)
        steps = 7
        print(f"the whole workflow: {time.monotonic() - started:.1f} s")
    print(f"{steps} passed, 0 failed")


if __name__ == "__main__":
    main()
