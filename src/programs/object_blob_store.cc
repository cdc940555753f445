#include "programs/object_blob_store.h"

namespace scones::programs {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kMaxReadBytes = std::size_t{1} << 30;

// A file as a stream; reads of local files go through the page cache and are short.
class FileBody final : public http::BodyStream {
 public:
  FileBody(io::File file, std::uint64_t size, io::BlockingPool& disk)
      : file_(std::move(file)), size_(size), disk_(disk) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    auto read = [this, buffer] { return file_.ReadAt(buffer.data(), buffer.size(), offset_); };
    CO_TRY(const std::size_t count, co_await disk_.Run(std::move(read)));
    offset_ += count;
    co_return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  io::File file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  io::BlockingPool& disk_;
};

}  // namespace

io::Task<Result<std::string>> ObjectBlobStore::Read(S3Uri uri) {
  const objects::ObjectName name{.bucket = uri.bucket, .key = uri.key, .version = ""};
  CO_TRY(objects::OpenedObject object, co_await objects_.Get(name, {}));
  if (object.stream == nullptr) co_return std::move(object.bytes);
  co_return co_await http::ReadAll(*object.stream, kMaxReadBytes);
}

io::Task<Result<void>> ObjectBlobStore::ReadToFile(S3Uri uri, io::Path path) {
  const objects::ObjectName name{.bucket = uri.bucket, .key = uri.key, .version = ""};
  CO_TRY(objects::OpenedObject object, co_await objects_.Get(name, {}));
  auto open = [path] { return io::File::Open(path, io::File::Mode::kCreateOrTruncate); };
  if (object.stream == nullptr) {
    auto write = [&object, &open]() -> Result<void> {
      TRY(io::File file, open());
      return file.Write(object.bytes);
    };
    co_return co_await disk_.Run(std::move(write));
  }
  CO_TRY(io::File file, co_await disk_.Run(open));
  std::string piece(kPieceBytes, '\0');
  while (true) {
    CO_TRY(const std::size_t count, co_await object.stream->Read(piece));
    if (count == 0) co_return Result<void>();
    auto write = [&file, &piece, count] {
      return file.Write(std::string_view(piece).substr(0, count));
    };
    CO_TRY_VOID(co_await disk_.Run(std::move(write)));
  }
}

io::Task<Result<void>> ObjectBlobStore::Write(S3Uri uri, std::string bytes,
                                              std::string content_type) {
  const std::unique_ptr<http::BodyStream> body = http::MakeStringBody(std::move(bytes));
  co_return co_await Put(std::move(uri), *body, std::move(content_type));
}

io::Task<Result<void>> ObjectBlobStore::WriteFromFile(S3Uri uri, io::Path path,
                                                      std::string content_type) {
  CO_TRY(io::File file, io::File::Open(path, io::File::Mode::kRead));
  CO_TRY(const std::uint64_t size, file.Size());
  FileBody body(std::move(file), size, disk_);
  co_return co_await Put(std::move(uri), body, std::move(content_type));
}

io::Task<Result<void>> ObjectBlobStore::Put(S3Uri uri, http::BodyStream& body,
                                            std::string content_type) {
  objects::PutOptions options{.headers = {{"content-type", std::move(content_type)}}};
  const objects::ObjectName name{.bucket = uri.bucket, .key = uri.key, .version = ""};
  CO_TRY([[maybe_unused]] const objects::PutReceipt receipt,
         co_await objects_.Put(name, body, std::move(options)));
  co_return Result<void>();
}

io::Task<Result<std::vector<S3Uri>>> ObjectBlobStore::List(S3Uri prefix) {
  std::vector<S3Uri> found;
  objects::ListOptions options{.prefix = prefix.key};
  while (true) {
    CO_TRY(const objects::ListPage page, co_await objects_.List(prefix.bucket, options));
    for (const objects::ObjectInfo& object : page.objects) {
      found.push_back({.bucket = prefix.bucket, .key = object.key});
    }
    if (!page.truncated) co_return found;
    options.after = page.next_after;
  }
}

}  // namespace scones::programs
