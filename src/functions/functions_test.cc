#include "functions/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "functions/detail/testing.h"

namespace scones::functions {
namespace {

using testing::HasSubstr;

TEST_F(FunctionsTest, FunctionsVersionsAndAliasesSurviveARestart) {
  ASSERT_TRUE(CreatePython("def lambda_handler(e, c): return 'old'\n", {{"AB", "b"}}));
  const auto version = shards_.RunAndWait(functions_->PublishVersion({.name = "f"}, "first", {}));
  ASSERT_TRUE(version);
  EXPECT_EQ(version->version, "1");
  EXPECT_THAT(version->arn, HasSubstr(":function:f:1"));
  const auto again = shards_.RunAndWait(functions_->PublishVersion({.name = "f"}, "", {}));
  EXPECT_EQ(again->version, "1") << "nothing has changed since";
  ASSERT_TRUE(shards_.RunAndWait(
      functions_->UpdateExtras({.name = "f"}, [](FunctionExtras& extras) -> Result<void> {
        extras.aliases["live"] = {.name = "live", .version = "1"};
        return {};
      })));
  ASSERT_TRUE(shards_.RunAndWait(functions_->UpdateCode(
      {.name = "f"},
      {MakeZip({{"lambda_function.py", "def lambda_handler(e, c): return 'new'"}}).value()}, {})));
  Reopen();
  EXPECT_EQ(functions_->Get({.name = "f"})->settings.environment.at("AB"), "b");
  EXPECT_EQ(functions_->ListVersions({.name = "f"})->size(), 2u);
  EXPECT_EQ(Invoke()->payload, "\"new\"");
  EXPECT_EQ(Invoke("{}", "f:1")->payload, "\"old\"");
  EXPECT_EQ(Invoke("{}", "f:live")->payload, "\"old\"");
  EXPECT_EQ(Invoke("{}", "f:live")->executed_version, "1");
  EXPECT_EQ(Invoke("{}", "f:2").error().reason(), "ResourceNotFoundException");
}

TEST_F(FunctionsTest, ANameThatExistsIsAConflictAndADeletedFunctionIsGone) {
  ASSERT_TRUE(CreateNative());
  const auto conflict = CreateNative();
  EXPECT_EQ(conflict.error().reason(), "ResourceConflictException");
  EXPECT_EQ(conflict.error().message(), "Function already exist: n");
  ASSERT_TRUE(shards_.RunAndWait(functions_->Delete({.name = "n"})));
  EXPECT_EQ(Invoke("{}", "n").error().message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:n");
  EXPECT_EQ(shards_.RunAndWait(functions_->Delete({.name = "n"})).error().reason(),
            "ResourceNotFoundException");
  Reopen();
  EXPECT_TRUE(functions_->List().empty());
}

TEST_F(FunctionsTest, CodeThatNobodyUsesIsRemoved) {
  const auto count = [&] {
    std::error_code none;
    std::size_t files = 0;
    for (const char* part : {"packages", "code", "partial"}) {
      for ([[maybe_unused]] const auto& entry :
           std::filesystem::directory_iterator(options_.data_dir / part, none)) {
        ++files;
      }
    }
    return files;
  };
  ASSERT_TRUE(CreateNative());
  EXPECT_EQ(count(), 2u);
  ASSERT_TRUE(shards_.RunAndWait(functions_->Delete({.name = "n"})));
  EXPECT_TRUE(Eventually([&] { return count() == 0; }));
  std::ofstream(options_.data_dir / "packages" / "stray.zip") << "x";
  Reopen();
  EXPECT_EQ(count(), 0u);
}

TEST_F(FunctionsTest, SettingsOutOfBoundsAreRefusedByName) {
  const std::string zip = MakeZip({{"bootstrap", "x"}}).value();
  const auto refusal = [&](FunctionSettings settings, const std::string& name = "f") {
    const auto created = Create(name, std::move(settings), zip);
    return created ? "created" : created.error().reason() + ": " + created.error().message();
  };
  EXPECT_THAT(refusal({.runtime = "cobol", .handler = "h"}), HasSubstr("'runtime'"));
  EXPECT_THAT(refusal({.runtime = "python3.x1", .handler = "h"}), HasSubstr("'runtime'"));
  EXPECT_THAT(refusal({.runtime = "provided"}), HasSubstr("'handler'"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .timeout_s = 901}),
              HasSubstr("'timeout'"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .memory_mb = 64}),
              HasSubstr("'memorySize'"));
  EXPECT_THAT(
      refusal({.runtime = "provided", .handler = "h", .environment = {{"AWS_REGION", "x"}}}),
      HasSubstr("reserved keys"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h", .environment = {{"1x", "x"}}}),
              HasSubstr("regular expression"));
  EXPECT_THAT(refusal({.runtime = "provided",
                       .handler = "h",
                       .environment = {{"BIG", std::string(5000, 'x')}}}),
              HasSubstr("4KB limit"));
  EXPECT_THAT(refusal({.runtime = "provided", .handler = "h"}, "../x"),
              HasSubstr("'functionName'"));
  EXPECT_TRUE(functions_->List().empty());
}

}  // namespace
}  // namespace scones::functions
