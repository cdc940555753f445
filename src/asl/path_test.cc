#include "asl/path.h"

#include <gtest/gtest.h>

namespace scones::asl {
namespace {

std::string Query(std::string_view path, std::string_view document) {
  auto parsed = Path::Parse(path);
  if (!parsed) return "bad path";
  auto value = parsed->Evaluate(*ParseJson(document));
  return value ? ToJson(*value) : value.error().message();
}

constexpr std::string_view kStore =
    R"({"book":[{"t":"a","p":8,"i":"x"},{"t":"b","p":12},{"t":"c","p":8.5,"i":"y"}],"bike":{"p":20}})";

TEST(PathTest, DefinitePathsGiveTheNode) {
  EXPECT_EQ(Query("$", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(Query("$.a.b", R"({"a":{"b":[1,2]}})"), "[1,2]");
  EXPECT_EQ(Query("$['a b'][1]", R"({"a b":[1,2]})"), "2");
  EXPECT_EQ(Query("$.a[-1]", R"({"a":[1,2,3]})"), "3");
  EXPECT_EQ(Query("$.a[(@.length-2)]", R"({"a":[1,2,3]})"), "2");
  EXPECT_EQ(Query("$.from-here", R"({"from-here":true})"), "true");
  EXPECT_EQ(Query(R"($['it\'s'])", R"({"it's":1})"), "1");
}

TEST(PathTest, MissingNodesAreNamedAsTheServiceNamesThem) {
  EXPECT_EQ(Query("$.no.such", "{}"), "Missing property in path $['no']");
  EXPECT_EQ(Query("$.a.b", R"({"a":{}})"), "No results for path: $['a']['b']");
  EXPECT_EQ(Query("$.a[3]", R"({"a":[1]})"), "No results for path: $['a'][3]");
}

TEST(PathTest, QueriesGiveAnArrayThatMayBeEmpty) {
  EXPECT_EQ(Query("$.book[*].t", kStore), R"(["a","b","c"])");
  EXPECT_EQ(Query("$.book[0,2].p", kStore), "[8,8.5]");
  EXPECT_EQ(Query("$.book[1:].t", kStore), R"(["b","c"])");
  EXPECT_EQ(Query("$.book[-2:].t", kStore), R"(["b","c"])");
  EXPECT_EQ(Query("$.book[0:3:2].t", kStore), R"(["a","c"])");
  EXPECT_EQ(Query("$..p", kStore), "[8,12,8.5,20]");
  EXPECT_EQ(Query("$.bike['p','q']", kStore), "[20]");
  EXPECT_EQ(Query("$.none[*].t", kStore), "[]");
}

TEST(PathTest, FiltersCompareAndCombine) {
  EXPECT_EQ(Query("$.book[?(@.p < 10)].t", kStore), R"(["a","c"])");
  EXPECT_EQ(Query("$.book[?(@.i)].t", kStore), R"(["a","c"])");
  EXPECT_EQ(Query("$.book[?(!@.i)].t", kStore), R"(["b"])");
  EXPECT_EQ(Query("$.book[?(@.t == 'b' || @.p == 8)].t", kStore), R"(["a","b"])");
  EXPECT_EQ(Query("$.book[?(@.p > 8 && @.i == 'y')].t", kStore), R"(["c"])");
  EXPECT_EQ(Query("$.book[?(@.t in ['a','b'])].t", kStore), R"(["a","b"])");
  EXPECT_EQ(Query("$.book[?(@.p < $.bike.p)].t", kStore), R"(["a","b","c"])");
  EXPECT_EQ(Query("$.book[?(@.t == b)].p", kStore), "[12]");
}

TEST(PathTest, FunctionsAreReadButFindNothing) {
  constexpr char kMissing[] = "No results for path: $['a']['sum()']";
  EXPECT_EQ(Query("$.a.sum()", R"({"a":[1,2]})"), kMissing);
  EXPECT_EQ(Query("$.a.sum()", R"j({"a":{"sum()":1}})j"), kMissing);
  EXPECT_EQ(Query("$.a[*].length()", R"({"a":[[1],[2]]})"), "[]");
  EXPECT_FALSE(Path::Parse("$.a.length("));
}

TEST(PathTest, WrongSyntaxIsRefused) {
  for (const char* text : {"", "a", ".a", "$.", "$...", "$..", "$[", "$[]", "$['a'", "$.a b",
                           "$[?(@.a]", "$[?(]", "$.a[1:2:0]", "()", "$[1,]"}) {
    EXPECT_FALSE(Path::Parse(text)) << text;
  }
}

TEST(PathTest, OnlyPlainPathsAreReferences) {
  EXPECT_TRUE(Path::Parse("$.a['b'][0]")->is_reference());
  EXPECT_FALSE(Path::Parse("$.a[*]")->is_reference());
  EXPECT_FALSE(Path::Parse("$..a")->is_reference());
  EXPECT_FALSE(Path::Parse("$.a[-1]")->is_reference());
  EXPECT_FALSE(Path::Parse("$.a.length()")->is_reference());
  EXPECT_EQ(Path::Parse("$$.State.Name")->root(), Path::Root::kContext);
  EXPECT_EQ(Path::Parse("$name.a")->variable(), "name");
}

TEST(PathTest, AssignmentMakesObjectsOnItsWay) {
  json::value root = *ParseJson(R"({"a":{"x":1},"l":[1,2]})");
  EXPECT_TRUE(Path::Parse("$.a.b.c")->Assign(root, 5));
  EXPECT_TRUE(Path::Parse("$.l[1]")->Assign(root, "two"));
  EXPECT_EQ(ToJson(root), R"({"a":{"x":1,"b":{"c":5}},"l":[1,"two"]})");
  EXPECT_FALSE(Path::Parse("$.a.x.y")->Assign(root, 1));
  EXPECT_FALSE(Path::Parse("$.l[2]")->Assign(root, 1));
}

TEST(PathTest, AResultThatGrowsWithoutBoundIsRefused) {
  std::string names = "$['a'";
  for (int i = 0; i < 1500; ++i) names += ",'a'";
  const std::string document = R"({"a":")" + std::string(100'000, 'x') + R"("})";
  EXPECT_EQ(Path::Parse(names + "]")->Evaluate(*ParseJson(document)).error().code(),
            Code::kExhausted);
}

TEST(PathTest, DeepScansOverDeepDocumentsEnd) {
  const std::string document = std::string(120, '[') + std::string(120, ']');
  const auto value = Path::Parse("$..*..*..*..*..*..*")->Evaluate(*ParseJson(document));
  EXPECT_EQ(value.error().code(), Code::kExhausted);
}

}  // namespace
}  // namespace scones::asl
