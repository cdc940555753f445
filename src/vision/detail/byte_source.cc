#include "vision/detail/byte_source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "io/file.h"

namespace scones::vision::detail {
namespace {

constexpr std::size_t kPieceBytes = 1 << 18;
// Small files of zeros may inflate well; only beyond this does the ratio count.
constexpr std::uint64_t kFreeInflation = 4u << 20;

class FileSource final : public ByteSource {
 public:
  FileSource(io::File file, std::uint64_t size, SourceLimits limits)
      : file_(std::move(file)), size_(size), limits_(std::move(limits)) {}
  ~FileSource() override {
    if (gzip_) inflateEnd(&stream_);
  }

  Result<void> Start() {
    TRY_VOID(Fill());
    gzip_ = filled_ >= 2 && input_[0] == '\x1f' && input_[1] == '\x8b';
    if (!gzip_) return {};
    SCONES_CHECK(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK);
    output_.resize(kPieceBytes);
    return {};
  }

  std::uint64_t AtMostLeft() const override {
    return gzip_ ? limits_.max_bytes - produced_ : size_ - read_ + filled_;
  }

  Result<std::string_view> Next() override {
    if (limits_.progress && !limits_.progress(read_, size_)) {
      return Error(Code::kCancelled, "reading was cancelled");
    }
    TRY(const std::string_view piece, gzip_ ? NextInflated() : NextPlain());
    produced_ += piece.size();
    if (produced_ > limits_.max_bytes) {
      return Error(Code::kExhausted,
                   fmt::format("it holds more than the limit of {} bytes", limits_.max_bytes));
    }
    if (gzip_ && produced_ > kFreeInflation && produced_ / limits_.max_inflation > read_) {
      return Error(Code::kInvalid,
                   fmt::format("it inflates to more than {} times its size; this is refused, "
                               "because hostile files do so",
                               limits_.max_inflation));
    }
    return piece;
  }

 private:
  Result<void> Fill() {
    input_.resize(kPieceBytes);
    TRY(filled_, file_.ReadAt(input_.data(), input_.size(), read_));
    read_ += filled_;
    return {};
  }

  Result<std::string_view> NextPlain() {
    if (given_) TRY_VOID(Fill());
    given_ = true;
    return std::string_view(input_.data(), filled_);
  }

  Result<std::string_view> NextInflated() {
    if (ended_) return std::string_view();
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream_.avail_out = static_cast<uInt>(output_.size());
    while (stream_.avail_out > 0 && !ended_) {
      if (stream_.avail_in == 0) TRY_VOID(FeedInflate());
      if (stream_.avail_in == 0) {
        if (between_members_) break;
        return Error(Code::kInvalid,
                     fmt::format("it is cut short after {} bytes; fetch it again", read_));
      }
      TRY_VOID(InflateStep());
    }
    ended_ = ended_ || stream_.avail_out > 0;
    return std::string_view(output_.data(), output_.size() - stream_.avail_out);
  }

  Result<void> FeedInflate() {
    if (given_) TRY_VOID(Fill());
    given_ = true;
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(filled_);
    return {};
  }

  Result<void> InflateStep() {
    if (between_members_) {
      // Another member may follow; padding after the last one is not ours to read.
      if (*stream_.next_in != 0x1f) {
        ended_ = true;
        return {};
      }
      inflateReset(&stream_);
      between_members_ = false;
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      between_members_ = true;
    } else if (status != Z_OK) {
      return Error(Code::kInvalid,
                   fmt::format("its gzip data is damaged near byte {} ({}); fetch it again", read_,
                               stream_.msg != nullptr ? stream_.msg : "no detail"));
    }
    return {};
  }

  io::File file_;
  std::uint64_t size_;
  SourceLimits limits_;
  std::string input_;
  std::size_t filled_ = 0;
  bool given_ = false;  // what input_ holds was handed on
  std::uint64_t read_ = 0;
  std::uint64_t produced_ = 0;
  bool gzip_ = false;
  bool between_members_ = false;
  bool ended_ = false;
  z_stream stream_{};
  std::string output_;
};

class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string_view bytes, std::size_t piece) : left_(bytes), piece_(piece) {}
  Result<std::string_view> Next() override {
    const std::string_view piece = left_.substr(0, piece_);
    left_.remove_prefix(piece.size());
    return piece;
  }
  std::uint64_t AtMostLeft() const override { return left_.size(); }

 private:
  std::string_view left_;
  std::size_t piece_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenFile(const std::filesystem::path& path,
                                             const SourceLimits& limits) {
  TRY(io::File file, io::File::Open(path, io::File::Mode::kRead));
  TRY(const std::uint64_t size, file.Size());
  auto source = std::make_unique<FileSource>(std::move(file), size, limits);
  TRY_VOID(source->Start());
  return Result<std::unique_ptr<ByteSource>>(std::move(source));
}

std::unique_ptr<ByteSource> FromMemory(std::string_view bytes, std::size_t piece) {
  return std::make_unique<MemorySource>(bytes, piece);
}

Result<std::string> ReadAll(ByteSource& source, std::uint64_t max_bytes) {
  std::string all;
  while (true) {
    TRY(const std::string_view piece, source.Next());
    if (piece.empty()) return all;
    if (piece.size() > max_bytes - all.size()) {
      return Error(Code::kExhausted,
                   fmt::format("it holds more than the limit of {} bytes", max_bytes));
    }
    all += piece;
  }
}

Result<std::string> ReadBeginning(const std::filesystem::path& path, std::size_t count) {
  TRY(const std::unique_ptr<ByteSource> source,
      OpenFile(path, {.max_bytes = 64u << 20, .max_inflation = 2000}));
  TRY(const std::string_view piece, source->Next());
  return std::string(piece.substr(0, count));
}

}  // namespace scones::vision::detail
