#include "http/message.h"

#include <gtest/gtest.h>

#include "io/shards.h"

namespace scones::http {
namespace {

TEST(HeadersTest, NamesCompareWithoutCase) {
  Headers headers;
  headers.Add("Content-Type", "a");
  headers.Add("X", "1");
  headers.Add("content-type", "b");
  EXPECT_EQ(headers.Get("CONTENT-TYPE"), "a");
  headers.Set("Content-type", "c");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.Get("content-type"), "c");
  headers.Remove("x");
  EXPECT_FALSE(headers.Contains("X"));
}

TEST(RequestTest, SplitsTheTargetAtTheFirstQuestionMark) {
  Request request;
  request.target = "/a%2Fb?x=1?2";
  EXPECT_EQ(request.raw_path(), "/a%2Fb");
  EXPECT_EQ(request.raw_query(), "x=1?2");
}

TEST(BodyTest, ReadAllHoldsToItsLimit) {
  io::Shards shards(1);
  const auto all = MakeStringBody("0123456789");
  EXPECT_EQ(*shards.RunAndWait(ReadAll(*all, 10)), "0123456789");
  const auto more = MakeStringBody("0123456789");
  EXPECT_EQ(shards.RunAndWait(ReadAll(*more, 9)).error().reason(), "EntityTooLarge");
}

TEST(BodyTest, ReadAllTakesWhatIsLeftAndLeavesTheEnd) {
  io::Shards shards(1);
  const auto body = MakeStringBody("0123456789");
  char start[3];
  EXPECT_EQ(*shards.RunAndWait(body->Read(start)), 3U);
  EXPECT_EQ(*shards.RunAndWait(ReadAll(*body, 10)), "3456789");
  EXPECT_EQ(body->size(), 10U);
  EXPECT_EQ(*shards.RunAndWait(body->Read(start)), 0U);
  EXPECT_EQ(*shards.RunAndWait(ReadAll(*body, 10)), "");
}

}  // namespace
}  // namespace scones::http
