#include "asl/mock_schema.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <memory>
#include <vector>

#include "asl/test_state_check.h"

namespace scones::asl {
namespace {

// A shape is written as its kind: s text, b bytes, d time, n number, t truth value, {NAME:SHAPE,…}
// a structure, [SHAPE] a list, <SHAPE> a map from text. s, b and n may have limits of length or
// value: s(1,256). "!" behind a name: the member is required.
struct Call {
  std::string_view name;  // service:action
  std::string_view shape;
};
constexpr std::string_view kLambdaConfiguration =
    "{FunctionName:s(1,170),FunctionArn:s,Runtime:s,Role:s,Handler:s(0,128),CodeSize:n,"
    "Description:s(0,256),Timeout:n(1,),MemorySize:n(128,10240),LastModified:s,CodeSha256:s,"
    "Version:s(1,1024),VpcConfig:{SubnetIds:[s],SecurityGroupIds:[s],VpcId:s},Environment:"
    "{Variables:<s>,Error:{ErrorCode:s,Message:s}},TracingConfig:{Mode:s},RevisionId:s,State:s,"
    "StateReason:s,LastUpdateStatus:s,PackageType:s,Architectures:[s],EphemeralStorage:"
    "{Size!:n(512,10240)}}";
constexpr std::string_view kExecution =
    "{ExecutionArn!:s(1,256),StateMachineArn!:s(1,256),Name:s(1,80),Status!:s,StartDate!:d,"
    "StopDate:d,Input:s(0,262144),Output:s(0,262144),TraceHeader:s(0,256),MapRunArn:s(1,2000),"
    "Error:s(0,256),Cause:s(0,32768),RedriveCount:n(0,),RedriveDate:d}";
constexpr Call kCalls[] = {
    {"lambda:invoke",
     "{StatusCode:n,FunctionError:s,LogResult:s,Payload:b,ExecutedVersion:s(1,1024)}"},
    {"lambda:getFunctionConfiguration", kLambdaConfiguration},
    {"lambda:listFunctions", "{NextMarker:s,Functions:[{FunctionName:s,FunctionArn:s}]}"},
    {"states:startExecution", "{ExecutionArn!:s(1,256),StartDate!:d}"},
    {"sfn:startExecution", "{ExecutionArn!:s(1,256),StartDate!:d}"},
    {"sfn:startSyncExecution",
     "{ExecutionArn!:s(1,256),StateMachineArn:s(1,256),Name:s(1,80),StartDate!:d,StopDate!:d,"
     "Status!:s,Error:s(0,256),Cause:s(0,32768),Input:s(0,262144),Output:s(0,262144)}"},
    {"sfn:describeExecution", kExecution},
    {"sfn:sendTaskSuccess", "{}"},
    {"sfn:sendTaskFailure", "{}"},
    {"events:putEvents", "{FailedEntryCount:n,Entries:[{EventId:s,ErrorCode:s,ErrorMessage:s}]}"},
    {"eventbridge:putEvents",
     "{FailedEntryCount:n,Entries:[{EventId:s,ErrorCode:s,ErrorMessage:s}]}"},
    {"sqs:sendMessage",
     "{MD5OfMessageBody:s,MD5OfMessageAttributes:s,MD5OfMessageSystemAttributes:s,MessageId:s,"
     "SequenceNumber:s}"},
    {"sns:publish", "{MessageId:s,SequenceNumber:s}"},
    {"kms:encrypt", "{CiphertextBlob:b(1,6144),KeyId:s(1,2048),EncryptionAlgorithm:s}"},
    {"kms:decrypt",
     "{KeyId:s(1,2048),Plaintext:b(1,4096),EncryptionAlgorithm:s,CiphertextForRecipient:b(1,6144)"
     "}"},
    {"dynamodb:getItem", "{Item:<{}>,ConsumedCapacity:{TableName:s,CapacityUnits:n}}"},
    {"dynamodb:putItem", "{Attributes:<{}>,ConsumedCapacity:{TableName:s,CapacityUnits:n}}"},
    {"dynamodb:updateItem", "{Attributes:<{}>,ConsumedCapacity:{TableName:s,CapacityUnits:n}}"},
    {"dynamodb:deleteItem", "{Attributes:<{}>,ConsumedCapacity:{TableName:s,CapacityUnits:n}}"},
    {"s3:getObject",
     "{DeleteMarker:t,AcceptRanges:s,LastModified:d,ContentLength:n,ETag:s,VersionId:s,"
     "CacheControl:s,ContentDisposition:s,ContentEncoding:s,ContentLanguage:s,ContentRange:s,"
     "ContentType:s,Metadata:<s>,StorageClass:s,PartsCount:n,TagCount:n,Body:b}"},
    {"s3:headObject",
     "{DeleteMarker:t,AcceptRanges:s,LastModified:d,ContentLength:n,ETag:s,VersionId:s,"
     "ContentType:s,Metadata:<s>,StorageClass:s,PartsCount:n}"},
    {"s3:putObject", "{Expiration:s,ETag:s,ServerSideEncryption:s,VersionId:s,Size:n}"},
    {"s3:copyObject", "{CopyObjectResult:{ETag:s,LastModified:d},VersionId:s}"},
    {"s3:deleteObject", "{DeleteMarker:t,VersionId:s,RequestCharged:s}"},
    {"s3:listBuckets", "{Buckets:[{Name:s,CreationDate:d}],Owner:{DisplayName:s,ID:s}}"},
    {"s3:listObjectsV2",
     "{IsTruncated:t,Contents:[{Key:s(1,),LastModified:d,ETag:s,Size:n,StorageClass:s}],Name:s,"
     "Prefix:s,Delimiter:s,MaxKeys:n,CommonPrefixes:[{Prefix:s}],KeyCount:n,ContinuationToken:s,"
     "NextContinuationToken:s,StartAfter:s}"},
    {"sagemaker:createTrainingJob", "{TrainingJobArn!:s(0,256)}"},
    {"sagemaker:createTransformJob", "{TransformJobArn!:s(0,256)}"},
    {"sagemaker:createProcessingJob", "{ProcessingJobArn!:s(0,256)}"},
    {"sagemaker:createModel", "{ModelArn!:s(20,2048)}"},
    {"sagemaker:createEndpointConfig", "{EndpointConfigArn!:s(20,2048)}"},
    {"sagemaker:createEndpoint", "{EndpointArn!:s(20,2048)}"},
    {"sagemaker:updateEndpoint", "{EndpointArn!:s(20,2048)}"},
    {"sagemaker:describeTrainingJob",
     "{TrainingJobName!:s(1,63),TrainingJobArn!:s(0,256),ModelArtifacts!:{S3ModelArtifacts!:s},"
     "TrainingJobStatus!:s,SecondaryStatus!:s,FailureReason:s(0,1024),AlgorithmSpecification!:{},"
     "CreationTime!:d}"},
    {"batch:submitJob", "{JobArn:s,JobName!:s,JobId!:s}"},
    {"glue:startJobRun", "{JobRunId:s(1,255)}"},
    {"ecs:runTask", "{Tasks:[{}],Failures:[{Arn:s,Reason:s,Detail:s}]}"},
};

struct Limits {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

Error Refused(std::string what) {
  return TestStateRefusal("Mock result schema validation error: " + what);
}

// Walks a shape's text and a value side by side. The text is ours: it is well-formed.
class ShapeChecker {
 public:
  ShapeChecker(std::string_view shape, bool strict) : shape_(shape), strict_(strict) {}

