"""Handlers as users of this workflow write them for AWS: nothing in here knows of Scones."""
import base64
import json
import os

import boto3

THRESHOLD = 0.6


def serialize_image(event, context):
    key, bucket = event["s3_key"], event["s3_bucket"]
    boto3.client("s3").download_file(bucket, key, "/tmp/image.png")
    with open("/tmp/image.png", "rb") as file:
        image_data = base64.b64encode(file.read())
    return {
        "statusCode": 200,
        "body": {"image_data": image_data, "s3_bucket": bucket, "s3_key": key, "inferences": []},
    }


def classify_image(event, context):
    image = base64.b64decode(event["body"]["image_data"])
    response = boto3.client("runtime.sagemaker").invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="image/png", Body=image)
    event["body"]["inferences"] = json.loads(response["Body"].read().decode("utf-8"))
    print("inferences:", event["body"]["inferences"])
    return {"statusCode": 200, "body": event["body"]}


def filter_inferences(event, context):
    if max(event["body"]["inferences"]) < float(os.environ.get("THRESHOLD", THRESHOLD)):
        raise Exception("THRESHOLD_CONFIDENCE_NOT_MET")
    return {"statusCode": 200, "body": json.dumps(event["body"])}
