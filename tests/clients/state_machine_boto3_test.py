"""A state machine that trains a network, deploys it and classifies with it, as one writes it for AWS:
createTrainingJob.sync, createModel, createEndpointConfig, createEndpoint, a wait until the endpoint
serves, and a report in the bucket. Its resources are of another account's and region's ARNs. While the
training runs, the server is killed once.

usage: state_machine_boto3_test.py PATH_OF_SCONES
"""
import json
import sys
import time

import boto3

import harness
import workflow_boto3_test as workflow

BUCKET = workflow.BUCKET
NAME = "trained-by-states"


def training_parameters():
    return {
        "TrainingJobName.$": "$.name",
        "AlgorithmSpecification": {"TrainingImage": workflow.IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "HyperParameters": {"image_shape": "3,32,32", "num_classes": "2",
                            "num_training_samples": "64", "num_layers": "20", "epochs": "4",
                            "mini_batch_size": "16", "learning_rate": "0.05"},
        "InputDataConfig": [
            workflow.channel("train", "train/"), workflow.channel("validation", "test/"),
            workflow.channel("train_lst", "train.lst"),
            workflow.channel("validation_lst", "test.lst")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1,
                           "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def task(action, parameters, following, keep=None):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{action}", "Parameters": parameters,
            "ResultPath": f"$.{keep}" if keep else None, "Next": following}


def definition():
    return {"StartAt": "Train", "States": {
        "Train": task("sagemaker:createTrainingJob.sync", training_parameters(), "Model", "job"),
        "Model": task("sagemaker:createModel", {
            "ModelName.$": "$.name", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/sagemaker",
            "PrimaryContainer": {"Image": workflow.IMAGE,
                                 "ModelDataUrl.$": "$.job.ModelArtifacts.S3ModelArtifacts"}},
            "Config"),
        "Config": task("sagemaker:createEndpointConfig", {
            "EndpointConfigName.$": "$.name",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName.$": "$.name",
                                    "InitialInstanceCount": 1, "InstanceType": "ml.m5.xlarge"}]},
            "Endpoint"),
        "Endpoint": task("sagemaker:createEndpoint", {
            "EndpointName.$": "$.name", "EndpointConfigName.$": "$.name"}, "Describe", "endpoint"),
        "Describe": task("aws-sdk:sagemaker:describeEndpoint", {"EndpointName.$": "$.name"},
                         "Serves?", "described"),
        "Serves?": {"Type": "Choice", "Default": "Pause", "Choices": [
            {"Variable": "$.described.EndpointStatus", "StringEquals": "InService",
             "Next": "Report"},
            {"Variable": "$.described.EndpointStatus", "StringEquals": "Failed",
             "Next": "NotServing"}]},
        "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Describe"},
        "NotServing": {"Type": "Fail", "Error": "NotServing"},
        "Report": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject", "Parameters": {
            "Bucket": BUCKET, "Key": "report.json", "ContentType": "application/json",
            "Body": {"endpoint.$": "$.endpoint.EndpointArn",
                     "seconds.$": "$.job.TrainingTimeInSeconds"}}, "End": True},
    }}


def start(server, name):
    states = server.client("stepfunctions")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition()),
                                          roleArn=workflow.ROLE)["stateMachineArn"]
    return states.start_execution(stateMachineArn=machine,
                                  input=json.dumps({"name": name}))["executionArn"]


def history(server, arn):
    pages = server.client("stepfunctions").get_paginator("get_execution_history").paginate(
        executionArn=arn)
    return [event for page in pages for event in page["events"]]


def wait_for_end(server, arn):
    def ended():
        execution = server.client("stepfunctions").describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return harness.wait_until(ended, 180, "the execution has ended")


def check_whole_run(server):
    arn = start(server, NAME)
    harness.wait_until(lambda: any(e["type"] == "TaskSubmitted" for e in history(server, arn)), 60,
                       "the training job is accepted")
    server.kill()
    server.start()
    execution = wait_for_end(server, arn)
    assert execution["status"] == "SUCCEEDED", execution
    types = [event["type"] for event in history(server, arn)]
    assert types.count("TaskSubmitted") == 1, types
    jobs = server.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in jobs] == [NAME], jobs
    report = json.loads(server.client("s3").get_object(Bucket=BUCKET, Key="report.json")["Body"].read())
    assert report["endpoint"].endswith(f"endpoint/{NAME}") and report["seconds"] >= 1, report
    runtime = server.client("sagemaker-runtime")
    right = 0
    for seed in range(10):
        body = harness.striped_picture(seed % 2, 1000 + seed)
        answer = runtime.invoke_endpoint(EndpointName=NAME, ContentType="image/png", Body=body)
        right += json.loads(answer["Body"].read())[seed % 2] > 0.5
    assert right >= 9, f"{right} of 10 right"


def check_name_in_use(server):
    """The same names again: the job's error is the execution's, as on AWS."""
    states = server.client("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    arn = states.start_execution(stateMachineArn=machines[0]["stateMachineArn"],
                                 input=json.dumps({"name": NAME}))["executionArn"]
    execution = wait_for_end(server, arn)
    assert execution["error"] == "SageMaker.ResourceInUseException", execution
    assert "(Service: AmazonSageMaker; Status Code: 400; " in execution["cause"], execution


def check_stop(server):
    """Stopping the execution stops its training job."""
    arn = start(server, "stopped")
    harness.wait_until(lambda: any(e["type"] == "TaskSubmitted" for e in history(server, arn)), 60,
                       "the training job is accepted")
    server.client("stepfunctions").stop_execution(executionArn=arn)

    def status():
        job = server.client("sagemaker").describe_training_job(TrainingJobName="stopped")
        return job["TrainingJobStatus"] == "Stopped"

    harness.wait_until(status, 150, "the training job has stopped")


def check_refused(server):
    states = server.client("stepfunctions")
    refused = {"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {}, "End": True}}}
    try:
        states.create_state_machine(name="refused", definition=json.dumps(refused),
                                    roleArn=workflow.ROLE)
        raise AssertionError("a transform job was taken")
    except states.exceptions.InvalidDefinition as error:
        assert "createTransformJob.sync" in str(error), error


def main():
    print(f"boto3 {boto3.__version__}, Python {sys.version.split()[0]}")
    started = time.monotonic()
    checks = [check_whole_run, check_name_in_use, check_stop, check_refused]
    with harness.running_server(sys.argv[1]) as server:
        workflow.upload_pictures(server)
        for check in checks:
            check(server)
    print(f"{len(checks)} passed, 0 failed in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
