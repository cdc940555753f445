#include "vision/detail/png_chunks.h"

#include <fmt/format.h>
#include <libdeflate.h>

namespace scones::vision::detail {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kChunkOverhead = 12;  // length, type, checksum
// Deflate can't do better than 258 bytes for two bits.
constexpr std::uint64_t kMaxInflation = 1032;

std::uint32_t ReadBigEndian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

Error Bad(std::string message) {
  return Error(Code::kInvalid, "the PNG can't be read: " + std::move(message));
}

bool DepthFits(int color, int depth) {
  switch (color) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

Result<void> ReadHeader(std::string_view body, const DecodeLimits& limits, PngChunks& chunks) {
  if (body.size() != 13) return Bad("its header chunk has a wrong length");
  const std::uint32_t width = ReadBigEndian(body, 0);
  const std::uint32_t height = ReadBigEndian(body, 4);
  if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX) {
    return Bad(fmt::format("its header says {}x{} pixels", width, height));
  }
  if (std::uint64_t{width} * height > limits.max_pixels) {
    return Bad(fmt::format("its header says {}x{} pixels, more than the limit of {}", width, height,
                           limits.max_pixels));
  }
  chunks.width = static_cast<int>(width);
  chunks.height = static_cast<int>(height);
  chunks.depth = static_cast<std::uint8_t>(body[8]);
  chunks.color = static_cast<std::uint8_t>(body[9]);
  if (!DepthFits(chunks.color, chunks.depth)) {
    return Bad(
        fmt::format("colour type {} with {} bits does not exist", chunks.color, chunks.depth));
  }
  if (body[10] != 0 || body[11] != 0 || (body[12] != 0 && body[12] != 1)) {
    return Bad("its header names an unknown compression, filter or interlace method");
  }
  chunks.interlaced = body[12] == 1;
  return {};
}

Result<void> TakeCritical(std::string_view type, std::string_view chunk, std::string_view body,
                          const DecodeLimits& limits, PngChunks& chunks) {
  const auto checksum = libdeflate_crc32(0, type.data(), 4 + body.size());
  if (checksum != ReadBigEndian(chunk, chunk.size() - 4)) {
    return Bad(fmt::format("the checksum of its {} chunk is wrong, so it is damaged", type));
  }
  const bool is_header = type == "IHDR";
  if (is_header != chunks.critical.empty()) return Bad("it does not begin with one header chunk");
  if (is_header) {
    TRY_VOID(ReadHeader(body, limits, chunks));
  } else if (type == "PLTE") {
    if (body.empty() || body.size() % 3 != 0 || body.size() > 768) {
      return Bad("its palette has a wrong length");
    }
    chunks.palette = body;
  } else if (type == "IDAT") {
    chunks.pixels.push_back(body);
  } else if (type != "IEND") {
    return Bad("it holds a critical chunk of an unknown type");
  }
  chunks.critical.push_back(chunk);
  return {};
}

Result<void> CheckComplete(const PngChunks& chunks) {
  if (chunks.color == 3 && chunks.palette.empty()) return Bad("its palette is missing");
  std::uint64_t compressed = 0;
  for (std::string_view part : chunks.pixels) compressed += part.size();
  if (compressed == 0) return Bad("it holds no pixels");
  // zlib, under libspng, counts in 32 bits.
  if (chunks.InflatedSize() > UINT32_MAX) {
    return Bad(fmt::format("its {}x{} pixels need more than 4 GiB", chunks.width, chunks.height));
  }
  if (chunks.InflatedSize() > compressed * kMaxInflation) {
    return Bad(
        fmt::format("its header says {}x{} pixels, but its {} bytes of compressed pixels "
                    "can't fill that size",
                    chunks.width, chunks.height, compressed));
  }
  return {};
}

}  // namespace

int PngChunks::SamplesPerPixel() const {
  switch (color) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

std::uint64_t PngChunks::InflatedSize() const {
  const auto size = [this](std::uint64_t columns, std::uint64_t rows) {
    const std::uint64_t row_bytes = (columns * SamplesPerPixel() * depth + 7) / 8;
    return columns == 0 ? 0 : rows * (row_bytes + 1);
  };
  if (!interlaced) return size(width, height);
  // Adam7: first column, first row, column step, row step of each pass.
  constexpr int kPasses[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                 {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  std::uint64_t total = 0;
  for (const auto& pass : kPasses) {
    total +=
        size((width - pass[0] + pass[2] - 1) / pass[2], (height - pass[1] + pass[3] - 1) / pass[3]);
  }
  return total;
}

Result<PngChunks> ReadPngChunks(std::string_view bytes, const DecodeLimits& limits) {
  PngChunks chunks;
  std::size_t at = kSignatureBytes;
  while (true) {
    const std::size_t left = bytes.size() - at;
    const std::uint32_t length = left < 4 ? 0 : ReadBigEndian(bytes, at);
    if (left < kChunkOverhead || left - kChunkOverhead < length) {
      return Bad(fmt::format("it is cut short after {} bytes", bytes.size()));
    }
    const std::string_view chunk = bytes.substr(at, kChunkOverhead + length);
    const std::string_view type = chunk.substr(4, 4);
    const bool critical = (type[0] & 0x20) == 0;
    if (!critical && chunks.critical.empty()) return Bad("it does not begin with a header chunk");
    if (critical) TRY_VOID(TakeCritical(type, chunk, chunk.substr(8, length), limits, chunks));
    if (type == "IEND") break;
    at += chunk.size();
  }
  TRY_VOID(CheckComplete(chunks));
  return chunks;
}

}  // namespace scones::vision::detail
