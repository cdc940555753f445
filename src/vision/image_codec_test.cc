#include "vision/image_codec.h"

#include <gmock/gmock.h>
#include <jpeglib.h>

#include <cstdio>

#include "vision/generator.h"
#include "vision/image_statistics.h"
#include "vision/test_files.h"

namespace scones::vision {
namespace {

using ::testing::HasSubstr;

Image Sample() { return DrawVehicle(Vehicle::kBicycle, 7); }

std::string Jpeg(const Image& image, bool progressive = false, J_COLOR_SPACE space = JCS_RGB,
                 int components = 3) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = components;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> row_bytes(std::size_t{1} * image.width * components, 90);
  for (int y = 0; y < image.height; ++y) {
    JSAMPROW row = row_bytes.data();
    if (components == 3) std::copy_n(image.At(0, y), row_bytes.size(), row_bytes.begin());
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return out;
}

void ExpectRefused(std::string_view bytes, const std::string& part,
                   const DecodeLimits& limits = {}) {
  const Result<Image> image = DecodeImage(bytes, limits);
  ASSERT_FALSE(image) << part;
  EXPECT_EQ(image.error().code(), Code::kInvalid);
  EXPECT_THAT(image.error().message(), HasSubstr(part));
}

TEST(Png, WhatIsEncodedIsDecodedExactly) {
  const Image image = Sample();
  const std::string png = EncodePng(image);
  EXPECT_EQ(SniffContentType(png), "image/png");
  const Result<Image> decoded = DecodeImage(png);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(*decoded, image);
  EXPECT_EQ(EncodePng(image), png);
}

TEST(Png, EveryColourTypeBecomesRgb) {
  const std::string zero(1, '\0');
  const struct {
    int color;
    int depth;
    std::string rows;
    std::vector<std::uint8_t> expected;
  } cases[] = {
      {0, 8, zero + "\x0a\x14", {10, 10, 10, 20, 20, 20}},
      {2, 8, zero + "\x01\x02\x03\x04\x05\x06", {1, 2, 3, 4, 5, 6}},
      {3, 8, zero + std::string("\x01\x00", 2), {4, 5, 6, 1, 2, 3}},
      {4, 8, zero + "\x0a\x7f\x14\x01", {10, 10, 10, 20, 20, 20}},
      {6, 8, zero + "\x01\x02\x03\x7f\x04\x05\x06\x01", {1, 2, 3, 4, 5, 6}},
      {0, 1, zero + "\x40", {0, 0, 0, 255, 255, 255}},
      {3, 4, zero + "\x10", {4, 5, 6, 1, 2, 3}},
      {2, 16, zero + "\x01\x01\x02\x02\x03\x03\x04\x04\x05\x05\x06\x06", {1, 2, 3, 4, 5, 6}},
  };
  for (const auto& c : cases) {
    const std::string palette = c.color == 3 ? "\x01\x02\x03\x04\x05\x06" : "";
    const Result<Image> image = DecodeImage(
        PngParts{.width = 2, .depth = c.depth, .color = c.color, .palette = palette, .rows = c.rows}
            .Make());
    ASSERT_TRUE(image) << c.color << " " << c.depth << ": " << image.error().message();
    EXPECT_EQ(image->pixels, c.expected) << c.color << " " << c.depth;
  }
}

TEST(Png, EveryFilterIsUndone) {
  // 2x2 grey+alpha-free RGB rows, filtered by hand: sub, up, average, Paeth of rising values.
  std::string rows;
  rows += std::string("\x00\x0a\x0b\x0c\x14\x15\x16", 7);  // none: 10 11 12 20 21 22
  rows += std::string("\x01\x05\x05\x05\x05\x05\x05", 7);  // sub: 5 5 5 10 10 10
  rows += std::string("\x02\x01\x01\x01\x01\x01\x01", 7);  // up: 6 6 6 11 11 11
  rows += std::string("\x03\x01\x01\x01\x01\x01\x01", 7);  // average: 4 4 4 8 8 8
  rows += std::string("\x04\x01\x01\x01\x01\x01\x01", 7);  // Paeth: 5 5 5 9 9 9
  const Result<Image> image =
      DecodeImage(PngParts{.width = 2, .height = 5, .rows = rows, .split = 3}.Make());
  ASSERT_TRUE(image) << image.error().message();
  const std::vector<std::uint8_t> expected = {10, 11, 12, 20, 21, 22, 5, 5, 5, 10, 10, 10, 6, 6, 6,
                                              11, 11, 11, 4,  4,  4,  8, 8, 8, 5,  5,  5,  9, 9, 9};
  EXPECT_EQ(image->pixels, expected);
}

TEST(Png, InterlacedPicturesAreRead) {
  // 2x1: pass 1 holds the first pixel, pass 6 the second.
  const std::string rows("\x00\x01\x02\x03\x00\x04\x05\x06", 8);
  const Result<Image> image =
      DecodeImage(PngParts{.width = 2, .height = 1, .interlace = 1, .rows = rows}.Make());
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->pixels, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Png, ALieAboutTheSizeIsRefusedInBothDirections) {
  const std::string row(1 + 4 * 3, '\0');
  ExpectRefused(PngParts{.width = 4, .height = 40, .rows = row + row}.Make(),
                "header says 4x40 pixels, but it holds fewer");
  ExpectRefused(PngParts{.width = 4, .height = 1, .rows = row + row}.Make(),
                "header says 4x1 pixels, but it holds more");
  ExpectRefused(PngParts{.width = 4, .height = 2, .interlace = 1, .rows = row}.Make(), "fewer");
}

TEST(Png, AHugeClaimOverFewBytesIsRefusedBeforeMemoryIsTaken) {
  const std::string row(13, '\0');
  ExpectRefused(PngParts{.width = 4000, .height = 4000, .rows = row}.Make(),
                "can't fill that size");
  ExpectRefused(PngParts{.width = 2'000'000'000, .height = 2'000'000'000, .rows = row}.Make(),
                "more than the limit of");
  ExpectRefused(PngParts{.width = 60'000, .height = 60'000, .rows = row}.Make(), "4 GiB",
                {.max_pixels = UINT64_MAX});
  ExpectRefused(PngParts{.width = 0, .height = 4, .rows = row}.Make(), "0x4 pixels");
  ExpectRefused(PngParts{.width = 5, .height = 5, .rows = row}.Make(), "limit of 24",
                {.max_pixels = 24});
}

TEST(Png, ACompressedTextCostsNothing) {
  const std::string bomb =
      PngChunk("zTXt", std::string("k\0\0", 3) + Deflate(std::string(1 << 24, 'x')));
  EXPECT_TRUE(DecodeImage(PngParts{.rows = std::string("\0abc", 4), .extra = bomb}.Make()));
}

TEST(Png, EveryCutIsRefused) {
  const std::string png = EncodePng(Sample());
  for (std::size_t size = 0; size < png.size(); ++size) {
    EXPECT_FALSE(DecodeImage(std::string_view(png).substr(0, size))) << size;
  }
  ExpectRefused(std::string_view(png).substr(0, png.size() - 1), "cut short");
  ExpectRefused("", "empty");
}

TEST(Png, DamageIsNoticed) {
  const std::string png = EncodePng(Sample());
  std::string damaged = png;
  damaged[png.size() / 2] = static_cast<char>(damaged[png.size() / 2] ^ 1);
  ExpectRefused(damaged, "checksum");
  ExpectRefused(PngParts{.color = 5, .rows = "abcd"}.Make(), "colour type 5");
  ExpectRefused(PngParts{.color = 3, .rows = std::string("\0\0", 2)}.Make(), "palette is missing");
  ExpectRefused(PngParts{.color = 3, .palette = "abc", .rows = std::string("\0\1", 2)}.Make(),
                "colour that its palette lacks");
  ExpectRefused(PngParts{.rows = "\x09"
                                 "abc"}
                    .Make(),
                "filter that does not exist");
  ExpectRefused(PngParts{.rows = std::string("\0abc", 4), .extra = PngChunk("ABCD", "")}.Make(),
                "unknown type");
}

TEST(Jpeg, BaselineAndProgressivePicturesAreRead) {
  const Image image = Resize(Sample(), 40, 24);
  for (bool progressive : {false, true}) {
    const std::string jpeg = Jpeg(image, progressive);
    EXPECT_EQ(SniffContentType(jpeg), "image/jpeg");
    const Result<Image> decoded = DecodeImage(jpeg);
    ASSERT_TRUE(decoded) << decoded.error().message();
    ASSERT_EQ(decoded->width, 40);
    ASSERT_EQ(decoded->height, 24);
    double difference = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      difference += std::abs(image.pixels[i] - decoded->pixels[i]);
    }
    EXPECT_LT(difference / static_cast<double>(image.pixels.size()), 12);
  }
}

TEST(Jpeg, GreyBecomesRgbAndCmykIsRefused) {
  const Result<Image> grey = DecodeImage(Jpeg(Image(8, 8), false, JCS_GRAYSCALE, 1));
  ASSERT_TRUE(grey) << grey.error().message();
  EXPECT_EQ(grey->pixels, std::vector<std::uint8_t>(8 * 8 * 3, 90));
  ExpectRefused(Jpeg(Image(8, 8), false, JCS_CMYK, 4), "CMYK");
}

TEST(Jpeg, ATruncatedPictureIsRefusedInsteadOfFilledWithGrey) {
  const std::string jpeg = Jpeg(Sample());
  for (std::size_t size = 0; size + 2 < jpeg.size(); size += 7) {
    EXPECT_FALSE(DecodeImage(std::string_view(jpeg).substr(0, size))) << size;
  }
}

TEST(Jpeg, TheSizeIsCheckedFromTheHeader) {
  std::string jpeg = Jpeg(Sample());
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xff\x00\xff\x00", 4);
  ExpectRefused(jpeg, "header says 65280x65280 pixels, more than the limit");
}

TEST(ImageCodec, OtherBytesAndOversizeAreRefused) {
  ExpectRefused("GIF89a", "neither a PNG nor a JPEG");
  ExpectRefused(EncodePng(Sample()), "more than the limit of 10", {.max_bytes = 10});
  EXPECT_EQ(SniffContentType("GIF89a"), "");
}

TEST(ImageCodec, TheClaimedSizeIsToldWithoutDecoding) {
  EXPECT_EQ(ClaimedPixels(EncodePng(Image(7, 5))), 35u);
  EXPECT_EQ(ClaimedPixels(std::string_view(EncodePng(Image(7, 5))).substr(0, 23)), UINT64_MAX);
  EXPECT_EQ(ClaimedPixels(Jpeg(Image(9, 4), false, JCS_RGB, 3)), 36u);
  EXPECT_EQ(ClaimedPixels("nonsense"), UINT64_MAX);
}

// The vectorised filter against the specification's arithmetic, through both of its widths.
TEST(Png, PaethOfEveryKindOfPixelIsUndone) {
  for (const int samples : {1, 2, 3, 4}) {
    std::string rows;
    std::uint32_t state = 1;
    for (int y = 0; y < 16; ++y) {
      rows += '\4';
      for (int i = 0; i < 16 * samples; ++i) {
        state = state * 1664525 + 1013904223;
        rows += static_cast<char>(state >> 24);
      }
    }
    const int stride = 16 * samples;
    std::vector<std::uint8_t> plain(16 * static_cast<std::size_t>(stride));
    const auto at = [&](int y, int i) {
      return y < 0 || i < 0 ? 0 : static_cast<int>(plain[static_cast<std::size_t>(y * stride + i)]);
    };
    for (int y = 0; y < 16; ++y) {
      for (int i = 0; i < stride; ++i) {
        const int a = at(y, i - samples), b = at(y - 1, i);
        const int c = i < samples ? 0 : at(y - 1, i - samples);
        const int p = a + b - c;
        const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
        const int predicted = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
        plain[static_cast<std::size_t>(y * stride + i)] = static_cast<std::uint8_t>(
            static_cast<std::uint8_t>(rows[static_cast<std::size_t>(y * (stride + 1) + 1 + i)]) +
            predicted);
      }
    }
    const int color = samples == 1 ? 0 : samples == 2 ? 4 : samples == 3 ? 2 : 6;
    const Result<Image> image =
        DecodeImage(PngParts{.width = 16, .height = 16, .color = color, .rows = rows}.Make());
    ASSERT_TRUE(image) << samples << image.error().message();
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        ASSERT_EQ(image->At(x, y)[0], at(y, x * samples)) << samples;
        ASSERT_EQ(image->At(x, y)[2], at(y, x * samples + (samples > 2 ? 2 : 0))) << samples;
      }
    }
  }
}

