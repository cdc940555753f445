#include "integrations/sdk_shape.h"

#include <gtest/gtest.h>

#include "integrations/http_task.h"
#include "integrations/s3_wire.h"

namespace scones::integrations {
namespace {

json::object Object(std::string_view text) { return ParseJson(text)->get_object(); }

TEST(SdkShapeTest, MembersChangeCaseAtEveryDepthButForTheUsersOwnNames) {
  const json::object given =
      Object(R"({"StateMachineArn":"a","LoggingConfiguration":{"Destinations":[{"LogGroup":1}]}})");
  EXPECT_EQ(ToJson(ToCamelCase(given)),
            R"({"stateMachineArn":"a","loggingConfiguration":{"destinations":[{"logGroup":1}]}})");
  const json::object event = Object(R"({"assignedVariables":{"myName":{"inner":1}},"id":2})");
  EXPECT_EQ(ToJson(ToPascalCase(event)), R"({"AssignedVariables":{"myName":{"inner":1}},"Id":2})");
}

TEST(SdkShapeTest, DatesAreMillisecondsInVersionOneAndTextInVersionTwo) {
  json::object one =
      Object(R"({"StartDate":1700000000.25,"Jobs":[{"CreationTime":1}],"Time":"x"})");
  json::object two = one;
  ConvertDates(Sdk::kJava1, one);
  EXPECT_EQ(ToJson(one),
            R"({"StartDate":1700000000250,"Jobs":[{"CreationTime":1000}],"Time":"x"})");
  ConvertDates(Sdk::kJava2, two);
  EXPECT_EQ(two.at("StartDate"), "2023-11-14T22:13:20.250Z");
}

TEST(SdkShapeTest, ErrorsAreNamedByTheSdksClasses) {
  const Error gone(Code::kNotFound, "StateMachineDoesNotExist",
                   "State Machine Does Not Exist: 'x'");
  const Error first = ServiceError(Sdk::kJava1, kStatesErrors, gone, 400, "id");
  EXPECT_EQ(first.reason(), "StepFunctions.StateMachineDoesNotExistException");
  EXPECT_EQ(first.message(),
            "State Machine Does Not Exist: 'x' (Service: AWSStepFunctions; Status Code: 400; Error "
            "Code: StateMachineDoesNotExist; Request ID: id; Proxy: null)");
  EXPECT_EQ(ServiceError(Sdk::kJava2, kStatesErrors, gone, 400, "id").reason(),
            "Sfn.StateMachineDoesNotExistException");

  const Error invalid(Code::kInvalid, "ValidationException", "no");
  EXPECT_EQ(ServiceError(Sdk::kJava1, kSageMakerErrors, invalid, 400, "id").reason(),
            "SageMaker.AmazonSageMakerException");
  const Error second = ServiceError(Sdk::kJava2, kSageMakerErrors, invalid, 400, "id");
  EXPECT_EQ(second.reason(), "SageMaker.SageMakerException");
  EXPECT_EQ(second.message(), "no (Service: SageMaker, Status Code: 400, Request ID: id)");
}

TEST(S3WireTest, ParametersGoToPathQueryHeadersAndBody) {
  const auto put =
      MakeS3Request(*FindS3Operation("putObject"),
                    Object(R"({"Bucket":"b","Key":"a b/c?","Body":{"x":1},"ContentType":"t/x",
                 "Metadata":{"colour":"red"},"IfNoneMatch":"*","Tagging":null})"));
  ASSERT_TRUE(put) << put.error().message();
  EXPECT_EQ(put->request.method, "PUT");
  EXPECT_EQ(put->request.target, "/b/a%20b/c%3F");
  EXPECT_EQ(put->body, R"({"x":1})");
  EXPECT_EQ(put->request.headers.Get("content-type"), "t/x");
  EXPECT_EQ(put->request.headers.Get("x-amz-meta-colour"), "red");
  EXPECT_EQ(put->request.headers.Get("If-None-Match"), "*");

  const auto list = MakeS3Request(*FindS3Operation("listObjectsV2"),
                                  Object(R"({"Bucket":"b","Prefix":"p/","MaxKeys":7})"));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->request.target, "/b?list-type=2&prefix=p%2F&max-keys=7");

  const auto tags = MakeS3Request(
      *FindS3Operation("putObjectTagging"),
      Object(R"({"Bucket":"b","Key":"k","Tagging":{"TagSet":[{"Key":"<","Value":"v"}]}})"));
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->body,
            "<Tagging><TagSet><Tag><Key>&lt;</Key><Value>v</Value></Tag></TagSet></Tagging>");
}

