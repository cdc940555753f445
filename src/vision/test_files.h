// What the tests of this module make their inputs with. Tests only.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace scones::vision {

// The folder of recorded data, from the environment or beside the repository; empty where absent.
inline std::filesystem::path SharedFolder() {
  const char* const set = std::getenv("SCONES_SHARED");
  const std::filesystem::path folder = set != nullptr ? set : "../shared";
  return std::filesystem::is_directory(folder / "corpus") ? folder : std::filesystem::path();
}

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void WriteBytes(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string Deflate(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

inline std::string BigEndian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

inline std::string PngChunk(std::string_view type, std::string_view body) {
  const std::string checked = std::string(type) + std::string(body);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return BigEndian(static_cast<std::uint32_t>(body.size())) + checked +
         BigEndian(static_cast<std::uint32_t>(crc));
}

// A PNG whose parts need not agree. `rows` are filter bytes and samples, before compression.
struct PngParts {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  int depth = 8;
  int color = 2;
  int interlace = 0;
  std::string palette = {};
  std::string rows = {};
  std::string extra = {};        // chunks after the header
  std::size_t split = SIZE_MAX;  // compressed bytes in each IDAT

  std::string Make() const {
    std::string header = BigEndian(width) + BigEndian(height);
    for (int field : {depth, color, 0, 0, interlace}) header += static_cast<char>(field);
    std::string out = "\x89PNG\r\n\x1a\n" + PngChunk("IHDR", header) + extra;
    if (!palette.empty()) out += PngChunk("PLTE", palette);
    const std::string pixels = Deflate(rows);
    for (std::size_t at = 0; at < pixels.size();) {
      const std::string_view part = std::string_view(pixels).substr(at, split);
      out += PngChunk("IDAT", part);
      at += part.size();
    }
    return out + PngChunk("IEND", "");
  }
};

}  // namespace scones::vision
