#include "vision/detail/pickle.h"

#include <gmock/gmock.h>

namespace scones::vision::detail {
namespace {

using ::testing::HasSubstr;
using Kind = PickleValue::Kind;

Result<Pickle> Read(std::string_view bytes, const PickleLimits& limits = {}) {
  return Pickle::Read(*FromMemory(bytes, 3), limits);
}

void ExpectRefused(std::string_view bytes, const std::string& part, const PickleLimits& limits = {},
                   Code code = Code::kInvalid) {
  const Result<Pickle> pickle = Read(bytes, limits);
  ASSERT_FALSE(pickle) << part;
  EXPECT_EQ(pickle.error().code(), code) << pickle.error().message();
  EXPECT_THAT(pickle.error().message(), HasSubstr(part));
}

std::string Z(const char* bytes, std::size_t size) { return std::string(bytes, size); }
#define BYTES(literal) Z(literal, sizeof(literal) - 1)

TEST(Pickle, ReadsTheTextProtocolOfPython2) {
  // {'a': [1, 2L, 1.5, None, True], u'\u00e9': ('x\n',)}
  const auto pickle =
      Read("(dp0\nS'a'\np1\n(lp2\nI1\naL2L\naF1.5\naNaI01\nasV\\u00e9\np3\n(S'x\\n'\np4\ntp5\ns.");
  ASSERT_TRUE(pickle) << pickle.error().message();
  const PickleValue* list = pickle->root().Find("a");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items().size(), 5u);
  EXPECT_EQ(list->items()[1].integer(), 2);
  EXPECT_EQ(list->items()[2].number(), 1.5);
  EXPECT_TRUE(list->items()[3].Is(Kind::kNone));
  EXPECT_TRUE(list->items()[4].Is(Kind::kBool));
  const PickleValue* tuple = pickle->root().Find("\xc3\xa9");
  ASSERT_NE(tuple, nullptr);
  EXPECT_EQ(tuple->items()[0].text(), "x\n");
}

TEST(Pickle, ReadsBinaryProtocolsWithMemo) {
  // Protocol 4: {'k': [b'ab', b'ab' again, -2, 300, 70000]}
  const auto pickle =
      Read(BYTES("\x80\x04\x95\x2a\0\0\0\0\0\0\0}\x94\x8c\x01k\x94]\x94("
                 "C\x02"
                 "ab\x94h\x03J\xfe\xff\xff\xffM\x2c\x01J\x70\x11\x01\0es."));
  ASSERT_TRUE(pickle) << pickle.error().message();
  const PickleValue* list = pickle->root().Find("k");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items().size(), 5u);
  EXPECT_EQ(list->items()[1].text(), "ab");
  EXPECT_EQ(list->items()[2].integer(), -2);
  EXPECT_EQ(list->items()[3].integer(), 300);
  EXPECT_EQ(list->items()[4].integer(), 70000);
}

TEST(Pickle, ReadsLongsOfAnyLengthUpTo64Bits) {
  const auto pickle =
      Read(BYTES("\x80\x02(\x8a\x00\x8a\x01\xff\x8a\x02\xff\x00\x8a\x08\0\0\0\0\0\0\0\x80t."));
  ASSERT_TRUE(pickle) << pickle.error().message();
  EXPECT_EQ(pickle->root().items()[0].integer(), 0);
  EXPECT_EQ(pickle->root().items()[1].integer(), -1);
  EXPECT_EQ(pickle->root().items()[2].integer(), 255);
  EXPECT_EQ(pickle->root().items()[3].integer(), INT64_MIN);
  ExpectRefused(BYTES("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\1."), "more than 64 bits");
}

TEST(Pickle, BytesThatPython3WroteAsTextAreDecoded) {
  const auto pickle =
      Read(BYTES("\x80\x02"
                 "c_codecs\nencode\nX\x03\0\0\0a\xc3\xbfX\x06\0\0\0latin1\x86R."));
  ASSERT_TRUE(pickle) << pickle.error().message();
  EXPECT_TRUE(pickle->root().Is(Kind::kBytes));
  EXPECT_EQ(pickle->root().text(), "a\xff");
  ExpectRefused(BYTES("\x80\x02"
                      "c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1\x86R."),
                "Latin-1");
}

