// Notifications of a bucket, from the call that asks for them to what is told.
#include <gtest/gtest.h>

#include "api/s3_event.h"
#include "objects/store_testing.h"

namespace scones::api {
namespace {

using objects::NotificationConfiguration;
using objects::ObjectEvent;

class KeepingSink final : public objects::EventSink {
 public:
  Result<void> CheckFunction(const std::string& arn) const override {
    if (arn.ends_with(":known")) return {};
    return Error(Code::kNotFound, "no such function");
  }
  Result<void> Record(db::Connection&, const NotificationConfiguration&,
                      const ObjectEvent& event) override {
    if (refuse) return Error(Code::kExhausted, "SlowDown", "full");
    events.push_back(event);
    return {};
  }
  std::vector<ObjectEvent> events;  // of the writer's thread, read between calls
  bool refuse = false;
};

class NotificationTest : public testing::Test {
 protected:
  NotificationTest() : store_(directory_.path(), 1000, &sink_) {
    EXPECT_TRUE(store_.Run(store_->CreateBucket("bucket", "us-east-1")));
  }
  void TellEverything() {
    EXPECT_TRUE(store_.Run(store_->SetNotification("bucket", {.event_bridge = true})));
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const ObjectEvent& event : sink_.events) names.push_back(event.name);
    return names;
  }

  io::TemporaryDirectory directory_;
  KeepingSink sink_;
  objects::StoreOnDisk store_;
};

TEST_F(NotificationTest, ABucketWithoutThemTellsNobody) {
  EXPECT_TRUE(store_.Put("key", "bytes"));
  EXPECT_TRUE(store_.Run(store_->Delete({"bucket", "key", ""})));
  TellEverything();
  EXPECT_TRUE(store_.Run(store_->SetNotification("bucket", {})));
  EXPECT_TRUE(store_.Put("key", "bytes"));
  EXPECT_TRUE(sink_.events.empty());
}

TEST_F(NotificationTest, EveryChangeIsToldOnceInItsOrder) {
  TellEverything();
  ASSERT_TRUE(store_.Put("key", "bytes"));
  ASSERT_TRUE(store_.Run(store_->Copy({"bucket", "key", ""}, {"bucket", "key2", ""}, {})));
  ASSERT_TRUE(store_.Run(store_->Delete({"bucket", "key", ""})));
  ASSERT_TRUE(store_.Run(store_->Delete({"bucket", "never there", ""})));
  ASSERT_TRUE(store_.Run(store_->SetVersioning("bucket", objects::Versioning::kEnabled)));
  const auto put = store_.Put("key", "bytes");
  ASSERT_TRUE(put);
  ASSERT_TRUE(store_.Run(store_->Delete({"bucket", "key", ""})));
  ASSERT_TRUE(store_.Run(store_->Delete({"bucket", "key", put->version})));
  EXPECT_EQ(Names(),
            (std::vector<std::string>{
                "ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete",
                "ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"}));
  EXPECT_EQ(sink_.events[0].size, 5U);
  EXPECT_EQ(sink_.events[0].version, "");
  EXPECT_EQ(sink_.events[3].version, put->version);
  EXPECT_EQ(sink_.events[5].version, put->version);
  for (std::size_t i = 1; i < sink_.events.size(); ++i) {
    EXPECT_LT(sink_.events[i - 1].sequence, sink_.events[i].sequence);
  }
}

TEST_F(NotificationTest, AChangeThatCannotBeToldIsNotMade) {
  TellEverything();
  sink_.refuse = true;
  EXPECT_EQ(store_.Put("key", "bytes").error().reason(), "SlowDown");
  EXPECT_FALSE(store_.Get("key"));
}

TEST_F(NotificationTest, AConditionThatFailsTellsNothing) {
  TellEverything();
  objects::PutOptions options;
  options.conditions.if_match = "*";
  EXPECT_FALSE(store_.Put("key", "bytes", std::move(options)));
  EXPECT_TRUE(sink_.events.empty());
}

TEST_F(NotificationTest, AnUnknownFunctionIsRefusedUnlessTrusted) {
  NotificationConfiguration configuration;
  configuration.functions = {{.id = "1",
                              .function_arn = "arn:aws:lambda:::function:gone",
                              .events = {"s3:ObjectCreated:*"}}};
  const auto set = store_.Run(store_->SetNotification("bucket", configuration));
  EXPECT_EQ(set.error().reason(), "InvalidArgument");
  EXPECT_TRUE(store_.Run(store_->SetNotification("bucket", configuration, true)));
  const auto got = store_.Run(store_->GetNotification("bucket"));
  EXPECT_EQ(got.value().functions.at(0).function_arn, "arn:aws:lambda:::function:gone");
}

TEST(WantsTest, LooksAtEventPrefixAndSuffix) {
  const objects::FunctionNotification wanted{
      .id = "1",
      .function_arn = "",
      .events = {"s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"},
      .prefix = "in/",
      .suffix = ".png"};
  const auto wants = [&](std::string name, std::string key) {
    return objects::Wants(wanted, {.name = std::move(name), .bucket = "b", .key = std::move(key)});
  };
  EXPECT_TRUE(wants("ObjectCreated:Put", "in/a.png"));
  EXPECT_TRUE(wants("ObjectCreated:Copy", "in/a.png"));
  EXPECT_TRUE(wants("ObjectRemoved:Delete", "in/a.png"));
  EXPECT_FALSE(wants("ObjectRemoved:DeleteMarkerCreated", "in/a.png"));
  EXPECT_FALSE(wants("ObjectCreated:Put", "out/a.png"));
  EXPECT_FALSE(wants("ObjectCreated:Put", "in/a.jpg"));
}

TEST(S3EventTest, HasTheFieldsThatS3Documents) {
  const ObjectEvent event{.name = "ObjectRemoved:DeleteMarkerCreated",
                          .bucket = "b",
                          .key = "a b/ü",
                          .size = 0,
                          .etag = "d41d8cd98f00b204e9800998ecf8427e",
                          .version = "00ff",
                          .sequence = 255,
                          .time = ParseIso8601("2026-11-22T08:30:00Z").value(),
                          .origin = {"req", "default", "10.0.0.1"}};
  EXPECT_EQ(ToJson(S3EventDetail(event, Identity())),
            R"({"version":"0","bucket":{"name":"b"},"object":{"key":"a b/ü",)"
            R"("etag":"d41d8cd98f00b204e9800998ecf8427e","version-id":"00ff",)"
            R"("sequencer":"0000000000000000FF"},"request-id":"req","requester":"000000000000",)"
            R"("source-ip-address":"10.0.0.1","reason":"DeleteObject",)"
            R"("deletion-type":"Delete Marker Created"})");
  EXPECT_EQ(S3DetailType(event), "Object Deleted");
  EXPECT_NE(S3EventRecord(event, "id", Identity()).find(R"("key":"a+b/%C3%BC")"),
            std::string::npos);
}

}  // namespace
}  // namespace scones::api
