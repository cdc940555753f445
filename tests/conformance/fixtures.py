"""What recorded cases suppose to be there and don't hold themselves: functions, buckets with their
objects, state machines that are called, workers of activities. Each case gets its own under names
of its own, so that cases run side by side.
"""
import io
import json
import threading
import zipfile

ROLE = "arn:aws:iam::111111111111:role/sfn-role"
RUNTIME = "python3.11"

# The functions of the corpus by their template's name; what each does is told in the corpus' README.
FUNCTIONS = {
    "id_function": "def handler(event, context):\n    return event\n",
    "echo_function": "def handler(event, context):\n    return {'Return': 'HelloWorld'}\n",
    "return_bytes_str": "def handler(event, context):\n    return b'\"HelloWorld!\"'\n",
    "return_decorated_input":
        "def handler(event, context):\n    return 'input-event-' + str(event)\n",
    "raise_exception":
        "def handler(event, context):\n    raise Exception(\"Some exception was raised.\")\n",
    "raise_custom_exception":
        "class CustomException(Exception):\n    pass\n\n\n"
        "def handler(event, context):\n    raise CustomException()\n",
    "large_output_string": "def handler(event, context):\n    return 'a' * (257 * 1024)\n",
    "wait_60_seconds":
        "import time\n\n\ndef handler(event, context):\n    time.sleep(60)\n    return event\n",
}

PASS = {"StartAt": "State_1", "States": {
    "State_1": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}}}
FAIL = {"StartAt": "FailState", "States": {"FailState": {
    "Type": "Fail", "Error": "SomeFailure",
    "Cause": "This state machines raises a 'SomeFailure' failure."}}}

STATEMENTS = [
    {"verdict": "true", "statement_date": "6/11/2008", "statement_source": "speech"},
    {"verdict": "false", "statement_date": "6/7/2022", "statement_source": "television"},
    {"verdict": "mostly-true", "statement_date": "5/18/2016", "statement_source": "news"},
]
TABLE = ["Value1,Value2,Value3", "Value4,Value5,Value6", ",,,", "true,1,'HelloWorld'",
         "Null,None,", "   ,"]
PAIRS = ["Value1,Value2", "Value3,Value4", "Value5,Value6", "Value7,Value8"]


def lines(*rows):
    return "\n".join(rows).encode()


# The object that a case reads, by the end of its name.
OBJECTS = {
    "s3_get_object_binary": b"binary data",
    "s3_get_object_bytearray": b"byte array data",
    "s3_get_object_empty_binary": b"",
    "s3_get_object_empty_str": b"",
    "s3_get_object_str": b"text data",
    "item_batching_base_json_max_per_batch_jsonata": json.dumps(STATEMENTS).encode(),
    "csv_headers_first_line": lines("Col1,Col2,Col3", *TABLE),
    "item_reader_base_json": json.dumps(STATEMENTS).encode(),
    "item_reader_base_json_max_items": json.dumps(STATEMENTS[:1] * 3).encode(),
    "item_reader_base_json_max_items_jsonata": json.dumps(STATEMENTS).encode(),
    "csv_first_row_extra_fields": lines("H1,", *TABLE[1:]),
    "csv_headers_decl_extra_fields": lines(*TABLE),
    "csv_headers_first_row_typed_headers": lines("0,True,{}", *TABLE[1:]),
    "csv_max_items_0": lines("Col1,Col2", *PAIRS),
    "csv_max_items_100000000": lines("Col1,Col2", *PAIRS),
    "csv_max_items_2": lines("Col1,Col2", *PAIRS),
    "json_no_json_list_object": json.dumps({"Hello": "world"}).encode(),
}
CALLED = "statemachine_create_and_record_execution_c4ca4238"
RECORDED_ACTIVITY = "activity-c4ca4238"


def function_name(template):
    return "corpus-" + template.removesuffix(".py")


def create_functions(server):
    functions = server.client("lambda")
    for template, code in FUNCTIONS.items():
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("handler.py", code)
        functions.create_function(
            FunctionName=function_name(template), Runtime=RUNTIME, Role=ROLE,
            Handler="handler.handler", Timeout=90, Code={"ZipFile": archive.getvalue()})


class Fixtures:
    """Those of one case; `renamed` maps the recorded names to ours."""

    def __init__(self, case, number, clients):
        self.case, self.number, self.clients = case, number, clients
        self.renamed = {}
        self.workers = []

    def rename(self, recorded):
        ours = f"{recorded}-{self.number}"
        self.renamed[recorded] = ours
        return ours

    def ours(self, text):
        """`text` of the case with our names in it."""
        for recorded in sorted(self.renamed, key=len, reverse=True):
            text = text.replace(recorded, self.renamed[recorded])
        return text

    def prepare(self):
        case = self.case
        for recorded, function in case["lambdas"].items():
            self.renamed[recorded] = function_name(function["template"])
        given = case["input"] if isinstance(case["input"], dict) else {}
        if "s3" in case["fixture_services"]:
            self.prepare_bucket(given)
        if CALLED in json.dumps([given, case["definition"]]) and "no_such_arn" not in case["id"]:
            self.clients["stepfunctions"].create_state_machine(
                name=self.rename(CALLED), roleArn=ROLE,
                definition=json.dumps(FAIL if "delegate_failure" in case["id"] else PASS))
        if "activity" in case["needs"]:
            self.prepare_activity()

    def prepare_bucket(self, given):
        bucket = self.rename(given["Bucket"])
        self.clients["s3"].create_bucket(Bucket=bucket)
        # The longest that fits: one name may end with another.
        known = [name for name in OBJECTS if self.case["id"].endswith(name)]
        if known:
            self.clients["s3"].put_object(Bucket=bucket, Key=given["Key"],
                                          Body=OBJECTS[max(known, key=len)])

    def prepare_activity(self):
        states = self.clients["stepfunctions"]
        arn = states.create_activity(name=self.rename(RECORDED_ACTIVITY))["activityArn"]
        self.workers.append(threading.Thread(target=self.work, args=(states, arn)))
        self.workers[0].start()

    def work(self, states, arn):
        task = states.get_activity_task(activityArn=arn, workerName="BASE_ID_ACTIVITY_CONSUMER")
        token = task.get("taskToken")
        if not token or "timeout" in self.case["id"]:
            return
        if "heartbeat" in self.case["id"]:
            states.send_task_heartbeat(taskToken=token)
        if "failure" in self.case["id"]:
            states.send_task_failure(taskToken=token, error="Programmatic Error",
                                     cause=task["input"])
        else:
            states.send_task_success(taskToken=token, output=task["input"])

    def finish(self):
        for worker in self.workers:
            worker.join()