  // `value` null: only moves behind the shape.
  Result<void> Check(const json::value* value, std::string_view field) {
    switch (shape_[at_++]) {
      case '{':
        return CheckStructure(value, field);
      case '[':
        return CheckElements(value, field);
      case '<':
        return CheckMap(value, field);
      case 'n':
        return CheckNumber(value, field);
      case 't':
        if (value != nullptr && !value->is_bool()) return MustBe(field, "a boolean");
        return {};
      default:
        return CheckText(value, field);
    }
  }

 private:
  static Error MustBe(std::string_view field, std::string_view what) {
    return Refused(fmt::format("Field '{}' must be {}", field, what));
  }

  Result<void> CheckStructure(const json::value* value, std::string_view field) {
    if (value != nullptr && !value->is_object()) return MustBe(field, "an object");
    const json::object* object = value == nullptr ? nullptr : &value->get_object();
    while (shape_[at_] != '}') {
      const std::size_t end = shape_.find_first_of("!:", at_);
      const std::string_view name = shape_.substr(at_, end - at_);
      const bool required = shape_[end] == '!';
      at_ = end + (required ? 2 : 1);
      const json::value* member = object == nullptr ? nullptr : FindMember(*object, name);
      if (object != nullptr && member == nullptr && required && strict_) {
        return Refused(fmt::format("Required field '{}' is missing", name));
      }
      TRY_VOID(Check(member, name));
      if (shape_[at_] == ',') ++at_;
    }
    ++at_;
    return {};
  }

