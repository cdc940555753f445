"""Triggers through boto3 against a real server: rules, S3 notifications, schedules, a crash.

usage: events_boto3_test.py PATH_OF_SCONES
"""
import io
import json
import sys
import zipfile

import boto3
from botocore.exceptions import ClientError

import harness

BUCKET = "trigger-test"
ROLE = "arn:aws:iam::000000000000:role/workflow"
# As a template for AWS has it: another account, another region.
FOREIGN = "arn:aws:states:eu-central-1:123456789012:stateMachine:on-upload"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
KEEP_EVENT = '''
import json, os, boto3
def handle(event, context):
    for record in event["Records"]:
        boto3.client("s3").put_object(
            Bucket=os.environ["KEPT_IN"], Key=record["s3"]["object"]["sequencer"],
            Body=json.dumps(record))
'''


def expect_error(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"no {code}")


def executions(server, machine, count):
    """The inputs of the machine's executions, once `count` have succeeded."""
    states = server.client("stepfunctions")

    def all_there():
        listed = states.list_executions(stateMachineArn=machine,
                                        statusFilter="SUCCEEDED")["executions"]
        return listed if len(listed) >= count else None

    listed = harness.wait_until(all_there, 30, f"{count} executions of {machine}")
    assert len(listed) == count, listed
    return {item["name"]: json.loads(states.describe_execution(
        executionArn=item["executionArn"])["input"]) for item in listed}


def rules_are_kept(server):
    events = server.client("events")
    arn = events.put_rule(Name="uploads", Description="d", Tags=[{"Key": "k", "Value": "v"}],
                          EventPattern=json.dumps({
                              "source": ["aws.s3"], "detail-type": ["Object Created"],
                              "detail": {"bucket": {"name": [BUCKET]},
                                         "object": {"key": [{"prefix": "in/"}]}}}))["RuleArn"]
    assert arn.endswith(":rule/uploads"), arn
    answer = events.put_targets(Rule="uploads", Targets=[
        {"Id": "machine", "Arn": FOREIGN, "RoleArn": ROLE,
         "InputTransformer": {"InputPathsMap": {"k": "$.detail.object.key",
                                                "b": "$.detail.bucket.name",
                                                "s": "$.detail.object.size"},
                              "InputTemplate": '{"s3_bucket": "<b>", "s3_key": <k>, "size": <s>}'}}])
    assert answer["FailedEntryCount"] == 0, answer
    described = events.describe_rule(Name="uploads")
    assert described["State"] == "ENABLED" and described["Description"] == "d", described
    listed = events.list_targets_by_rule(Rule="uploads")["Targets"]
    assert listed[0]["InputTransformer"]["InputPathsMap"]["k"] == "$.detail.object.key", listed
    assert events.list_rule_names_by_target(TargetArn=FOREIGN)["RuleNames"] == ["uploads"]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [b["Name"] for b in events.list_event_buses()["EventBuses"]] == ["default"]
    assert events.describe_event_bus()["Arn"].endswith(":event-bus/default")

    expect_error("ResourceNotFoundException", events.describe_rule, Name="none")
    expect_error("ResourceNotFoundException", events.put_rule, Name="x", EventBusName="mine",
                 ScheduleExpression="rate(1 minute)")
    expect_error("ValidationException", events.put_rule, Name="x", ScheduleExpression="rate(1 hours)")
    expect_error("InvalidEventPatternException", events.put_rule, Name="x", EventPattern="{}")
    expect_error("ValidationException", events.delete_rule, Name="uploads")
    message = expect_error("ValidationException", events.put_targets, Rule="uploads", Targets=[
        {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}])
    assert "state machine or a function" in message, message
    expect_error("ValidationException", events.put_targets, Rule="uploads", Targets=[
        {"Id": "m", "Arn": FOREIGN, "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:0:q"}}])
    event = {"id": "1", "account": "1", "source": "shop", "time": "2026-11-22T08:30:00Z",
             "region": "us-east-1", "resources": [], "detail-type": "x", "detail": {"n": 7}}
    for low, expected in ((5, True), (9, False)):
        pattern = json.dumps({"detail": {"n": [{"numeric": [">", low]}]}})
        assert events.test_event_pattern(EventPattern=pattern,
                                         Event=json.dumps(event))["Result"] is expected


def an_upload_starts_an_execution(server):
    s3, states = server.client("s3"), server.client("stepfunctions")
    machine = states.create_state_machine(name="on-upload", roleArn=ROLE,
                                          definition=PASS)["stateMachineArn"]
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="in/before.png", Body=b"x")
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    got = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert got["EventBridgeConfiguration"] == {}, got
    s3.put_object(Bucket=BUCKET, Key="out/other.png", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="in/a b+ä.png", Body=b"12345")
    s3.copy_object(Bucket=BUCKET, Key="in/copy.png", CopySource={"Bucket": BUCKET, "Key": "out/other.png"})
    inputs = executions(server, machine, 2)
    assert sorted(i["s3_key"] for i in inputs.values()) == ["in/a b+ä.png", "in/copy.png"], inputs
    assert {"s3_bucket": BUCKET, "s3_key": "in/a b+ä.png", "size": 5} in inputs.values(), inputs
    return machine


def events_survive_a_crash(server, machine):
    """A burst of uploads, each acknowledged; then kill -9: every one starts one execution."""
    s3 = server.client("s3")
    for number in range(30):
        s3.put_object(Bucket=BUCKET, Key=f"in/burst-{number}", Body=b"x")
    server.kill()
    server.start()
    inputs = executions(server, machine, 32)
    keys = [i["s3_key"] for i in inputs.values()]
    assert len(set(keys)) == 32, sorted(keys)


