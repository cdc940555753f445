#include <gtest/gtest.h>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"
#include "base/time.h"

namespace scones {
namespace {

// Source of the vectors: RFC 4648, section 10.
TEST(Encoding, Base64IsThatOfTheRfc) {
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg==");
  EXPECT_EQ(Base64Encode("fo"), "Zm8=");
  EXPECT_EQ(Base64Encode("foo"), "Zm9v");
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64Encode("\xfb\xff\xfe"), "+//+");
  std::string text = "before ";
  AppendBase64("fooba", text);
  EXPECT_EQ(text, "before Zm9vYmE=");
}

TEST(Encoding, Base64RoundTripsEveryLength) {
  for (std::size_t length = 0; length < 20; ++length) {
    const std::string bytes = RandomBytes(length);
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)).value(), bytes);
    EXPECT_EQ(HexDecode(HexEncode(bytes)).value(), bytes);
  }
}

TEST(Encoding, DecodersRefuseWhatIsNotTheirs) {
  EXPECT_FALSE(Base64Decode("abc"));
  EXPECT_FALSE(Base64Decode("a=bc"));
  EXPECT_FALSE(Base64Decode("ab\n="));
  EXPECT_FALSE(HexDecode("abc"));
  EXPECT_FALSE(HexDecode("zz"));
  EXPECT_FALSE(UriDecode("%4", UriPart::kPath));
  EXPECT_FALSE(UriDecode("%zz", UriPart::kPath));
}

TEST(Encoding, UriEscapesAsSignaturesDo) {
  EXPECT_EQ(UriEncode("a b/c~ä", UriPart::kPath), "a%20b/c~%C3%A4");
  EXPECT_EQ(UriEncode("a/b", UriPart::kComponent), "a%2Fb");
  EXPECT_EQ(UriDecode("a+b%20c", UriPart::kComponent).value(), "a b c");
  EXPECT_EQ(UriDecode("a+b%20c", UriPart::kPath).value(), "a+b c");
}

TEST(Encoding, BytesThatAreNoTextAreReplacedOneByOne) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(ToValidUtf8(text), text);
  const std::string_view bad[] = {"\x80",     "\xC0\xAF",     "\xE2\x82", "\xED\xA0\x80",
                                  "\xF5\x80", "\xE0\x80\x80", "\xFF"};
  for (const std::string_view bytes : bad) {
    std::string replaced;
    for (std::size_t i = 0; i < bytes.size(); ++i) replaced += "\xEF\xBF\xBD";
    EXPECT_EQ(ToValidUtf8(bytes), replaced);
  }
}

TEST(Encoding, AQueryIsPairsInTheOrderSent) {
  const auto pairs = ParseQuery("b=2&a=%31+x&uploads&&c=d=e");
  ASSERT_TRUE(pairs);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"b", "2"}, {"a", "1 x"}, {"uploads", ""}, {"c", "d=e"}};
  EXPECT_EQ(*pairs, expected);
  EXPECT_EQ(ParseQuery("a=%4").error().reason(), "InvalidURI");
}