TEST(Pickle, RefusesEveryOtherGlobalByNameAndRunsNothing) {
  ExpectRefused("cos\nsystem\n(S'touch /tmp/pwned'\ntR.", "os.system");
  ExpectRefused("cposix\nsystem\n(S'true'\ntR.", "posix.system");
  ExpectRefused("c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval");
  ExpectRefused("cbuiltins\ngetattr\n.", "builtins.getattr");
  ExpectRefused("cnumpy\nload\n.", "numpy.load");
  ExpectRefused(BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93."), "os.system");
  ExpectRefused("cnumpy\nndarray\n(tR.", "calls ndarray directly");
  ExpectRefused("cnumpy.core.multiarray\n_reconstruct\n(I1\ntR.", "another class");
}

TEST(Pickle, RefusesOpcodesThatMakeObjects) {
  ExpectRefused("(ios\nsystem\n.", "INST");
  ExpectRefused("(cnumpy\ndtype\no.", "OBJ");
  ExpectRefused("Pname\n.", "PERSID");
  ExpectRefused(BYTES("\x80\x02"
                      "cnumpy\nndarray\n)\x81."),
                "NEWOBJ");
  ExpectRefused(BYTES("\x80\x02\x82\x01."), "EXT");
  ExpectRefused(BYTES("\x80\x05\x96\x01\0\0\0\0\0\0\0a."), "protocol 2 to 4");
  ExpectRefused(BYTES("\xff."), "0xff");
}

TEST(Pickle, RefusesDamageWithItsPlace) {
  ExpectRefused("", "cut short after 0 bytes");
  ExpectRefused("(lp0\nI1\na", "cut short after 9 bytes");
  ExpectRefused("Ix\n.", "at byte 3 a number");
  ExpectRefused("Sab\n.", "quotes");
  ExpectRefused("S'\\q'\n.", "escape");
  ExpectRefused("a.", "stack is empty");
  ExpectRefused("e.", "mark is missing");
  ExpectRefused("t.", "mark is missing");
  ExpectRefused("I1\nI2\na.", "can't hold them");
  ExpectRefused("}I1\n(I2\nu.", "can't hold them");
  ExpectRefused("}(I2\nu.", "uneven");
  ExpectRefused("g7\n.", "not remembered");
  ExpectRefused("(I1\n.", "before its value is complete");
  ExpectRefused("I1\nI1\n.", "before its value is complete");
  ExpectRefused(".", "before its value is complete");
  ExpectRefused(BYTES("\x80\x09."), "protocol 9");
  ExpectRefused(BYTES("T\xff\xff\xff\x7f"
                      "abc."),
                "announces 2147483647 bytes");
  ExpectRefused(BYTES("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
                      "abc."),
                "announces");
}

TEST(Pickle, HoldsToItsLimits) {
  ExpectRefused("(((((.", "deeper than the limit of 4", {.max_depth = 4}, Code::kExhausted);
  ExpectRefused("(]]]t.", "limit of 2 objects", {.max_objects = 2}, Code::kExhausted);
  ExpectRefused("(NNNNt.", "limit of 3 values", {.max_values = 3}, Code::kExhausted);
  ExpectRefused("Np0\np1\np2\n.", "limit of 2 values", {.max_memo = 2}, Code::kExhausted);
  ExpectRefused("S'aaaaaaaaaaaaaaaa'\n.", "line past the limit", {.max_bytes = 10});
  // A large tuple as state would be copied by each use.
  ExpectRefused("cnumpy\ndtype\n(NNNNNNNNNNNNNNNNNNNNtR.", "too many values");
}

TEST(Pickle, AListThatHoldsItselfIsReadAndFreed) {
  const auto pickle = Read("(lp0\ng0\na.");
  ASSERT_TRUE(pickle) << pickle.error().message();
  EXPECT_EQ(pickle->root().items()[0].object(), pickle->root().object());
}

// numpy's state with one thing changed at a time.
std::string Array(std::string_view dtype, std::string_view fortran, std::string_view shape,
                  std::string_view data) {
  return "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n" +
         std::string(shape) + "cnumpy\ndtype\n(S'" + std::string(dtype) +
         "'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb" + std::string(fortran) + "S'" +
         std::string(data) + "'\ntb.";
}

TEST(Pickle, AnArrayOfBytesBecomesAMatrix) {
  const auto pickle = Read(Array("u1", "I00\n", "(I2\nI3\nt", "abcdef"));
  ASSERT_TRUE(pickle) << pickle.error().message();
  const auto matrix = ToByteMatrix(pickle->root());
  ASSERT_TRUE(matrix) << matrix.error().message();
  EXPECT_EQ(matrix->rows, 2u);
  EXPECT_EQ(matrix->columns, 3u);
  EXPECT_EQ(matrix->bytes, "abcdef");
}

TEST(Pickle, AnArrayOfAnotherFormIsRefused) {
  const struct {
    std::string bytes;
    std::string part;
  } cases[] = {{Array("f4", "I00\n", "(I2\nI3\nt", "abcdef"), "unsigned bytes"},
               {Array("u1", "I01\n", "(I2\nI3\nt", "abcdef"), "Fortran"},
               {Array("u1", "I00\n", "(I6\nt", "abcdef"), "two dimensions"},
               {Array("u1", "I00\n", "(I2\nI4\nt", "abcdef"), "2x4, but it holds 6 bytes"},
               {Array("u1", "I00\n", "(I-2\nI-3\nt", "abcdef"), "-2x-3"},
               {Array("u1", "I00\n", "(I0\nI0\nt", ""), "0x0"},
               {"I1\n.", "not a numpy array"}};
  for (const auto& c : cases) {
    const auto pickle = Read(c.bytes);
    ASSERT_TRUE(pickle) << pickle.error().message();
    const auto matrix = ToByteMatrix(pickle->root());
    ASSERT_FALSE(matrix) << c.part;
    EXPECT_THAT(matrix.error().message(), HasSubstr(c.part));
  }
}

}  // namespace
}  // namespace scones::vision::detail
