#include <gtest/gtest.h>

#include <string_view>

#include "functions/types.h"

namespace scones::functions {
namespace {

TEST(FunctionRef, ResolvesNamesAndArnsOfAnyAccount) {
  const auto parse = [](std::string_view text, std::string_view qualifier = "") {
    const auto reference = FunctionRef::Parse(text, qualifier);
    return reference ? reference->name + "|" + reference->qualifier : reference.error().reason();
  };
  EXPECT_EQ(parse("f"), "f|");
  EXPECT_EQ(parse("f:1"), "f|1");
  EXPECT_EQ(parse("arn:aws:lambda:us-east-1:820235860091:function:f:$LATEST"), "f|$LATEST");
  EXPECT_EQ(parse("arn:aws-cn:lambda:x:1:function:f"), "f|");
  EXPECT_EQ(parse("123456789012:function:f:live"), "f|live");
  EXPECT_EQ(parse("f", "2"), "f|2");
  EXPECT_EQ(parse("f:1", "2"), "InvalidParameterValueException");
  for (const char* bad :
       {"", "a b", "f:", "f:1:2", "arn:aws:s3:::b", "arn:aws:lambda:r:a:layer:f", "../f"}) {
    EXPECT_EQ(parse(bad), "ValidationException") << bad;
  }
}

}  // namespace
}  // namespace scones::functions
