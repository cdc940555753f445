// Map runs without a shell: readers, batches, results, tolerated failures.
#include "asl/map_run.h"

#include <gtest/gtest.h>

#include "asl/child_inputs.h"
#include "asl/item_reader.h"
#include "asl/map_results.h"
#include "asl/step.h"

namespace scones::asl {
namespace {

struct Read {
  std::string items;  // JSON texts, one a line
  std::string fault;
};

// Reads one object as `spec` says.
Read ReadObject(ItemReaderSpec spec, std::string_view bytes) {
  Read read;
  ItemReader reader(std::move(spec), [&](MapItem item) {
    read.items += ToJson(item.value) + "\n";
    return Result<void>();
  });
  EXPECT_TRUE(reader.Next());
  const auto fed = reader.FeedObject(bytes);
  if (!fed) read.fault = fed.error().reason() + ": " + fed.error().message();
  return read;
}

TEST(ItemReader, CsvTakesItsHeadersFromTheFirstRow) {
  EXPECT_EQ(
      ReadObject({.format = ItemFormat::kCsv}, "a,b\n1,2\r\n\"x,\"\"y\",\n3\n").items,
      "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"x,\\\"y\",\"b\":\"\"}\n{\"a\":\"3\",\"b\":\"\"}\n");
}

TEST(ItemReader, CsvCutsWhatIsBeyondTheHeaders) {
  EXPECT_EQ(ReadObject({.format = ItemFormat::kCsv}, "H1,\nV4,V5,V6\n   \n").items,
            "{\"\":\"V5\",\"H1\":\"V4\"}\n{\"\":\"\",\"H1\":\"   \"}\n");
  EXPECT_EQ(ReadObject({.format = ItemFormat::kCsv, .headers_given = true, .headers = {"H1"}},
                       "a,b\n,,\n")
                .items,
            "{\"H1\":\"a\"}\n{\"H1\":\"\"}\n");
}

TEST(ItemReader, CsvKnowsOtherDelimitersAndQuotedLineBreaks) {
  EXPECT_EQ(ReadObject({.format = ItemFormat::kCsv, .delimiter = '\t'}, "a\tb\n\"1\n2\"\t3").items,
            "{\"a\":\"1\\n2\",\"b\":\"3\"}\n");
  EXPECT_EQ(ReadObject({.format = ItemFormat::kCsv}, "a\n\"1\n").fault,
            "States.ItemReaderFailed: The object is not valid CSV: a quoted field does not end");
}

TEST(ItemReader, JsonMustBeAnArrayUnlessThePointerNamesAnObject) {
  EXPECT_EQ(ReadObject({}, "[1,{\"a\":2}]").items, "1\n{\"a\":2}\n");
  EXPECT_EQ(ReadObject({}, "{\"Hello\":\"world\"}").fault,
            "States.ItemReaderFailed: Attempting to map over non-iterable node.");
  EXPECT_EQ(ReadObject({.items_pointer = "/a~1b/0"}, R"({"a/b":[[5,6]]})").items, "5\n6\n");
  EXPECT_EQ(ReadObject({.items_pointer = "/m"}, R"({"m":{"k":1}})").items,
            "{\"Key\":\"k\",\"Value\":1}\n");
  EXPECT_NE(ReadObject({.items_pointer = "/no"}, "{}").fault, "");
}

TEST(ItemReader, StopsAtMaxItems) {
  EXPECT_EQ(ReadObject({.max_items = 2}, "[1,2,3]").items, "1\n2\n");
  EXPECT_EQ(
      ReadObject({.format = ItemFormat::kJsonLines, .max_items = 1}, "{\"a\":1}\n\n{\"b\":2}\n")
          .items,
      "{\"a\":1}\n");
}

TEST(ItemReader, InventoryReadsEveryFileOfItsManifest) {
  std::string items;
  ItemReader reader({.source = ItemReaderSpec::Source::kInventory, .bucket = "b", .key = "m.json"},
                    [&](MapItem item) {
                      items += ToJson(item.value) + item.source + "\n";
                      return Result<void>();
                    });
  ASSERT_TRUE(reader.FeedObject(R"({"fileFormat":"CSV","fileSchema":"Bucket, Key",
      "destinationBucket":"arn:aws:s3:::inventory","files":[{"key":"d/1.csv"},{"key":"d/2.csv"}]})"));
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Next()->bucket, "inventory");
  EXPECT_EQ(reader.Next()->key, "d/1.csv");
  ASSERT_TRUE(reader.FeedObject("\"data\",\"k1\"\n"));
  EXPECT_EQ(reader.Next()->key, "d/2.csv");
  ASSERT_TRUE(reader.FeedObject("\"data\",\"k2\"\n"));
  EXPECT_FALSE(reader.Next());
  EXPECT_EQ(items,
            "{\"Bucket\":\"data\",\"Key\":\"k1\"}S3://inventory/d/1.csv\n"
            "{\"Bucket\":\"data\",\"Key\":\"k2\"}S3://inventory/d/2.csv\n");
}

TEST(ItemReader, ListingGoesPageByPage) {
  std::int64_t items = 0;
  ItemReader reader(
      {.source = ItemReaderSpec::Source::kListing, .bucket = "b", .key = "p/", .max_items = 3},
      [&](const MapItem&) {
        ++items;
        return Result<void>();
      });
  ListedPage page{.objects = {{.key = "p/1"}, {.key = "p/2"}}, .last = false};
  EXPECT_EQ(reader.Next()->after, "");
  ASSERT_TRUE(reader.FeedListing(page));
  EXPECT_EQ(reader.Next()->after, "p/2");
  ASSERT_TRUE(reader.FeedListing(page));
  EXPECT_FALSE(reader.Next());
  EXPECT_EQ(items, 3);
}

std::shared_ptr<const Definition> MapMachine(const std::string& fields) {
  auto definition = Definition::Parse(
      R"({"StartAt":"M","States":{"M":{"Type":"Map",)" + fields +
          R"("ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
          "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}})",
      MachineType::kStandard);
  EXPECT_TRUE(definition) << definition.error().message();
  return definition ? *definition : nullptr;
}

// The spec that the machine's first step orders.
MapRunSpec Ordered(const Definition& definition, const std::string& input) {
  const ExecutionContext context{
      .state_machine_arn = "arn:aws:states:us-east-1:111111111111:stateMachine:m", .input = input};
  ExecutionState state;
  Transition transition = Step(definition, context, state, Start{}, Timestamp());
  for (Command& command : transition.commands) {
    if (auto* run = std::get_if<StartMapRun>(&command)) return std::move(run->spec);
  }
  ADD_FAILURE() << "no map run";
  return {};
}

std::vector<std::string> InputsOf(const Definition& definition, const MapRunSpec& spec) {
  std::vector<std::string> inputs;
  auto children = ChildInputs::Make(definition, spec, [&](std::string input, std::int64_t count) {
    inputs.push_back(std::to_string(count) + " " + input);
    return Result<void>();
  });
  EXPECT_TRUE(children);
  EXPECT_TRUE(children->AddStateItems());
  EXPECT_TRUE(children->Finish());
  return inputs;
}

TEST(ChildInputs, SelectsAndBatchesItems) {
  const auto definition = MapMachine(
      R"("ItemsPath":"$.i","ItemSelector":{"n.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","all.$":"$.x"},
      "ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"f.$":"$.x"}},)");
  ASSERT_NE(definition, nullptr);
  auto spec = DecodeMapRunSpec(Encode(Ordered(*definition, R"({"i":["a","b","c"],"x":7})")));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(
      InputsOf(*definition, *spec),
      (std::vector<std::string>{
          R"(2 {"BatchInput":{"f":7},"Items":[{"n":0,"v":"a","all":7},{"n":1,"v":"b","all":7}]})",
          R"(1 {"BatchInput":{"f":7},"Items":[{"n":2,"v":"c","all":7}]})"}));
}

TEST(ChildInputs, SelectorsSeeTheVariablesOfTheMachine) {
  const auto definition = Definition::Parse(
      R"({"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":3},"Next":"M"},
      "M":{"Type":"Map","ItemSelector":{"x.$":"$x"},
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
      "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}})",
      MachineType::kStandard);
  ASSERT_TRUE(definition) << definition.error().message();
  const MapRunSpec spec = Ordered(**definition, "[1]");
  EXPECT_EQ(spec.child_type, MachineType::kExpress);
  EXPECT_EQ(InputsOf(**definition, spec), std::vector<std::string>{R"(1 {"x":3})"});
}

TEST(ChildInputs, BatchesStayBelowTheirBytes) {
  const auto definition = MapMachine(R"("ItemBatcher":{"MaxInputBytesPerBatch":25},)");
  ASSERT_NE(definition, nullptr);
  EXPECT_EQ(
      InputsOf(*definition, Ordered(*definition, R"(["aaaa","bbbb","cccc"])")),
      (std::vector<std::string>{R"(2 {"Items":["aaaa","bbbb"]})", R"(1 {"Items":["cccc"]})"}));
}

TEST(ChildInputs, MembersOfAnObjectArePairs) {
  const auto definition = MapMachine(R"("ItemSelector":{"k.$":"$$.Map.Item.Key"},)");
  ASSERT_NE(definition, nullptr);
  EXPECT_EQ(InputsOf(*definition, Ordered(*definition, R"({"a":1,"b":2})")),
            (std::vector<std::string>{R"(1 {"k":"a"})", R"(1 {"k":"b"})"}));
}

TEST(MapRunProgress, FailsOnceMoreItemsFailThanAreTolerated) {
  const MapRunCounts four{.total = 4};
  MapRunProgress none({}, four, four);
  EXPECT_EQ(none.Room(), 4);
  none.Started(1);
  none.Ended(ExecutionStatus::kFailed, 1);
  EXPECT_TRUE(none.Exceeded());
  EXPECT_TRUE(none.Done());

  MapRunProgress half({.max_concurrency = 1, .tolerated_failure_percentage = 50.0}, four, four);
  for (const bool exceeded : {false, false, true}) {
    EXPECT_EQ(half.Room(), 1);
    half.Started(1);
    EXPECT_EQ(half.Room(), 0);
    half.Ended(ExecutionStatus::kTimedOut, 1);
    EXPECT_EQ(half.Exceeded(), exceeded);
  }

  MapRunProgress one({.tolerated_failure_count = 1}, four, four);
  one.Started(1);
  one.Ended(ExecutionStatus::kFailed, 1);
  EXPECT_FALSE(one.Exceeded());
  EXPECT_EQ(one.Room(), 3);
}

ChildResult Child(ExecutionStatus status, std::string output) {
  return {.status = status,
          .execution_arn = "arn:e",
          .name = "e",
          .state_machine_arn = "arn:m",
          .input = "1",
          .output = std::move(output)};
}

TEST(MapResults, AreTheOutputsInOrderAndFlattenArrays) {
  MapRunSpec spec;
  MapResults plain(spec, {});
  ASSERT_TRUE(plain.Add(Child(ExecutionStatus::kSucceeded, "[1]")));
  ASSERT_TRUE(plain.Add(Child(ExecutionStatus::kSucceeded, "{}")));
  EXPECT_EQ(plain.Finish().value_or(""), "[[1],{}]");

  spec.writer = ResultWriterSpec{.transformation = ResultTransformation::kFlatten};
  MapResults flat(spec, {});
  ASSERT_TRUE(flat.Add(Child(ExecutionStatus::kSucceeded, "[1,2]")));
  ASSERT_TRUE(flat.Add(Child(ExecutionStatus::kSucceeded, "[3]")));
  EXPECT_EQ(flat.Finish().value_or(""), "[1,2,3]");
}

TEST(MapResults, GoToFilesByStatusWithAManifest) {
  MapRunSpec spec{.arn = "arn:run", .id = "u"};
  spec.writer =
      ResultWriterSpec{.bucket = "b", .prefix = "p", .transformation = ResultTransformation::kNone};
  std::map<std::string, std::string> files;
  MapResults results(spec, [&](std::string key, std::string bytes) {
    files[std::move(key)] = std::move(bytes);
    return Result<void>();
  });
  ASSERT_TRUE(results.Add(Child(ExecutionStatus::kSucceeded, "1")));
  ASSERT_TRUE(results.Add(Child(ExecutionStatus::kFailed, "")));
  ASSERT_TRUE(results.Add({.input = "3"}));
  EXPECT_EQ(
      results.Finish().value_or(""),
      R"({"MapRunArn":"arn:run","ResultWriterDetails":{"Bucket":"b","Key":"p/u/manifest.json"}})");
  ASSERT_TRUE(files.contains("p/u/SUCCEEDED_0.json"));
  ASSERT_TRUE(files.contains("p/u/FAILED_0.json"));
  EXPECT_EQ(files["p/u/PENDING_0.json"],
            R"([{"Input":"3","InputDetails":{"Included":true},"Status":"PENDING"}])");
  const auto manifest = ParseJson(files["p/u/manifest.json"]);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->at("DestinationBucket"), "b");
  EXPECT_EQ(manifest->at("ResultFiles").at("SUCCEEDED").at(0).at("Key"), "p/u/SUCCEEDED_0.json");
  EXPECT_EQ(manifest->at("ResultFiles").at("SUCCEEDED").at(0).at("Size"),
            static_cast<std::int64_t>(files["p/u/SUCCEEDED_0.json"].size()));
}

TEST(MapResults, TooLargeAnOutputIsRefusedAndAFailedWriteNamed) {
  MapRunSpec spec{.state_name = "M"};
  MapResults results(spec, {});
  const std::string large = ToJsonString(std::string(200 * 1024, 'a'));
  ASSERT_TRUE(results.Add(Child(ExecutionStatus::kSucceeded, large)));
  EXPECT_EQ(results.Add(Child(ExecutionStatus::kSucceeded, large)).error().reason(),
            "States.DataLimitExceeded");
  spec.writer = ResultWriterSpec{.bucket = "b"};
  MapResults failing(spec, [](const std::string&, const std::string&) -> Result<void> {
    return Error(Code::kNotFound, "NoSuchBucket", "The specified bucket does not exist");
  });
  EXPECT_EQ(failing.Finish().error().reason(), "States.ResultWriterFailed");
}

}  // namespace
}  // namespace scones::asl
