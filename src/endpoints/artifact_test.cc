#include "endpoints/artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoints/testing/model_tar.h"
#include "nn/model.h"

namespace scones::endpoints {
namespace {

using ::testing::HasSubstr;
using testing::MakeTarGz;

class ArtifactTest : public ::testing::Test {
 protected:
  Result<Artifact> Read(const std::string& bytes, const ArtifactLimits& limits = {}) {
    const io::Path path = directory_.path() / "model.tar.gz";
    EXPECT_TRUE(io::WriteFileDurably(path, bytes));
    return ReadArtifact(path, limits);
  }
  std::string Refusal(const std::string& bytes, const ArtifactLimits& limits = {}) {
    const auto artifact = Read(bytes, limits);
    return artifact ? "accepted" : artifact.error().message();
  }

  const testing::TarEntry onnx_{"./model.onnx", "onnx", "", ""};
  const testing::TarEntry metadata_{"./metadata.json", std::string(testing::kColourMetadata), "",
                                    ""};

 private:
  io::TemporaryDirectory directory_;
};

TEST_F(ArtifactTest, AModelIsReadWithItsMetadataAndOtherFilesAreSkipped) {
  const auto artifact = Read(MakeTarGz({{"code/notes.txt", "x", "", ""}, onnx_, metadata_}));
  ASSERT_TRUE(artifact) << artifact.error().message();
  EXPECT_EQ(artifact->onnx, "onnx");
  EXPECT_EQ(artifact->metadata.classes, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(artifact->metadata.height, 8);
  EXPECT_EQ(artifact->metadata.temperature, 1.0);
}

TEST_F(ArtifactTest, CalibrationPicturesComeInTheOrderOfTheirList) {
  EXPECT_TRUE(Read(MakeTarGz({onnx_, metadata_}))->calibration.empty());
  const auto artifact =
      Read(MakeTarGz({onnx_,
                      {"./calibration/b.png", "B", "", ""},
                      {"./calibration/calibration.lst", "7\t2\tdeep/a.png\n9\t0\tb.png\n", "", ""},
                      {"calibration/deep/a.png", "A", "", ""},
                      metadata_}));
  ASSERT_TRUE(artifact) << artifact.error().message();
  ASSERT_EQ(artifact->calibration.size(), 2u);
  EXPECT_EQ(artifact->calibration[0].bytes, "A");
  EXPECT_EQ(artifact->calibration[0].label, 2);
  EXPECT_EQ(artifact->calibration[1].bytes, "B");
  EXPECT_EQ(artifact->calibration[1].label, 0);
}

TEST_F(ArtifactTest, CalibrationThatIsWrongOrTooLargeIsRefused) {
  const auto with = [&](const std::string& list) {
    return MakeTarGz({onnx_,
                      metadata_,
                      {"calibration/a.png", "A", "", ""},
                      {"calibration/calibration.lst", list, "", ""}});
  };
  EXPECT_THAT(Refusal(with("1\t0\ta.png\n2\t0\tb.png\n")),
              HasSubstr("line 2 of calibration/calibration.lst names b.png"));
  EXPECT_THAT(Refusal(with("1 0 a.png\n")), HasSubstr("calibration.lst line 1"));
  EXPECT_THAT(Refusal(with("1\t0\t../model.onnx\n")), HasSubstr("inside its folder"));
  const std::string fine = with("1\t0\ta.png\n");
  EXPECT_EQ(Refusal(fine), "accepted");
  EXPECT_THAT(Refusal(fine, {.max_calibration_pictures = 0}), HasSubstr("at most 0"));
  EXPECT_THAT(Refusal(fine, {.max_calibration_bytes = 5}), HasSubstr("more than allowed"));
}

TEST_F(ArtifactTest, HostileEntriesAreRefused) {
  EXPECT_THAT(Refusal(MakeTarGz({{"../model.onnx", "x", "", ""}})), HasSubstr("leads out"));
  EXPECT_THAT(Refusal(MakeTarGz({{"/etc/x", "x", "", ""}})), HasSubstr("leads out"));
  EXPECT_THAT(Refusal(MakeTarGz({{"a/../../x", "x", "", ""}})), HasSubstr("leads out"));
  EXPECT_THAT(Refusal(MakeTarGz({{"model.onnx", "", "/etc/passwd", ""}})),
              HasSubstr("neither a file"));
  EXPECT_THAT(Refusal(MakeTarGz({onnx_, {"b", "", "", "model.onnx"}})),
              HasSubstr("neither a file"));
}

TEST_F(ArtifactTest, BombsStopAtTheLimit) {
  const std::string zeros(3 << 20, '\0');
  const std::string bomb = MakeTarGz({{"zeros", zeros, "", ""}, onnx_, metadata_});
  EXPECT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(Refusal(bomb), "accepted");
  EXPECT_THAT(Refusal(bomb, {.max_unpacked_bytes = 1 << 20}), HasSubstr("more than allowed"));
  EXPECT_THAT(Refusal(bomb, {.max_archive_bytes = 100}), HasSubstr("at most 100"));
  EXPECT_THAT(Refusal(bomb, {.max_entries = 2}), HasSubstr("more than 2 entries"));
}

TEST_F(ArtifactTest, WhatIsMissingOrDamagedIsSaid) {
  EXPECT_THAT(Refusal(MakeTarGz({onnx_})), HasSubstr("no metadata.json"));
  EXPECT_THAT(Refusal(MakeTarGz({metadata_})), HasSubstr("no model.onnx"));
  EXPECT_THAT(Refusal("not a tar"), HasSubstr("no tar archive"));
  const std::string whole = testing::ColourModel();
  for (std::size_t size = 0; size < whole.size(); size += 37) {
    EXPECT_NE(Refusal(whole.substr(0, size)), "accepted") << size;
  }
}

TEST(ModelMetadata, FaultsNameTheirMember) {
  EXPECT_TRUE(ParseModelMetadata(R"({"image_shape":[3,32,48],"temperature":1.5})"));
  EXPECT_EQ(ParseModelMetadata(R"({"image_shape":"3,32,48"})")->width, 48);
  for (const char* shape : {"\"1,8,8\"", "\"3,8\"", "\"3,0,8\"", "\"3,8,8,8\"", "\"3,8,99999\"",
                            "\"a\"", "7", "[3,8,8,8]", "\"3,8,8x\""}) {
    const auto parsed = ParseModelMetadata(std::string("{\"image_shape\":") + shape + "}");
    ASSERT_FALSE(parsed) << shape;
    EXPECT_THAT(parsed.error().message(), HasSubstr("image_shape"));
  }
  const auto refusal = [](const std::string& member) {
    const auto parsed = ParseModelMetadata("{\"image_shape\":\"3,8,8\"," + member + "}");
    return parsed ? "accepted" : parsed.error().message();
  };
  EXPECT_THAT(refusal(R"("mean":[1,2])"), HasSubstr("mean"));
  EXPECT_THAT(refusal(R"("mean":["a",2,3])"), HasSubstr("mean"));
  EXPECT_THAT(refusal(R"("std":[1,0,1])"), HasSubstr("std"));
  EXPECT_THAT(refusal(R"("classes":[1])"), HasSubstr("classes"));
  EXPECT_THAT(refusal(R"("temperature":0)"), HasSubstr("temperature"));
  EXPECT_FALSE(ParseModelMetadata("[]"));
  EXPECT_FALSE(ParseModelMetadata("{"));
}

}  // namespace
}  // namespace scones::endpoints