TEST(ImageCodec, TheHeaderIsReadAlone) {
  const auto png = ReadImageHeader(EncodePng(Image(5, 3)));
  ASSERT_TRUE(png);
  EXPECT_EQ(png->format, ImageFormat::kPng);
  EXPECT_EQ(png->width, 5);
  EXPECT_EQ(png->height, 3);
  const auto jpeg = ReadImageHeader(Jpeg(Image(5, 3)));
  ASSERT_TRUE(jpeg);
  EXPECT_EQ(jpeg->format, ImageFormat::kJpeg);
  EXPECT_EQ(jpeg->width, 5);
}

TEST(ImageCodec, ATensorIsTheDecodedResizedNormalisedPicture) {
  const Image image = Sample();
  const TensorSpec spec{
      .width = 20, .height = 10, .mean = {0.5f, 0.4f, 0.3f}, .std = {0.2f, 0.3f, 0.4f}};
  std::vector<float> tensor(spec.size());
  ASSERT_TRUE(DecodeToTensor(EncodePng(image), spec, tensor));
  const Image small = Resize(image, 20, 10);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 10; ++y) {
      for (int x = 0; x < 20; ++x) {
        const float expected = (small.At(x, y)[c] / 255.0f - spec.mean[c]) / spec.std[c];
        EXPECT_NEAR(tensor[static_cast<std::size_t>((c * 10 + y) * 20 + x)], expected, 1e-5);
      }
    }
  }
}

