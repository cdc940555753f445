"""Runs a Python function for Scones: fetches events from the Runtime API, calls the user's handler,
and posts what it returns or raises, as AWS Lambda's python3.x runtimes do."""

import http.client
import importlib
import importlib.abc
import importlib.util
import json
import logging
import os
import sys
import time
import traceback
from types import SimpleNamespace

TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
API = "/2018-06-01/runtime/"


class InitError(Exception):
    """The function can't be loaded; `kind` is the errorType that AWS reports."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class RuntimeClient:
    """One kept-alive connection to this environment's Runtime API."""

    def __init__(self, address, key):
        self._address = address
        self._headers = {"Scones-Runtime-Key": key}
        self._connection = http.client.HTTPConnection(address)

    def _request(self, method, path, body=None):
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        for attempt in range(3):
            try:
                self._connection.request(method, API + path, body, headers)
                response = self._connection.getresponse()
                return response, response.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if attempt == 2:
                    raise

    def next(self):
        response, body = self._request("GET", "invocation/next")
        if response.status != 200:
            sys.exit(0)
        return response.headers, body

    def post(self, path, body):
        self._request("POST", path, body)


class LambdaContext:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        client_context = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = None
        if client_context:
            given = json.loads(client_context)
            self.client_context = SimpleNamespace(
                custom=given.get("custom"), env=given.get("env"),
                client=SimpleNamespace(**given["client"]) if given.get("client") else None)

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class EndpointFinder(importlib.abc.MetaPathFinder):
    """Makes versions of botocore that don't know AWS_ENDPOINT_URL (before 1.31) heed it."""

    NAME = "botocore.session"

    def find_spec(self, name, path=None, target=None):
        if name != self.NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                heed_endpoint_url(module)

            spec.loader.exec_module = exec_module
        return spec


def heed_endpoint_url(module):
    import botocore

    version = tuple(int(part) for part in botocore.__version__.split(".")[:2])
    url = os.environ.get("AWS_ENDPOINT_URL")
    if version >= (1, 31) or not url:
        return
    create_client = module.Session.create_client

    def create_client_here(self, service_name, *args, **kwargs):
#endpoint_url is the sixth parameter after the service's name.
        if len(args) < 6 and kwargs.get("endpoint_url") is None:
            name = "AWS_ENDPOINT_URL_" + service_name.replace("-", "_").upper()
            kwargs["endpoint_url"] = os.environ.get(name, url)
        return create_client(self, service_name, *args, **kwargs)

    module.Session.create_client = create_client_here


class RequestFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    request_filter = RequestFilter()
    handler.addFilter(request_filter)
    logging.getLogger().addHandler(handler)
    return request_filter


def load_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot or not module_name or not function_name:
        raise InitError("Runtime.MalformedHandlerName",
                        f"Bad handler '{name}': it must be MODULE.FUNCTION")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError",
                        f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError",
                        f"Syntax error in module '{module_name}': {error}") from error
    if not hasattr(module, function_name):
        raise InitError("Runtime.HandlerNotFound",
                        f"Handler '{function_name}' missing on module '{module_name}'")
    return getattr(module, function_name)


def user_frames(error):
    """The traceback below this file's own frame, with AWS's name for the task root."""
    frames = traceback.extract_tb(error.__traceback__)
    while frames and frames[0].filename == __file__:
        frames = frames[1:]
    lines = traceback.format_list(frames)
    return [line.replace(TASK_ROOT, "/var/task") for line in lines]


def describe(error, request_id):
    kind = error.kind if isinstance(error, InitError) else type(error).__name__
    frames = [] if isinstance(error, InitError) else user_frames(error)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id,
            "stackTrace": frames}


def report(client, path, description):
    lines = [f"[ERROR] {description['errorType']}: {description['errorMessage']}"]
    if description["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines.extend("".join(description["stackTrace"]).rstrip("\n").split("\n"))
    print("\n".join(lines))
    flush()
    client.post(path, json.dumps(description).encode())


def flush():
    sys.stdout.flush()
    sys.stderr.flush()


def encode(result):
    if isinstance(result, bytes):
        return result
    return json.dumps(result, default=encode_value).encode()


def encode_value(value):
    """What Lambda's runtime writes beyond json: bytes as the UTF-8 text they hold, and Decimal (as
    DynamoDB clients return it, told by name to spare everybody the import) as a number."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if type(value).__name__ == "Decimal" and type(value).__module__ == "decimal":
        return float(value) if value % 1 else int(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def handle(client, handler, headers, body):
    context = LambdaContext(headers)
    request_id = context.aws_request_id
    try:
        event = json.loads(body)
    except ValueError as error:
        report(client, f"invocation/{request_id}/error",
               {"errorMessage": f"Unable to unmarshal input: {error}",
                "errorType": "Runtime.UnmarshalError", "requestId": request_id, "stackTrace": []})
        return
    try:
        result = handler(event, context)
    except Exception as error:
        report(client, f"invocation/{request_id}/error", describe(error, request_id))
        return
    try:
        answer = encode(result)
    except Exception as error:
        report(client, f"invocation/{request_id}/error",
               {"errorMessage": f"Unable to marshal response: {error}",
                "errorType": "Runtime.MarshalError", "requestId": request_id, "stackTrace": []})
        return
    flush()
    client.post(f"invocation/{request_id}/response", answer)


def main():
    client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ.pop("SCONES_RUNTIME_KEY"))
    sys.stdout.reconfigure(line_buffering=True)
    request_filter = set_up_logging()
    sys.path[0] = TASK_ROOT
    sys.meta_path.insert(0, EndpointFinder())
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:
        report(client, "init/error", describe(error, ""))
        sys.exit(1)
    while True:
        headers, body = client.next()
        request_filter.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
        handle(client, handler, headers, body)


if __name__ == "__main__":
    main()