  Result<void> CheckElements(const json::value* value, std::string_view field) {
    if (value != nullptr && !value->is_array()) return MustBe(field, "an array");
    const std::size_t element = at_;
    if (value != nullptr) {
      for (const json::value& one : value->get_array()) {
        at_ = element;
        TRY_VOID(Check(&one, field));
      }
    }
    at_ = element;
    TRY_VOID(Check(nullptr, field));
    ++at_;
    return {};
  }

  Result<void> CheckMap(const json::value* value, std::string_view field) {
    if (value != nullptr && !value->is_object()) return MustBe(field, "an object");
    const std::size_t element = at_;
    if (value != nullptr) {
      for (const auto& member : value->get_object()) {
        at_ = element;
        TRY_VOID(Check(&member.value(), member.key()));
      }
    }
    at_ = element;
    TRY_VOID(Check(nullptr, field));
    ++at_;
    return {};
  }

  Result<void> CheckNumber(const json::value* value, std::string_view field) {
    const Limits limits = ReadLimits();
    if (value == nullptr) return {};
    if (!value->is_number()) return MustBe(field, "a number");
    const double number = value->to_number<double>();
    if (number < limits.least) {
      return Refused(fmt::format("Field '{}' is less than the minimum value", field));
    }
    if (number > limits.most) {
      return Refused(fmt::format("Field '{}' exceeds the maximum value", field));
    }
    return {};
  }

  Result<void> CheckText(const json::value* value, std::string_view field) {
    const Limits limits = ReadLimits();
    if (value == nullptr) return {};
    if (!value->is_string()) return MustBe(field, "a string");
    const auto length = static_cast<double>(value->get_string().size());
    if (length < limits.least) {
      return Refused(fmt::format("Field '{}' is smaller than the minimum length", field));
    }
    if (length > limits.most) {
      return Refused(fmt::format("Field '{}' exceeds the maximum length", field));
    }
    return {};
  }

  Limits ReadLimits() {
    Limits limits;
    if (at_ >= shape_.size() || shape_[at_] != '(') return limits;
    const std::size_t comma = shape_.find(',', at_);
    const std::size_t end = shape_.find(')', at_);
    ReadNumber(shape_.substr(at_ + 1, comma - at_ - 1), limits.least);
    ReadNumber(shape_.substr(comma + 1, end - comma - 1), limits.most);
    at_ = end + 1;
    return limits;
  }

  static void ReadNumber(std::string_view text, double& number) {
    int whole = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), whole).ec == std::errc()) {
      number = whole;
    }
  }

  std::string_view shape_;
  bool strict_;
  std::size_t at_ = 0;
};

// A .sync call's result is what the describing call says.
std::string ResultOf(const TaskResource& resource) {
  std::string service = resource.service;
  if (service.starts_with("aws-sdk:")) service = service.substr(8);
  const bool sync =
      resource.pattern == TaskPattern::kSync || resource.pattern == TaskPattern::kSync2;
  if (sync && service == "states") return "sfn:describeExecution";
  if (sync && resource.action == "createTrainingJob") return "sagemaker:describeTrainingJob";
  if (sync) return "";
  return service + ":" + resource.action;
}

}  // namespace

Result<void> CheckMockSchema(const TaskResource& resource, const json::value& result,
                             FieldValidation validation) {
  const bool strict = validation == FieldValidation::kStrict;
  const std::string name = ResultOf(resource);
  if (name == "lambda:getFunction") {
    static const std::string shape = fmt::format(
        "{{Configuration:{},Code:{{RepositoryType:s,Location:s,ImageUri:s}},Tags:<s>,"
        "Concurrency:{{ReservedConcurrentExecutions:n(0,)}}}}",
        kLambdaConfiguration);
    return ShapeChecker(shape, strict).Check(&result, "");
  }
  for (const Call& call : kCalls) {
    if (call.name == name) return ShapeChecker(call.shape, strict).Check(&result, "");
  }
  return {};
}

}  // namespace scones::asl