TEST(ImageCodec, ATensorHoldsWhatTheDecodedJpegHolds) {
  const Image image = Sample();
  const std::pair<int, int> sizes[] = {{image.width, image.height}, {5, 9}};
  for (const std::string& jpeg :
       {Jpeg(image), Jpeg(image, true),
        Jpeg(Image(image.width, image.height), false, JCS_GRAYSCALE, 1)}) {
    for (const auto& [width, height] : sizes) {
      const TensorSpec spec{.width = width, .height = height, .mean = {0.5f, 0.4f, 0.3f}};
      std::vector<float> direct(spec.size());
      std::vector<float> by_pixels(spec.size());
      ASSERT_TRUE(DecodeToTensor(jpeg, spec, direct));
      WriteTensor(*DecodeImage(jpeg), spec, by_pixels);
      EXPECT_EQ(direct, by_pixels) << width;
    }
  }
}

TEST(ImageCodec, AFailureLeavesTheTensorAlone) {
  const TensorSpec spec{.width = 8, .height = 8};
  const std::string jpeg = Jpeg(Image(8, 8));
  const std::string png = EncodePng(Image(8, 8));
  for (const std::string_view bytes :
       {std::string_view("nonsense"), std::string_view(jpeg).substr(0, jpeg.size() / 2),
        std::string_view(jpeg).substr(0, jpeg.size() - 4),
        std::string_view(png).substr(0, png.size() - 20)}) {
    std::vector<float> tensor(spec.size(), 42.0f);
    EXPECT_FALSE(DecodeToTensor(bytes, spec, tensor));
    EXPECT_EQ(tensor, std::vector<float>(spec.size(), 42.0f));
  }
}