TEST(S3WireTest, WhatCannotBeMeantIsRefusedByName) {
  const S3Operation& get = *FindS3Operation("getObject");
  for (const char* bad : {R"({"Key":"k"})", R"({"Bucket":"b","Key":""})",
                          R"({"Bucket":"b","Key":7})", R"({"Bucket":"b","Key":"k","Colour":"red"})",
                          R"({"Bucket":"b","Key":"k","Range":"a\r\nX-Evil: 1"})",
                          R"({"Bucket":"b","Key":"k","IfModifiedSince":"soon"})"}) {
    EXPECT_FALSE(MakeS3Request(get, Object(bad))) << bad;
  }
  EXPECT_EQ(FindS3Operation("selectObjectContent"), nullptr);
}

TEST(S3WireTest, ListsAndNumbersOfDocumentsAreRead) {
  const auto listed = ReadS3Response(
      *FindS3Operation("listObjectsV2"), {},
      "<ListBucketResult><Name>b</Name><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>"
      "<Contents><Key>a</Key><LastModified>2026-11-22T08:30:01.123Z</LastModified><Size>3</Size>"
      "</Contents><Contents><Key>c</Key><Size>0</Size></Contents></ListBucketResult>");
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_EQ(ToJson(*listed),
            R"({"Name":"b","KeyCount":2,"IsTruncated":false,"Contents":[{"Key":"a",)"
            R"("LastModified":"2026-11-22T08:30:01Z","Size":3},{"Key":"c","Size":0}]})");
}

bool Allows(const AllowedHosts& hosts, std::string_view url) {
  return hosts.Allows(*http::Url::Parse(url));
}

TEST(HttpTaskTest, OnlyNamedHostsAreAllowed) {
  const AllowedHosts hosts({"API.example.com", "other.test:8080", "*.inner.test"});
  EXPECT_TRUE(Allows(hosts, "https://api.example.com/x"));
  EXPECT_TRUE(Allows(hosts, "http://api.example.com:99/"));
  EXPECT_TRUE(Allows(hosts, "http://other.test:8080/"));
  EXPECT_FALSE(Allows(hosts, "http://other.test/"));
  EXPECT_TRUE(Allows(hosts, "http://a.b.inner.test/"));
  EXPECT_FALSE(Allows(hosts, "http://inner.test/"));
  EXPECT_FALSE(Allows(hosts, "http://evilapi.example.com/"));
  EXPECT_FALSE(Allows(AllowedHosts({}), "http://api.example.com/"));
}

TEST(HttpTaskTest, AddressesOfThisMachineAndItsLinkNeedToBeNamed) {
  const AllowedHosts hosts({"api.example.com"});
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "169.254.169.254",
        "fe80::1", "fd00:ec2::254", "224.0.0.1", "255.255.255.255", "not an address"}) {
    EXPECT_FALSE(hosts.MayConnect(address)) << address;
  }
  EXPECT_TRUE(hosts.MayConnect("93.184.216.34"));
  EXPECT_TRUE(hosts.MayConnect("10.1.2.3"));
  EXPECT_TRUE(AllowedHosts({"localhost"}).MayConnect("127.0.0.1"));
  EXPECT_TRUE(AllowedHosts({"127.0.0.1:8080"}).MayConnect("127.0.0.1"));
  EXPECT_FALSE(AllowedHosts({"127.0.0.1"}).MayConnect("169.254.169.254"));
}

TEST(HttpTaskTest, FormsAreEncodedInEachArrayFormat) {
  const json::object form = Object(R"({"a":["x","y z"],"o":{"k":1},"n":null})");
  EXPECT_EQ(EncodeForm(form, "INDICES"), "a%5B0%5D=x&a%5B1%5D=y%20z&o%5Bk%5D=1&n=");
  EXPECT_EQ(EncodeForm(form, "REPEAT"), "a=x&a=y%20z&o%5Bk%5D=1&n=");
  EXPECT_EQ(EncodeForm(form, "COMMAS"), "a=x%2Cy%20z&o%5Bk%5D=1&n=");
  EXPECT_EQ(EncodeForm(form, "BRACKETS"), "a%5B%5D=x&a%5B%5D=y%20z&o%5Bk%5D=1&n=");
}

}  // namespace
}  // namespace scones::integrations
