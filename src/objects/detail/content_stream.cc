#include "objects/detail/content_stream.h"

#include <fmt/format.h>

#include <cstring>

namespace scones::objects::detail {
namespace {

// The files and the place in them; shared with the job that reads, which may outlive the stream.
class Cursor {
 public:
  Cursor(std::shared_ptr<Contents> contents, std::unique_ptr<Contents::Pin> pin,
         std::vector<Segment> segments, std::uint64_t offset)
      : contents_(std::move(contents)),
        pin_(std::move(pin)),
        segments_(std::move(segments)),
        offset_(offset) {}

  // Skips whole segments before the offset and opens the one it falls in.
  Result<void> Advance() {
    while (index_ < segments_.size() && offset_ >= segments_[index_].size) {
      offset_ -= segments_[index_].size;
      ++index_;
      file_.Close();
      file_ = io::File();
    }
    if (index_ == segments_.size() || file_.descriptor() >= 0) return {};
    const io::Path path = contents_->FilePath(segments_[index_].file);
    Result<io::File> opened = io::File::Open(path, io::File::Mode::kRead);
    if (!opened && opened.error().code() == Code::kNotFound) {
      return Error(Code::kDataLoss, fmt::format("the file '{}' is gone", path.string()));
    }
    TRY(file_, std::move(opened));
    return {};
  }

  Result<std::string> Read(std::uint64_t wanted) {
    TRY_VOID(Advance());
    if (index_ == segments_.size()) return std::string();
    std::string bytes(std::min(wanted, segments_[index_].size - offset_), '\0');
    TRY(const std::size_t count, file_.ReadAt(bytes.data(), bytes.size(), offset_));
    if (count != bytes.size()) {
      return Error(Code::kDataLoss,
                   fmt::format("the file '{}' is shorter than it was written",
                               contents_->FilePath(segments_[index_].file).string()));
    }
    offset_ += count;
    return bytes;
  }

 private:
  std::shared_ptr<Contents> contents_;
  std::unique_ptr<Contents::Pin> pin_;
  const std::vector<Segment> segments_;
  std::size_t index_ = 0;
  std::uint64_t offset_;  // in segments_[index_]
  io::File file_;
};

class ContentStream final : public http::BodyStream {
 public:
  ContentStream(std::shared_ptr<Cursor> cursor, io::BlockingPool& disk, std::uint64_t length)
      : cursor_(std::move(cursor)), disk_(disk), size_(length), left_(length) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    if (left_ == 0) co_return std::size_t{0};
    const std::uint64_t wanted = std::min<std::uint64_t>(buffer.size(), left_);
    auto read = [cursor = cursor_, wanted] { return cursor->Read(wanted); };
    CO_TRY(const std::string bytes, co_await disk_.Run(std::move(read)));
    std::memcpy(buffer.data(), bytes.data(), bytes.size());
    left_ -= bytes.size();
    co_return bytes.size();
  }

  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::shared_ptr<Cursor> cursor_;
  io::BlockingPool& disk_;
  const std::uint64_t size_;
  std::uint64_t left_;
};

}  // namespace

io::Task<Result<std::unique_ptr<http::BodyStream>>> OpenContentStream(
    std::shared_ptr<Contents> contents, std::unique_ptr<Contents::Pin> pin,
    std::vector<Segment> segments, std::uint64_t offset, std::uint64_t length) {
  io::BlockingPool& disk = contents->disk();
  auto cursor =
      std::make_shared<Cursor>(std::move(contents), std::move(pin), std::move(segments), offset);
  auto advance = [cursor] { return cursor->Advance(); };
  CO_TRY_VOID(co_await disk.Run(std::move(advance)));
  co_return std::make_unique<ContentStream>(std::move(cursor), disk, length);
}

}  // namespace scones::objects::detail