def a_function_is_told_of_uploads(server):
    functions, s3 = server.client("lambda"), server.client("s3")
    s3.create_bucket(Bucket="kept")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("keep.py", KEEP_EVENT)
    arn = functions.create_function(
        FunctionName="keep", Runtime="python3.11", Role=ROLE, Handler="keep.handle", Timeout=60,
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"KEPT_IN": "kept"}})["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="keep")
    wanted = {"LambdaFunctionConfigurations": [
        {"Id": "pictures", "LambdaFunctionArn": arn,
         "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"],
         "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "pic/"},
                                            {"Name": "suffix", "Value": ".png"}]}}}]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=wanted)
    got = s3.get_bucket_notification_configuration(Bucket=BUCKET)["LambdaFunctionConfigurations"]
    assert got[0]["LambdaFunctionArn"] == arn and len(got[0]["Events"]) == 2, got
    s3.put_object(Bucket=BUCKET, Key="pic/a b.png", Body=b"12345")
    s3.put_object(Bucket=BUCKET, Key="pic/a.txt", Body=b"x")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="pic/big.png")
    part = s3.upload_part(Bucket=BUCKET, Key="pic/big.png", UploadId=upload["UploadId"],
                          PartNumber=1, Body=b"x" * 100_000)
    s3.complete_multipart_upload(Bucket=BUCKET, Key="pic/big.png", UploadId=upload["UploadId"],
                                 MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})
    s3.delete_object(Bucket=BUCKET, Key="pic/a b.png")
    s3.delete_object(Bucket=BUCKET, Key="pic/never-there.png")

    def kept():
        listed = s3.list_objects_v2(Bucket="kept").get("Contents", [])
        return [json.loads(s3.get_object(Bucket="kept", Key=item["Key"])["Body"].read())
                for item in listed] if len(listed) >= 3 else None

    records = harness.wait_until(kept, 60, "the function was told three times")
    assert [r["eventName"] for r in records] == [
        "ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:Delete"]
    first = records[0]
    assert first["eventSource"] == "aws:s3" and first["eventVersion"] == "2.1", first
    assert first["s3"]["configurationId"] == "pictures", first
    assert first["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{BUCKET}", first
    assert first["s3"]["object"]["key"] == "pic/a+b.png" and first["s3"]["object"]["size"] == 5
    assert first["requestParameters"]["sourceIPAddress"] == "127.0.0.1", first
    assert "size" not in records[2]["s3"]["object"], records[2]

    put = s3.put_bucket_notification_configuration
    message = expect_error("NotImplemented", put, Bucket=BUCKET, NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
                                 "Events": ["s3:ObjectCreated:*"]}]})
    assert "SQS" in message, message
    gone = {"LambdaFunctionArn": arn + "-gone", "Events": ["s3:ObjectCreated:*"]}
    expect_error("InvalidArgument", put, Bucket=BUCKET,
                 NotificationConfiguration={"LambdaFunctionConfigurations": [gone]})
    twice = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:Put"]}
    expect_error("InvalidArgument", put, Bucket=BUCKET, NotificationConfiguration={
        "LambdaFunctionConfigurations": [twice, {**twice, "Events": ["s3:ObjectCreated:*"]}]})
    put(Bucket=BUCKET, NotificationConfiguration={})
    got = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert "LambdaFunctionConfigurations" not in got, got


def put_events_start_executions(server):
    events, states = server.client("events"), server.client("stepfunctions")
    machine = states.create_state_machine(name="on-sale", roleArn=ROLE,
                                          definition=PASS)["stateMachineArn"]
    events.put_rule(Name="sales", EventPattern=json.dumps(
        {"source": ["shop"], "detail": {"amount": [{"numeric": [">=", 100]}]}}))
    events.put_targets(Rule="sales", Targets=[{"Id": "m", "Arn": machine, "RoleArn": ROLE}])
    answer = events.put_events(Entries=[
        {"Source": "shop", "DetailType": "Sale", "Detail": json.dumps({"amount": 250})},
        {"Source": "shop", "DetailType": "Sale", "Detail": json.dumps({"amount": 5})},
        {"Source": "shop", "DetailType": "Sale", "Detail": "nonsense"},
        {"Source": "aws.s3", "DetailType": "Sale", "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 2, answer
    assert [e.get("ErrorCode") for e in answer["Entries"]] == [
        None, None, "MalformedDetail", "NotAuthorizedForSourceException"], answer
    (name, event), = executions(server, machine, 1).items()
    assert name.startswith(answer["Entries"][0]["EventId"] + "_"), name
    assert event["detail"] == {"amount": 250} and event["detail-type"] == "Sale", event
    assert event["region"] == harness.REGION and event["version"] == "0", event

    events.disable_rule(Name="sales")
    assert events.describe_rule(Name="sales")["State"] == "DISABLED"
    events.enable_rule(Name="sales")
    assert events.remove_targets(Rule="sales", Ids=["m"])["FailedEntryCount"] == 0
    events.delete_rule(Name="sales")
    assert [r["Name"] for r in events.list_rules()["Rules"]] == ["uploads"]


def main():
    print(f"boto3 {boto3.__version__}, Python {sys.version.split()[0]}")
    steps = 0
    with harness.running_server(sys.argv[1]) as server:
        rules_are_kept(server)
        machine = an_upload_starts_an_execution(server)
        events_survive_a_crash(server, machine)
        a_function_is_told_of_uploads(server)
        put_events_start_executions(server)
        steps = 5
    print(f"{steps} passed, 0 failed")


if __name__ == "__main__":
    main()
