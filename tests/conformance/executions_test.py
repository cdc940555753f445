"""Runs the executions that were recorded from AWS against a real server, through boto3, and compares
status, output, error, cause and the whole history.

usage: executions_test.py PATH_OF_SCONES [PART_OF_A_CASE'S_NAME]

Every case that does not pass is listed with what differs, and every one that is not run with why. The
counts may only grow.
"""
import collections
import concurrent.futures
import csv
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))
import fixtures  # noqa: E402
import harness  # noqa: E402
from compare import Comparison, unwrapped  # noqa: E402

ACCOUNT = "111111111111"
WORKERS = 12
END_SECONDS = 100
FIXED = re.compile(r'\{"__fix__": "[^"]*"\}')
# What has been reached, by class and what the case needs.
REACHED = {"pure": 527, "pure_distmap": 15, "lambda": 51, "service/aws-sdk:s3": 10,
           "service/aws-sdk:sfn": 1, "service/aws:states": 10, "service/activity": 3,
           "service/aws:s3,distributed_map": 12, "service/distributed_map,lambda": 2}
# Of the services that this product has.
SERVED = {"lambda", "activity", "distributed_map", "aws-sdk:s3", "aws:s3", "aws:states",
          "aws-sdk:sfn"}


def why_not_run(row, case):
    needs = [need for need in case["needs"] if not need.startswith("lambda:")]
    others = sorted(set(needs) - SERVED)
    if others:
        return "out of scope: needs " + ", ".join(others)
    if "sqs" in case["fixture_services"] or "QueueUrl" in json.dumps(case["input"]):
        return "out of scope: needs aws:sqs for its setup"
    if case["kind"] == "express_async":
        return "its end shows in the machine's log only"
    if int(row["max_wait_s"]) > 60:
        return f"waits {row['max_wait_s']} s"
    return None


def plain_history(states, arn):
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn,
                                                                   maxResults=1000)
    events = [event for page in pages for event in page["events"]]
    return [{**event, "timestamp": "timestamp"} for event in events]


def keep_all_members(http_response, parsed, **_):
    """The answer as it is on the wire: an old client's model knows less than the server tells."""
    if http_response.status_code == 200:
        parsed.update(json.loads(http_response.content))


class Runner:
    def __init__(self, server):
        self.clients = {name: server.client(name, max_pool_connections=WORKERS * 2,
                                            read_timeout=120, inject_host_prefix=False)
                        for name in ("stepfunctions", "s3")}
        self.clients["stepfunctions"].meta.events.register("after-call.sfn.GetExecutionHistory",
                                                           keep_all_members)

    def run(self, number, case):
        """What differs, or None."""
        prepared = fixtures.Fixtures(case, number, self.clients)
        try:
            prepared.prepare()
            return self.run_prepared(number, case, prepared)
        finally:
            prepared.finish()

    def run_prepared(self, number, case, prepared):
        states = self.clients["stepfunctions"]
        definition = prepared.ours(json.dumps(case["definition"], ensure_ascii=False))
        machine = states.create_state_machine(name=f"case-{number}", roleArn=fixtures.ROLE,
                                              type=case["type"],
                                              definition=definition)["stateMachineArn"]
        text = case["input_text"]
        if text is None:
            text = json.dumps(case["input"])
        if "__fix__" in text:  # made by a fixture: the role of another account
            text = FIXED.sub(json.dumps(fixtures.ROLE), text)
        given = {"stateMachineArn": machine, "input": prepared.ours(text)}
        if "execution_name" in case:
            given["name"] = case["execution_name"]
        comparison = Comparison(case, prepared.renamed)
        expected = case["expected"]
        if case["kind"] == "express_sync":
            return self.outcome_difference(comparison, expected,
                                           states.start_sync_execution(**given))
        arn = states.start_execution(**given)["executionArn"]
        if expected.get("status") == "ABORTED":
            states.stop_execution(executionArn=arn)
        found = self.outcome_difference(comparison, expected, self.ended(arn))
        if found or "history" not in expected:
            return found
        return comparison.history_difference(expected["history"], plain_history(states, arn))

    def ended(self, arn):
        deadline = time.monotonic() + END_SECONDS
        pause = 0.01
        while True:
            execution = self.clients["stepfunctions"].describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING" or time.monotonic() > deadline:
                return execution
            time.sleep(pause)
            pause = min(pause * 2, 0.5)

    @staticmethod
    def outcome_difference(comparison, expected, execution):
        if execution["status"] != expected.get("status"):
            return (f"status {execution['status']} {execution.get('error', '')} "
                    f"{execution.get('cause', '')}"[:500])
        if "output" in expected:
            found = comparison.difference(unwrapped(expected["output"]),
                                          unwrapped(json.loads(execution["output"])), "output")
            if found:
                return found
        for name in ("error", "cause"):
            if expected.get(name) is not None:
                found = comparison.difference(expected[name], unwrapped(execution.get(name)), name)
                if found:
                    return found
        return None


def group_of(row, case):
    if case["class"] != "service":
        return case["class"]
    needs = sorted(need for need in case["needs"] if not need.startswith("lambda:"))
    return "service/" + ",".join(needs)


def run_all(server, corpus, wanted):
    fixtures.create_functions(server)
    runner = Runner(server)
    total, passed, not_run = (collections.Counter() for _ in range(3))
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        running = {}
        rows = csv.DictReader(open(corpus / "INDEX.tsv", encoding="utf-8"), delimiter="\t")
        for number, row in enumerate(rows):
            if row["kind"] != "execution" or wanted not in row["id"]:
                continue
            case = json.loads((corpus / row["path"]).read_text())
            group = group_of(row, case)
            reason = why_not_run(row, case)
            if reason:
                not_run[reason] += 1
                print(f"  not run: {row['id']}: {reason}")
                continue
            total[group] += 1
            running[pool.submit(runner.run, number, case)] = (group, row["id"])
        for future in concurrent.futures.as_completed(running):
            group, name = running[future]
            try:
                fault = future.result()
            except Exception as error:  # of the client's library, or a case that isn't as expected
                fault = f"{type(error).__name__}: {error}"
            if fault is None:
                passed[group] += 1
            else:
                print(f"  {group} {name}: {fault}", flush=True)
    for group in sorted(total):
        print(f"{group}: {passed[group]} of {total[group]} pass")
    for reason, count in sorted(not_run.items()):
        print(f"not run: {count}: {reason}")
    return passed


def main():
    shared = harness.find_shared()
    if shared is None:
        print("skipped: no recorded behaviour here (SCONES_SHARED)")
        return
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    started = time.monotonic()
    with harness.running_server(sys.argv[1], "--account", ACCOUNT) as server:
        passed = run_all(server, shared / "corpus/asl", wanted)
        assert server.process.poll() is None, "the server ended while it was tested"
    print(f"{time.monotonic() - started:.0f} s")
    if wanted:
        return
    lost = {group: count for group, count in REACHED.items() if passed[group] < count}
    assert not lost, f"fewer pass than before: {({g: passed[g] for g in lost})}, were {lost}"


if __name__ == "__main__":
    main()
