#include "programs/object_events.h"

#include "api/s3_event.h"
#include "base/random.h"

namespace scones::programs {
namespace {

// S3's word for a full queue.
Result<void> InWordsOfS3(Result<void> outcome) {
  if (outcome || outcome.error().code() != Code::kExhausted) return outcome;
  return Error(Code::kExhausted, "SlowDown", outcome.error().message());
}

}  // namespace

Result<void> ObjectEvents::CheckFunction(const std::string& arn) const {
  const Result<Arn> parsed = Arn::Parse(arn);
  if (!parsed || parsed->service != "lambda") {
    return Error(Code::kInvalid, "'" + arn.substr(0, 200) + "' is not the ARN of a function");
  }
  return events_.CheckTarget(arn);
}

Result<void> ObjectEvents::Record(db::Connection& connection,
                                  const objects::NotificationConfiguration& configuration,
                                  const objects::ObjectEvent& event) {
  const std::string order_key = event.bucket + "/" + event.key;
  for (const objects::FunctionNotification& one : configuration.functions) {
    if (!objects::Wants(one, event)) continue;
    TRY_VOID(InWordsOfS3(
        events_.Enqueue(connection, {.target_arn = one.function_arn,
                                     .name = RandomUuid(),
                                     .input = api::S3EventRecord(event, one.id, identity_),
                                     .order_key = one.id + "/" + order_key,
                                     .retry_policy = {}})));
  }
  if (!configuration.event_bridge) return {};
  return InWordsOfS3(events_.Accept(
      connection, {.id = RandomUuid(),
                   .source = "aws.s3",
                   .detail_type = api::S3DetailType(event),
                   .time = event.time,
                   .resources = {"arn:" + identity_.partition + ":s3:::" + event.bucket},
                   .detail = api::S3EventDetail(event, identity_),
                   .order_key = order_key}));
}

}  // namespace scones::programs
