"""Step Functions' activities, versions, aliases, tags and pages through boto3 against a real server.

usage: states_boto3_test.py PATH_OF_SCONES
"""
import json
import sys
import threading

import boto3
from botocore.exceptions import ClientError, ReadTimeoutError

import harness

ROLE = "arn:aws:iam::000000000000:role/workflow"


def expect_error(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def ended(states, arn):
    def look():
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return harness.wait_until(look, 30, "the execution has ended")


def passing(result):
    return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": result,
                                                        "End": True}}})


def activity_machine(states, name, arn, **members):
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True,
                                                   **members}}}
    return states.create_state_machine(name=name, roleArn=ROLE,
                                       definition=json.dumps(definition))["stateMachineArn"]


def check_activities(server):
    states = server.client("stepfunctions")
    made = states.create_activity(name="double")
    arn = made["activityArn"]
    assert states.create_activity(name="double")["creationDate"] == made["creationDate"]
    described = states.describe_activity(activityArn=arn)
    assert described["name"] == "double" and described["creationDate"] == made["creationDate"]
    machine = activity_machine(states, "doubling", arn, TimeoutSeconds=60, HeartbeatSeconds=30)

    def work(count):
        client = server.client("stepfunctions")
        for _ in range(count):
            task = client.get_activity_task(activityArn=arn, workerName="thread")
            client.send_task_heartbeat(taskToken=task["taskToken"])
            value = json.loads(task["input"])
            if value < 0:
                client.send_task_failure(taskToken=task["taskToken"], error="Negative", cause="-")
            else:
                client.send_task_success(taskToken=task["taskToken"], output=json.dumps(value * 2))

    worker = threading.Thread(target=work, args=(4,))
    worker.start()
    started = [states.start_execution(stateMachineArn=machine, input=json.dumps(value))
               ["executionArn"] for value in (1, 2, 3, -1)]
    results = [ended(states, execution) for execution in started]
    worker.join()
    assert [r.get("output") for r in results] == ["2", "4", "6", None], results
    assert results[3]["error"] == "Negative", results[3]
    events = states.get_execution_history(executionArn=started[0])["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted",
        "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"], events
    assert events[3]["activityStartedEventDetails"]["workerName"] == "thread"
    expect_error("InvalidToken", states.send_task_heartbeat, taskToken="nonsense")
    return arn, machine


def check_restart(server, arn, machine):
    """A task that waits is there again after a crash; one that a worker has is awaited."""
    states = server.client("stepfunctions")
    taken = states.start_execution(stateMachineArn=machine, input="10")["executionArn"]
    token = states.get_activity_task(activityArn=arn)["taskToken"]
    waiting = states.start_execution(stateMachineArn=machine, input="20")["executionArn"]
    server.kill()
    server.start()
    states = server.client("stepfunctions")
    task = states.get_activity_task(activityArn=arn)
    assert task["input"] == "20", task
    states.send_task_success(taskToken=token, output='"late"')
    states.send_task_success(taskToken=task["taskToken"], output='"again"')
    assert ended(states, taken)["output"] == '"late"'
    assert ended(states, waiting)["output"] == '"again"'
    expect_error("TaskTimedOut", states.send_task_success, taskToken=token, output="1")


def check_worker_that_leaves(server, arn, machine):
    """One that closes its connection while it polls takes no task with it."""
    hasty = server.client("stepfunctions", read_timeout=1, retries={"max_attempts": 0})
    try:
        hasty.get_activity_task(activityArn=arn, workerName="hasty")
        raise AssertionError("a task came that nobody scheduled")
    except ReadTimeoutError:
        pass
    states = server.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input="30")["executionArn"]
    task = states.get_activity_task(activityArn=arn, workerName="patient")
    assert task["input"] == "30", task
    states.send_task_success(taskToken=task["taskToken"], output="31")
    assert ended(states, execution)["output"] == "31"
    workers = [event["activityStartedEventDetails"]["workerName"]
               for event in states.get_execution_history(executionArn=execution)["events"]
               if event["type"] == "ActivityStarted"]
    assert workers == ["patient"], workers


