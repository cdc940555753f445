#include "events/event_pattern.h"

#include <gtest/gtest.h>

namespace scones::events {
namespace {

bool Matches(const std::string& pattern, const std::string& event) {
  const Result<EventPattern> parsed = EventPattern::Parse(pattern);
  EXPECT_TRUE(parsed) << pattern << ": " << parsed.error().message();
  return parsed && parsed->Matches(ParseJson(event).value().as_object());
}

constexpr const char* kInstanceEvent = R"({
  "version": "0", "id": "6a7e8feb", "detail-type": "EC2 Instance State-change Notification",
  "source": "aws.ec2", "account": "111122223333", "time": "2017-12-22T18:43:48Z",
  "region": "us-west-1", "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234"],
  "detail": {"instance-id": "i-1234567890abcdef0", "state": "terminated", "c-count": 5,
             "ratio": 0.5, "ip": "10.0.0.200", "none": null, "empty": "", "flag": true,
             "list": ["a", "b", ["c"]], "nothing": [], "nested": {"deep": {"x": 1}},
             "parts": [{"kind": "A", "n": 1}, {"kind": "B", "n": 2}],
             "file": "picture.PNG", "path": "dir/sub/picture.PNG", "v6": "2001:db8::5"}})";

struct PatternCase {
  const char* pattern;
  bool matches;
};
constexpr PatternCase kCases[] = {
    // Exact values and arrays.
    {R"({"source": ["aws.ec2"]})", true},
    {R"({"source": ["aws.s3", "aws.ec2"]})", true},
    {R"({"source": ["aws.s3"]})", false},
    {R"({"source": ["AWS.EC2"]})", false},
    {R"({"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"],
         "detail": {"state": ["running", "terminated"]}})",
     true},
    {R"({"source": ["aws.ec2"], "detail": {"state": ["running"]}})", false},
    {R"({"resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234"]})", true},
    {R"({"detail": {"list": ["b"]}})", true},
    {R"({"detail": {"list": ["c"]}})", true},
    {R"({"detail": {"list": ["d"]}})", false},
    {R"({"detail": {"none": [null]}})", true},
    {R"({"detail": {"state": [null]}})", false},
    {R"({"detail": {"empty": [""]}})", true},
    {R"({"detail": {"flag": [true]}})", true},
    {R"({"detail": {"flag": ["true"]}})", false},
    {R"({"detail": {"c-count": [5]}})", true},
    {R"({"detail": {"c-count": [5.0]}})", false},
    {R"({"detail": {"c-count": ["5"]}})", false},
    {R"({"detail": {"ratio": [0.5]}})", true},
    {R"({"detail": {"nested": {"deep": {"x": [1]}}}})", true},
    {R"({"detail": {"nested": {"deep": {"y": [1]}}}})", false},
    {R"({"detail": {"state": {"deep": ["x"]}}})", false},
    // The fields of one element of an array belong together.
    {R"({"detail": {"parts": {"kind": ["A"], "n": [1]}}})", true},
    {R"({"detail": {"parts": {"kind": ["A"], "n": [2]}}})", false},
    // prefix, suffix.
    {R"({"time": [{"prefix": "2017-12-22"}]})", true},
    {R"({"time": [{"prefix": "2017-10-02"}]})", false},
    {R"({"region": [{"prefix": "us-"}]})", true},
    {R"({"detail": {"file": [{"suffix": ".PNG"}]}})", true},
    {R"({"detail": {"file": [{"suffix": ".png"}]}})", false},
    {R"({"detail": {"file": [{"suffix": {"equals-ignore-case": ".png"}}]}})", true},
    {R"({"source": [{"prefix": {"equals-ignore-case": "AWS."}}]})", true},
    {R"({"detail": {"c-count": [{"prefix": "5"}]}})", false},
    {R"({"detail": {"empty": [{"prefix": ""}]}})", true},
    // anything-but.
    {R"({"detail": {"state": [{"anything-but": "initializing"}]}})", true},
    {R"({"detail": {"state": [{"anything-but": "terminated"}]}})", false},
    {R"({"detail": {"state": [{"anything-but": ["stopped", "overloaded"]}]}})", true},
    {R"({"detail": {"state": [{"anything-but": ["stopped", "terminated"]}]}})", false},
    {R"({"detail": {"c-count": [{"anything-but": 123}]}})", true},
    {R"({"detail": {"c-count": [{"anything-but": [4, 5]}]}})", false},
    {R"({"detail": {"state": [{"anything-but": {"prefix": "init"}}]}})", true},
    {R"({"detail": {"state": [{"anything-but": {"prefix": "term"}}]}})", false},
    {R"({"detail": {"state": [{"anything-but": {"prefix": ["init", "term"]}}]}})", false},
    {R"({"detail": {"file": [{"anything-but": {"suffix": ".txt"}}]}})", true},
    {R"({"detail": {"file": [{"anything-but": {"suffix": [".txt", ".PNG"]}}]}})", false},
    {R"({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["TERMINATED"]}}]}})", false},
    {R"({"detail": {"path": [{"anything-but": {"wildcard": "*/sub/*"}}]}})", false},
    {R"({"detail": {"path": [{"anything-but": {"wildcard": "*/other/*"}}]}})", true},
    {R"({"detail": {"missing": [{"anything-but": "x"}]}})", false},
    // numeric.
    {R"({"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}]}})", true},
    {R"({"detail": {"c-count": [{"numeric": ["<", 5]}]}})", false},
    {R"({"detail": {"c-count": [{"numeric": ["=", 5.0]}]}})", true},
    {R"({"detail": {"c-count": [{"numeric": [">=", 5]}]}})", true},
    {R"({"detail": {"c-count": [{"numeric": [">", 5]}]}})", false},
    {R"({"detail": {"ratio": [{"numeric": [">", 0.25, "<", 0.75]}]}})", true},
    {R"({"detail": {"state": [{"numeric": [">", 0]}]}})", false},
    // exists: of leaves only.
    {R"({"detail": {"state": [{"exists": true}]}})", true},
    {R"({"detail": {"state": [{"exists": false}]}})", false},
    {R"({"detail": {"missing": [{"exists": false}]}})", true},
    {R"({"detail": {"missing": [{"exists": true}]}})", false},
    {R"({"detail": {"none": [{"exists": true}]}})", true},
    {R"({"detail": {"nothing": [{"exists": false}]}})", true},
    {R"({"detail": {"nested": [{"exists": true}]}})", false},
    {R"({"absent": {"inner": [{"exists": false}]}})", true},
    {R"({"detail": {"state": {"inner": [{"exists": false}]}}})", true},
    {R"({"detail": {"missing": [{"exists": false}, "x"]}})", true},
    // equals-ignore-case, wildcard.
    {R"({"detail-type": [{"equals-ignore-case": "ec2 instance state-change notification"}]})",
     true},
    {R"({"detail-type": [{"equals-ignore-case": "ec2 instance"}]})", false},
    {R"({"detail": {"path": [{"wildcard": "dir/*.PNG"}]}})", true},
    {R"({"detail": {"path": [{"wildcard": "*/sub/*"}]}})", true},
    {R"({"detail": {"path": [{"wildcard": "dir/*.png"}]}})", false},
    {R"({"detail": {"path": [{"wildcard": "*"}]}})", true},
    {R"({"detail": {"path": [{"wildcard": "d*r/*b/*ct*e.*G"}]}})", true},
    {R"({"detail": {"path": [{"wildcard": "dir"}]}})", false},
    {R"({"detail": {"path": [{"wildcard": "dir\\*"}]}})", false},
    // cidr.
    {R"({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}})", true},
    {R"({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}})", false},
    {R"({"detail": {"ip": [{"cidr": "10.0.0.128/25"}]}})", true},
    {R"({"detail": {"ip": [{"cidr": "10.0.0.0/25"}]}})", false},
    {R"({"detail": {"ip": [{"cidr": "0.0.0.0/0"}]}})", true},
    {R"({"detail": {"v6": [{"cidr": "2001:db8::/32"}]}})", true},
    {R"({"detail": {"v6": [{"cidr": "10.0.0.0/8"}]}})", false},
    {R"({"detail": {"state": [{"cidr": "10.0.0.0/8"}]}})", false},
    // $or.
    {R"({"$or": [{"source": ["aws.s3"]}, {"region": ["us-west-1"]}]})", true},
    {R"({"$or": [{"source": ["aws.s3"]}, {"region": ["us-east-1"]}]})", false},
    {R"({"source": ["aws.s3"], "$or": [{"region": ["us-west-1"]}, {"account": ["1"]}]})", false},
    {R"({"detail": {"$or": [{"c-count": [{"numeric": [">", 10]}]}, {"state": ["terminated"]}]}})",
     true},
    {R"({"$or": [{"detail": {"$or": [{"flag": [false]}, {"flag": [true]}]}}, {"source": ["x"]}]})",
     true},
};

TEST(EventPatternTest, MatchesAsEventBridgeDoes) {
  for (const PatternCase& one : kCases) {
    EXPECT_EQ(Matches(one.pattern, kInstanceEvent), one.matches) << one.pattern;
  }
}

TEST(EventPatternTest, AnEscapedStarIsItself) {
  EXPECT_TRUE(Matches(R"({"a": [{"wildcard": "x\\**"}]})", R"({"a": "x*yz"})"));
  EXPECT_FALSE(Matches(R"({"a": [{"wildcard": "x\\**"}]})", R"({"a": "xyz"})"));
}

TEST(EventPatternTest, RefusesWhatIsNoPattern) {
  for (const char* pattern : {"",
                              "[]",
                              "1",
                              "{",
                              "{}",
                              R"({"a": "x"})",
                              R"({"a": []})",
                              R"({"a": {}})",
                              R"({"a": [["x"]]})",
                              R"({"a": [{}]})",
                              R"({"a": [{"prefix": 1}]})",
                              R"({"a": [{"prefix": "x", "suffix": "y"}]})",
                              R"({"a": [{"starts": "x"}]})",
                              R"({"a": [{"exists": "yes"}]})",
                              R"({"a": [{"numeric": []}]})",
                              R"({"a": [{"numeric": ["!", 1]}]})",
                              R"({"a": [{"numeric": [">", "1"]}]})",
                              R"({"a": [{"numeric": [">", 5, "<", 5]}]})",
                              R"({"a": [{"numeric": ["<", 1, ">", 5]}]})",
                              R"({"a": [{"numeric": [">", 6.0e9]}]})",
                              R"({"a": [{"cidr": "10.0.0.0"}]})",
                              R"({"a": [{"cidr": "10.0.0.0/33"}]})",
                              R"({"a": [{"cidr": "x/8"}]})",
                              R"({"a": [{"wildcard": "a**b"}]})",
                              R"({"a": [{"anything-but": []}]})",
                              R"({"a": [{"anything-but": ["x", 1]}]})",
                              R"({"a": [{"anything-but": {"exists": true}}]})",
                              R"({"a": [{"anything-but": true}]})",
                              R"({"a": ["x"], "a": ["y"]})"}) {
    const Result<EventPattern> parsed = EventPattern::Parse(pattern);
    ASSERT_FALSE(parsed) << pattern;
    EXPECT_EQ(parsed.error().reason(), "InvalidEventPatternException") << pattern;
  }
  EXPECT_FALSE(EventPattern::Parse(R"({"a": [")" + std::string(5000, 'x') + R"("]})"));
}

TEST(EventPatternTest, AWildcardOfManyStarsTakesNoLongTime) {
  std::string pattern = R"({"a": [{"wildcard": ")";
  for (int i = 0; i < 1000; ++i) pattern += "a*";
  pattern += R"(b"}]})";
  EXPECT_FALSE(Matches(pattern, R"({"a": ")" + std::string(100'000, 'a') + R"("})"));
}

}  // namespace
}  // namespace scones::events
