"""Signs requests as boto3 does and checks what came through the gateway.

Arguments: endpoint, access key, secret key. The server behind the gateway answers S3 with the
request's line and body and everything else with what SDKs can parse.
"""
import hashlib
import io
import sys
import urllib.request

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key, secret = sys.argv[1:4]


def client(service, secret_key=secret, **config):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key,
        aws_secret_access_key=secret_key,
        config=Config(retries={"max_attempts": 1}, inject_host_prefix=False, **config))


KEYS = ["plain", "a b+c/d&e=f.txt", "\u00fc/\u4e2d?#%25", "a//b/../c", "~!*'()"]
big = bytes(range(256)) * 4096


def check_s3(s3):
    for name in KEYS:
        for body in (b"", b"small", big, io.BytesIO(big)):
            s3.put_object(Bucket="bucket", Key=name, Body=body, Metadata={"a": "b  c"})
        s3.upload_fileobj(io.BytesIO(big), "bucket", name)
        got = s3.get_object(Bucket="bucket", Key=name)["Body"].read()
        assert got.startswith(b"GET /bucket/"), got
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": name})
        assert urllib.request.urlopen(url).read().startswith(b"GET /bucket/")
        url = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": name})
        put = urllib.request.Request(url, data=b"by url", method="PUT")
        assert urllib.request.urlopen(put).status == 200
    s3.upload_part(Bucket="bucket", Key="k", UploadId="u", PartNumber=1, Body=io.BytesIO(big))
    s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "x"}]})


def check_refused(call):
    try:
        call()
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
        return error.response["Error"]["Code"]
    raise AssertionError("a wrong signature came through")


# Virtual-hosted addresses are not for 127.0.0.1.
check_s3(client("s3", signature_version="s3v4", s3={"addressing_style": "path"}))
check_s3(client("s3", signature_version="s3v4",
                s3={"addressing_style": "path", "payload_signing_enabled": True}))

client("stepfunctions").start_execution(stateMachineArn="arn:aws:states:::x", input="{}")
client("sagemaker").list_models()
client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=big, ContentType="image/png")
client("lambda").invoke(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:f", Payload=b"{}")
client("logs").describe_log_groups()
sts = client("sts")
assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/SconesRole/default")
role = client("iam").get_role(RoleName="SconesRole")["Role"]
assert role["Arn"].endswith(":role/SconesRole") and "Statement" in role["AssumeRolePolicyDocument"]
given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
session = boto3.client(
    "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=given["AccessKeyId"],
    aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
session.put_object(Bucket="bucket", Key="k", Body=b"x")

codes = [check_refused(lambda: client("s3", "wrong").put_object(Bucket="b", Key="k", Body=b"x")),
         check_refused(lambda: client("stepfunctions", "wrong").list_state_machines()),
         check_refused(lambda: client("sts", "wrong").get_caller_identity()),
         check_refused(lambda: client("lambda", "wrong").list_functions())]
assert codes == ["SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch",
                 "InvalidSignatureException"], codes
print("boto3", boto3.__version__, "botocore", botocore.__version__, "all passed")
