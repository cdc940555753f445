// The whole workflow through the AWS SDK for JavaScript, against a real `scones serve`.
// SCONES names the program: SCONES=build/dev/scones node --test workflow.test.mjs
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateEndpointCommand, CreateEndpointConfigCommand, CreateModelCommand, CreateTrainingJobCommand,
  DescribeTrainingJobCommand, SageMakerClient, waitUntilEndpointInService,
} from "@aws-sdk/client-sagemaker";
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import {
  CreateStateMachineCommand, DescribeExecutionCommand, paginateGetExecutionHistory, SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";

const bucket = "js-workflow";
const role = "arn:aws:iam::000000000000:role/workflow";
const image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1";
const clients = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const folder = mkdtempSync(join(tmpdir(), "scones-js-test-"));
const handlers = {
  serializerImageData: "user_functions.serialize_image",
  imageClassificationInference: "user_functions.classify_image",
  filterLowConfidencePredictions: "user_functions.filter_inferences",
};
let server;
let config;

// The pictures of the Python tests, as base64 lines.
function picture(label, seed) {
  const code = `import sys; sys.path.insert(0, ${JSON.stringify(clients)}); import harness, base64; ` +
    `print(base64.b64encode(harness.striped_picture(${label}, ${seed})).decode())`;
  return Buffer.from(execFileSync("python3", ["-c", code]).toString(), "base64");
}

async function until(condition, seconds, what) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(100)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

before(async () => {
  server = spawn(process.env.SCONES, ["serve", "--data-dir", join(folder, "data"), "--port", "0",
    "--capture-file-age", "3"],
    { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: server.stdout })) {
    const url = line.match(/http:\/\/[\d.]+:\d+/);
    if (!url) continue;
    const file = readFileSync(join(folder, "data/credentials"), "utf8");
    const value = (name) => file.match(new RegExp(`${name}\\s*=\\s*(\\S+)`))[1];
    config = {
      endpoint: url[0], region: "us-east-1", forcePathStyle: true,
      credentials: {
        accessKeyId: value("aws_access_key_id"), secretAccessKey: value("aws_secret_access_key"),
      },
    };
    return;
  }
  throw new Error("the server did not start");
});

after(async () => {
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(folder, { recursive: true });
});

test("pictures go into a bucket", async () => {
  const s3 = new S3Client(config);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const [split, count] of [["train", 32], ["test", 8]]) {
    const lines = [];
    for (let i = 0; i < count; ++i) {
      await s3.send(new PutObjectCommand({
        Bucket: bucket, Key: `${split}/p${i}.png`, Body: picture(i % 2, i), ContentType: "image/png",
      }));
      lines.push(`${i}\t${i % 2}\tp${i}.png\n`);
    }
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${split}.lst`, Body: lines.join("") }));
  }
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "train/" }));
  assert.equal(listed.KeyCount, 32);
});

test("a model trains and serves", async () => {
  const sagemaker = new SageMakerClient(config);
  const channel = (name, key) => ({
    ChannelName: name, ContentType: "application/x-image",
    DataSource: { S3DataSource: {
      S3DataType: "S3Prefix", S3Uri: `s3://${bucket}/${key}`, S3DataDistributionType: "FullyReplicated",
    } },
  });
  await sagemaker.send(new CreateTrainingJobCommand({
    TrainingJobName: "js", RoleArn: role,
    AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: "File" },
    HyperParameters: {
      image_shape: "3,32,32", num_classes: "2", num_training_samples: "32", num_layers: "20",
      epochs: "3", mini_batch_size: "16", learning_rate: "0.05",
    },
    InputDataConfig: [channel("train", "train/"), channel("validation", "test/"),
      channel("train_lst", "train.lst"), channel("validation_lst", "test.lst")],
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/models` },
    ResourceConfig: { InstanceType: "ml.p3.2xlarge", InstanceCount: 1, VolumeSizeInGB: 10 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
  }));
  const job = await until(async () => {
    const described = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: "js" }));
    return described.TrainingJobStatus === "InProgress" ? null : described;
  }, 180, "the training job has ended");
  assert.equal(job.TrainingJobStatus, "Completed", job.FailureReason);

  await sagemaker.send(new CreateModelCommand({
    ModelName: "js", ExecutionRoleArn: role,
    PrimaryContainer: { Image: image, ModelDataUrl: job.ModelArtifacts.S3ModelArtifacts },
  }));
  await sagemaker.send(new CreateEndpointConfigCommand({
    EndpointConfigName: "js",
    ProductionVariants: [{
      VariantName: "AllTraffic", ModelName: "js", InitialInstanceCount: 1, InstanceType: "ml.m5.large",
    }],
    DataCaptureConfig: {
      EnableCapture: true, InitialSamplingPercentage: 100, DestinationS3Uri: `s3://${bucket}/captured`,
      CaptureOptions: [{ CaptureMode: "Input" }, { CaptureMode: "Output" }],
    },
  }));
  await sagemaker.send(new CreateEndpointCommand({ EndpointName: "js", EndpointConfigName: "js" }));
  await waitUntilEndpointInService({ client: sagemaker, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { EndpointName: "js" });
  const runtime = new SageMakerRuntimeClient(config);
  const answer = await runtime.send(new InvokeEndpointCommand({
    EndpointName: "js", ContentType: "image/png", Body: picture(1, 77),
  }));
  assert.equal(JSON.parse(Buffer.from(answer.Body).toString()).length, 2);
});