TEST(Hash, ChecksumsOfTheStandardCheckString) {
  constexpr std::string_view kCheck = "123456789";
  EXPECT_EQ(HexEncode(Digest(HashAlgorithm::kCrc32, kCheck)), "cbf43926");
  EXPECT_EQ(HexEncode(Digest(HashAlgorithm::kCrc32c, kCheck)), "e3069283");
  EXPECT_EQ(HexEncode(Digest(HashAlgorithm::kCrc64Nvme, kCheck)), "ae8b14860a799888");
  EXPECT_EQ(HexEncode(Digest(HashAlgorithm::kMd5, "")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexEncode(Digest(HashAlgorithm::kSha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Time, TextFormsRoundTrip) {
  const Timestamp time = ParseIso8601("2026-11-22T08:30:01.123456Z").value();
  EXPECT_EQ(FormatIso8601(time), "2026-11-22T08:30:01.123Z");
  EXPECT_EQ(FormatBasicIso8601(time), "20261122T083001Z");
  EXPECT_EQ(FormatHttpDate(time), "Sun, 22 Nov 2026 08:30:01 GMT");
  EXPECT_EQ(ParseHttpDate(FormatHttpDate(time)).value(),
            ParseBasicIso8601("20261122T083001Z").value());
  EXPECT_EQ(ParseIso8601("2026-11-22T10:30:01+02:00").value(),
            ParseIso8601("2026-11-22T08:30:01Z").value());
  EXPECT_FALSE(ParseIso8601("2026-13-22T08:30:01Z"));
  EXPECT_FALSE(ParseIso8601("2026-11-22T08:30:01"));
}

TEST(Json, NumbersKeepTheirKindAndValue) {
  const std::string text = R"({"a":1,"b":1.0,"c":0.1,"d":1e300,"e":-5,"f":18446744073709551615})";
  EXPECT_EQ(ToJson(ParseJson(text).value()),
            R"({"a":1,"b":1.0,"c":0.1,"d":1e+300,"e":-5,"f":18446744073709551615})");
  EXPECT_EQ(ToJson(ParseJson("9007199254740993.0").value()), "9007199254740992.0");
}

TEST(Json, NestedContainersKeepOrder) {
  const std::string text = R"([{"z":[1,[],{}],"a":{"b":"c\n\u0001\"é"}},null,true,false,""])";
  EXPECT_EQ(ToJson(ParseJson(text).value()), text);
}

TEST(Json, StringsOfAnyBytesComeBackWhereverAnEscapeFalls) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (const char special : {'"', '\\', '\n', '\x01', '\x1f', '\x7f'}) {
      for (std::size_t at = 0; at < length; ++at) {
        std::string text(length, 'a');
        text[at] = special;
        const std::string printed = ToJsonString(text);
        EXPECT_EQ(ParseJson(printed)->get_string(), text) << printed;
      }
    }
  }
  EXPECT_EQ(ToJsonString("\xc3\xa4\xe2\x82\xac 12345678"), "\"\xc3\xa4\xe2\x82\xac 12345678\"");
}

TEST(Json, AKeyThatComesTwiceReplacesOrIsRefused) {
  EXPECT_EQ(ToJson(*ParseJson(R"({"a":1,"b":2,"a":3})")), R"({"a":3,"b":2})");
  const auto refused =
      ParseJson(R"([{"a":1},{"a":{"b":1},"b":2,"a":3}])", {.refuse_duplicate_keys = true});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("duplicate key 'a'"), std::string::npos);
  EXPECT_TRUE(ParseJson(R"([{"a":1},{"a":{"b":1},"b":2}])", {.refuse_duplicate_keys = true}));
}

TEST(Json, FaultsNameTheirPlace) {
  EXPECT_EQ(ParseJson("{\n  \"a\": x}").error().message().substr(0, 35),
            "invalid JSON at line 2, column 8: s");
  EXPECT_FALSE(ParseJson("1 2"));
  EXPECT_FALSE(ParseJson(""));
  EXPECT_FALSE(ParseJson(std::string(500, '[')));
  EXPECT_TRUE(ParseJson(R"({"a":1,"a":2})"));
  EXPECT_FALSE(ParseJson(R"({"a":1,"a":2})", {.refuse_duplicate_keys = true}));
  EXPECT_TRUE(ParseJson(R"({"a":{"a":{"b":1}},"b":2})", {.refuse_duplicate_keys = true}));
}

TEST(Arn, ParsesAndPrints) {
  constexpr std::string_view kText = "arn:aws:lambda:us-east-1:820235860091:function:f:$LATEST";
  const Arn arn = Arn::Parse(kText).value();
  EXPECT_EQ(arn.resource, "function:f:$LATEST");
  EXPECT_EQ(arn.ToString(), kText);
  EXPECT_FALSE(Arn::Parse("arn:aws:lambda"));
  EXPECT_EQ(S3Uri::Parse("s3://b/k/l").value().key, "k/l");
  EXPECT_FALSE(S3Uri::Parse("s3:///k"));
}

}  // namespace
}  // namespace scones