def check_versions(server):
    states = server.client("stepfunctions")
    if not hasattr(states, "publish_state_machine_version"):
        print("skipped: versions and aliases, which this boto3 does not know")
        return 0
    made = states.create_state_machine(name="versioned", roleArn=ROLE, definition=passing("one"),
                                       publish=True, versionDescription="the first")
    machine = made["stateMachineArn"]
    assert made["stateMachineVersionArn"] == machine + ":1"
    updated = states.update_state_machine(stateMachineArn=machine, definition=passing("two"))
    published = states.publish_state_machine_version(stateMachineArn=machine,
                                                     revisionId=updated["revisionId"])
    second = published["stateMachineVersionArn"]
    assert second == machine + ":2"
    expect_error("ConflictException", states.publish_state_machine_version,
                 stateMachineArn=machine, revisionId="INITIAL")
    versions = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [v["stateMachineVersionArn"] for v in versions] == [second, machine + ":1"]
    described = states.describe_state_machine(stateMachineArn=machine + ":1")
    assert described["description"] == "the first" and '"one"' in described["definition"]

    alias = states.create_state_machine_alias(
        name="PROD", routingConfiguration=[{"stateMachineVersionArn": machine + ":1",
                                            "weight": 100}])["stateMachineAliasArn"]
    execution = ended(states, states.start_execution(stateMachineArn=alias)["executionArn"])
    assert execution["output"] == '"one"', execution
    assert execution["stateMachineVersionArn"] == machine + ":1", execution
    assert execution["stateMachineAliasArn"] == alias, execution
    states.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": machine + ":1", "weight": 0},
                              {"stateMachineVersionArn": second, "weight": 100}])
    execution = ended(states, states.start_execution(stateMachineArn=alias)["executionArn"])
    assert execution["output"] == '"two"', execution
    listed = states.list_executions(stateMachineArn=second)["executions"]
    assert [e["executionArn"] for e in listed] == [execution["executionArn"]]
    assert len(states.list_executions(stateMachineArn=alias)["executions"]) == 2
    message = expect_error("ConflictException", states.delete_state_machine_version,
                           stateMachineVersionArn=second)
    assert message.endswith("[PROD]"), message
    expect_error("ValidationException", states.create_state_machine_alias, name="HALF",
                 routingConfiguration=[{"stateMachineVersionArn": second, "weight": 50}])
    states.delete_state_machine_alias(stateMachineAliasArn=alias)
    states.delete_state_machine_version(stateMachineVersionArn=second)
    assert not states.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"]
    return 1


def check_tags_and_pages(server, arn):
    states = server.client("stepfunctions")
    states.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "a"},
                                               {"key": "stage", "value": "b"}])
    states.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "team", "value": "a"}]
    for number in range(5):
        states.create_activity(name=f"page-{number}")
    pages = list(states.get_paginator("list_activities").paginate(
        PaginationConfig={"PageSize": 2}))
    assert [len(page["activities"]) for page in pages] == [2, 2, 2], pages
    expect_error("InvalidToken", states.list_activities, nextToken="nonsense")
    message = expect_error("ValidationException", states.list_activities, maxResults=1001)
    assert message == ("1 validation error detected: Value '1001' at 'maxResults' failed to "
                       "satisfy constraint: Member must have value less than or equal to 1000")
    states.delete_activity(activityArn=arn)
    expect_error("ActivityDoesNotExist", states.get_activity_task, activityArn=arn)


def main():
    print(f"boto3 {boto3.__version__}, Python {sys.version.split()[0]}")
    with harness.running_server(sys.argv[1]) as server:
        arn, machine = check_activities(server)
        check_restart(server, arn, machine)
        check_worker_that_leaves(server, arn, machine)
        checked = check_versions(server)
        check_tags_and_pages(server, arn)
    print(f"{4 + checked} passed, 0 failed")


if __name__ == "__main__":
    main()