TEST(Resize, InterpolatesBetweenPixelCentres) {
  Image image(2, 1);
  image.pixels = {0, 0, 0, 200, 100, 40};
  const Image wide = Resize(image, 4, 1);
  EXPECT_EQ(wide.pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 50, 25, 10, 150, 75, 30, 200, 100, 40}));
  EXPECT_EQ(Resize(wide, 2, 3).pixels.size(), 18u);
  EXPECT_EQ(Resize(image, 2, 1), image);
  Image flat(7, 5);
  std::fill(flat.pixels.begin(), flat.pixels.end(), 255);
  EXPECT_EQ(Resize(flat, 3, 11).pixels, std::vector<std::uint8_t>(99, 255));
}

TEST(ImageStatistics, AreThoseOfTheLuma) {
  Image image(2, 1);
  image.pixels = {0, 0, 0, 255, 255, 255};
  const ImageStatistics statistics = ComputeStatistics(image);
  EXPECT_NEAR(statistics.brightness, 0.5, 1e-9);
  EXPECT_NEAR(statistics.contrast, 0.5, 1e-9);
  EXPECT_NEAR(statistics.channel_mean[2], 0.5, 1e-9);
  image.pixels = {255, 0, 0, 255, 0, 0};
  EXPECT_NEAR(ComputeStatistics(image).brightness, 0.299, 1e-9);
  EXPECT_NEAR(ComputeStatistics(image).contrast, 0, 1e-6);
}

}  // namespace
}  // namespace scones::vision
