"""kill -9 at random moments under load: nothing that was acknowledged may be lost or torn, and no
step of an execution recorded twice.

usage: kill_test.py PATH_OF_SCONES [ROUNDS] [SEED]
"""
import hashlib
import io
import json
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402

BUCKET = "crash"
ROLE = "arn:aws:iam::000000000000:role/crash"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
WRITERS, STARTERS = 4, 3
SIZES = (0, 10, 4096, 70_000, 300_000)  # in the database and in files
TASKS = ("One", "Two", "Three")


def content(key, version):
    """The bytes that `version` of `key` must have."""
    size = SIZES[version % len(SIZES)] + len(key)
    block = hashlib.sha256(f"{key}:{version}".encode()).digest()
    return (block * (size // len(block) + 1))[:size]


class Record:
    """What the clients know: the last acknowledged and the last attempted version of each key, and
    which executions and jobs were acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}
        self.attempted = {}
        self.executions = {}
        self.jobs = set()
        self.puts = 0
        self.faults = []


class Load:
    """Clients that write and start executions until told to end. Their errors are expected: the
    server is killed under them."""

    def __init__(self, server, record, machine, round_number):
        self.server, self.record, self.machine = server, record, machine
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(round_number, i))
                        for i in range(WRITERS)]
        self.threads += [threading.Thread(target=self.execute, args=(round_number, i))
                         for i in range(STARTERS)]
        self.threads.append(threading.Thread(target=self.train, args=(round_number,)))
        for thread in self.threads:
            thread.start()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def client(self, service):
        return self.server.client(service, retries={"max_attempts": 0}, connect_timeout=1,
                                  read_timeout=5)

    def write(self, round_number, worker):
        s3 = self.client("s3")
        count = 0
        while not self.ending.is_set():
            # Each key belongs to one writer; every third write replaces an object of before.
            key = f"w{worker}/{count if count % 3 else 0}"
            count += 1
            with self.record.lock:
                version = self.record.attempted.get(key, -1) + 1
                self.record.attempted[key] = version
            try:
                s3.put_object(Bucket=BUCKET, Key=key, Body=content(key, version),
                              Metadata={"version": str(version)})
            except Exception:
                return
            with self.record.lock:
                self.record.acknowledged[key] = version
                self.record.puts += 1

    def execute(self, round_number, worker):
        states = self.client("stepfunctions")
        count = 0
        while not self.ending.is_set():
            name = f"r{round_number}-{worker}-{count}"
            count += 1
            try:
                arn = states.start_execution(
                    stateMachineArn=self.machine, name=name,
                    input=json.dumps({"body": {"inferences": [0.99, 0.01], "name": name}}))
            except Exception:
                return
            with self.record.lock:
                self.record.executions[arn["executionArn"]] = name

    def train(self, round_number):
        name = f"job-{round_number}"
        try:
            create_job(self.client("sagemaker"), name, "nothing-here/")
        except Exception:
            return
        with self.record.lock:
            self.record.jobs.add(name)


def create_job(sagemaker, name, prefix, **hyperparameters):
    def channel(channel_name, key):
        return {"ChannelName": channel_name, "ContentType": "application/x-image",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
                                                "S3Uri": f"s3://{BUCKET}/{key}"}}}

    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": "16",
                         "num_layers": "20", "epochs": "1", "mini_batch_size": "16",
                         **hyperparameters},
        InputDataConfig=[channel("train", prefix + "train/"), channel("validation", prefix + "train/"),
                         channel("train_lst", prefix + "train.lst"),
                         channel("validation_lst", prefix + "train.lst")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300})


def set_up_endpoint(server):
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    lines = []
    for index in range(16):
        s3.put_object(Bucket=BUCKET, Key=f"pictures/train/p{index}.png",
                      Body=harness.striped_picture(index % 2, index))
        lines.append(f"{index}\t{index % 2}\tp{index}.png\n")
    s3.put_object(Bucket=BUCKET, Key="pictures/train.lst", Body="".join(lines).encode())
    create_job(sagemaker, "model", "pictures/")

    def trained():
        job = sagemaker.describe_training_job(TrainingJobName="model")
        return job if job["TrainingJobStatus"] != "InProgress" else None

    job = harness.wait_until(trained, 120, "the model is trained")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={
        "Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]})
    sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[
        {"VariantName": "v", "ModelName": "model", "InitialInstanceCount": 1,
         "InstanceType": "ml.m5.large"}])
    sagemaker.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName="endpoint", WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def set_up_machine(server):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", "def pass_on(event, context):\n    return event\n")
    server.client("lambda").create_function(
        FunctionName="pass-on", Runtime="python3.11", Role=ROLE, Handler="handler.pass_on",
        Code={"ZipFile": archive.getvalue()}, Timeout=30)
    states = {}
    for task, following in zip(TASKS, TASKS[1:] + ("Pause",)):
        states[task] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                        "OutputPath": "$.Payload", "Next": following,
                        "Parameters": {"FunctionName": "pass-on", "Payload.$": "$"},
                        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1,
                                   "MaxAttempts": 10}]}
    states["Pause"] = {"Type": "Wait", "Seconds": 1, "End": True}
    return server.client("stepfunctions").create_state_machine(
        name="chain", roleArn=ROLE,
        definition=json.dumps({"StartAt": TASKS[0], "States": states}))["stateMachineArn"]


def check_objects(server, record):
    s3 = server.client("s3")
    for key, acknowledged in record.acknowledged.items():
        object_ = s3.get_object(Bucket=BUCKET, Key=key)
        body = object_["Body"].read()
        version = int(object_["Metadata"]["version"])
        if not acknowledged <= version <= record.attempted[key]:
            record.faults.append(f"{key}: version {version}, but {acknowledged} was acknowledged")
        elif body != content(key, version):
            record.faults.append(f"{key}: torn body of version {version}")
        elif object_["ETag"].strip('"') != hashlib.md5(body).hexdigest():
            record.faults.append(f"{key}: wrong ETag")
        record.acknowledged[key] = version
    listed = {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="w")
              for o in page.get("Contents", [])}
    record.faults += [f"{key}: not listed" for key in record.acknowledged if key not in listed]


def check_jobs_and_endpoint(server, record):
    sagemaker = server.client("sagemaker")
    for job in record.jobs:
        sagemaker.describe_training_job(TrainingJobName=job)
    if sagemaker.describe_endpoint(EndpointName="endpoint")["EndpointStatus"] != "InService":
        record.faults.append("the endpoint is not in service after a restart")
    server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="endpoint", ContentType="image/png", Body=harness.striped_picture(0, 1))


def check_execution(states, arn, name, record):
    def ended():
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution = harness.wait_until(ended, 120, f"{name} has ended")
    if execution["status"] != "SUCCEEDED":
        record.faults.append(f"{name}: {execution['status']} {execution.get('cause')}")
        return
    if json.loads(execution["output"])["body"]["name"] != name:
        record.faults.append(f"{name}: another's output")
    events = [e for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)
              for e in page["events"]]
    if [e["id"] for e in events] != list(range(1, len(events) + 1)):
        record.faults.append(f"{name}: event ids are not 1..n")
    for kind, expected in (("TaskStateExited", list(TASKS)), ("WaitStateExited", ["Pause"])):
        names = [e["stateExitedEventDetails"]["name"] for e in events if e["type"] == kind]
        if names != expected:
            record.faults.append(f"{name}: {kind} of {names}")
    if sum(e["type"] == "TaskSucceeded" for e in events) != len(TASKS):
        record.faults.append(f"{name}: a task's result is recorded twice or not at all")


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    print(f"{rounds} rounds, seed {seed}", flush=True)
    chance = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scones-crash-test-"))
    server = harness.Server(program, folder / "data").start()
    record, restarts = Record(), []
    try:
        server.client("s3").create_bucket(Bucket=BUCKET)
        set_up_endpoint(server)
        machine = set_up_machine(server)
        for number in range(rounds):
            load = Load(server, record, machine, number)
            time.sleep(chance.uniform(0.05, 1.0))
            server.kill()
            load.end()
            started = time.monotonic()
            server.start()
            restarts.append(time.monotonic() - started)
            check_jobs_and_endpoint(server, record)
            if number % 5 == 4 or number == rounds - 1:
                check_objects(server, record)
        states = server.client("stepfunctions")
        for arn, name in record.executions.items():
            check_execution(states, arn, name, record)
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()
    for fault in record.faults[:20]:
        print("FAULT", fault)
    restarts.sort()
    print(f"{record.puts} acknowledged PUTs, {len(record.executions)} executions, "
          f"{len(record.jobs)} jobs; restart median {restarts[len(restarts) // 2] * 1000:.0f} ms, "
          f"worst {restarts[-1] * 1000:.0f} ms")
    print(f"{rounds if not record.faults else 0} passed, {len(record.faults)} failed")
    if not record.faults:
        shutil.rmtree(folder)
    sys.exit(1 if record.faults else 0)


if __name__ == "__main__":
    main()