test("functions and a state machine classify a picture", async () => {
  const lambda = new LambdaClient(config);
  const archive = join(folder, "functions.zip");
  execFileSync("python3", ["-m", "zipfile", "-c", archive, join(clients, "user_functions.py")]);
  for (const [name, handler] of Object.entries(handlers)) {
    await lambda.send(new CreateFunctionCommand({
      FunctionName: name, Runtime: "python3.11", Role: role, Handler: handler, Timeout: 60,
      Code: { ZipFile: readFileSync(archive) },
      Environment: { Variables: { ENDPOINT_NAME: "js", THRESHOLD: "0" } },
    }));
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
      { FunctionName: name });
  }
  const names = Object.keys(handlers);
  const states = Object.fromEntries(names.map((name, i) => [name, {
    Type: "Task", Resource: "arn:aws:states:::lambda:invoke", OutputPath: "$.Payload",
    Parameters: { FunctionName: `arn:aws:lambda:eu-west-3:123456789012:function:${name}:$LATEST`, "Payload.$": "$" },
    ...(i + 1 < names.length ? { Next: names[i + 1] } : { End: true }),
  }]));
  const sfn = new SFNClient(config);
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({
    name: "js", roleArn: role, definition: JSON.stringify({ StartAt: names[0], States: states }),
  }));
  const { executionArn } = await sfn.send(new StartExecutionCommand({
    stateMachineArn, input: JSON.stringify({ image_data: "", s3_bucket: bucket, s3_key: "test/p1.png" }),
  }));
  const execution = await until(async () => {
    const described = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return described.status === "RUNNING" ? null : described;
  }, 60, "the execution has ended");
  assert.equal(execution.status, "SUCCEEDED", execution.cause);
  const types = [];
  for await (const page of paginateGetExecutionHistory({ client: sfn, pageSize: 7 }, { executionArn })) {
    types.push(...page.events.map((event) => event.type));
  }
  assert.equal(types.filter((type) => type === "TaskSucceeded").length, 3);
  assert.equal(types.at(-1), "ExecutionSucceeded");
});

test("the inferences are captured in the bucket", async () => {
  const s3 = new S3Client(config);
  const records = await until(async () => {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "captured/js/AllTraffic/" }));
    const found = [];
    for (const { Key } of listed.Contents ?? []) {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      found.push(...(await object.Body.transformToString()).trim().split("\n").map(JSON.parse));
    }
    return found.length >= 2 ? found : null;
  }, 100, "two inferences are captured");
  assert.equal(records[0].captureData.endpointInput.observedContentType, "image/png");
});
