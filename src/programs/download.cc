#include "programs/download.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "http/client.h"
#include "io/shards.h"
#include "programs/interruptible.h"

namespace scones::programs {
namespace {

using ProgressFunction = std::function<bool(std::uint64_t, std::uint64_t)>;

constexpr int kMaxRedirects = 5;
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::chrono::milliseconds kInterruptGrace{200};  // for the piece that is coming
constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kRangeNotSatisfiable = 416;

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Any trouble on the way to the file counts as "can't be reached".
Error Unreachable(const std::string& url, const std::string& cause) {
  return Error(Code::kUnavailable, fmt::format("{} can't be downloaded: {}", url, cause));
}

std::uint64_t SizeOf(const io::Path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

io::Task<Result<http::ClientResponse>> Open(http::Client& client, std::string url,
                                            std::uint64_t from) {
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    CO_TRY(const http::Url parsed, http::Url::Parse(url));
    http::ClientRequest request;
    request.headers.Add("User-Agent", "scones");
    if (from != 0) request.headers.Add("Range", fmt::format("bytes={}-", from));
    Result<http::ClientResponse> response = co_await client.Send(parsed, std::move(request));
    if (!response) co_return Unreachable(url, response.error().message());
    if (!IsRedirect(response->status)) co_return std::move(*response);
    const std::string target(response->headers.Get("Location"));
    url = target.starts_with('/') ? url.substr(0, url.find('/', url.find("://") + 3)) + target
                                  : target;
  }
  co_return Unreachable(url, "too many redirects");
}

// Appends the response's body to `file`; `done` is how many bytes that holds already.
io::Task<Result<void>> Save(std::string url, http::ClientResponse response, io::File file,
                            std::uint64_t done, ProgressFunction progress) {
  const std::uint64_t rest = response.body->size().value_or(0);
  const std::uint64_t total = rest == 0 ? 0 : done + rest;
  std::string piece(kPieceBytes, '\0');
  while (true) {
    Result<std::size_t> count = co_await response.body->Read(piece);
    if (!count) co_return Unreachable(url, count.error().message());
    if (*count == 0) break;
    CO_TRY_VOID(file.Write(std::string_view(piece).substr(0, *count)));
    done += *count;
    if (!progress(done, total))
      co_return Error(Code::kCancelled, "interrupted; the next try resumes");
  }
  co_return file.Sync();
}

io::Task<Result<void>> Fetch(std::string url, io::Path partial, ProgressFunction progress) {
  http::Client client;
  std::uint64_t done = SizeOf(partial);
  CO_TRY(http::ClientResponse response, co_await Open(client, url, done));
  if (response.status == kRangeNotSatisfiable && done != 0) {
    // What is here is no beginning of what the server has now.
    done = 0;
    CO_TRY(response, co_await Open(client, url, done));
  }
  if (response.status == kOk) done = 0;  // the server starts anew
  if (response.status != kOk && response.status != kPartialContent) {
    co_return Unreachable(url, fmt::format("the server answered {}", response.status));
  }
  const auto mode = done == 0 ? io::File::Mode::kCreateOrTruncate : io::File::Mode::kAppend;
  CO_TRY(io::File file, io::File::Open(partial, mode));
  co_return co_await Save(url, std::move(response), std::move(file), done, progress);
}

Result<void> CheckMd5(const std::string& url, const io::Path& file, const std::string& md5) {
  TRY(const io::File opened, io::File::Open(file, io::File::Mode::kRead));
  Hasher hasher(HashAlgorithm::kMd5);
  std::string piece(kPieceBytes, '\0');
  for (std::uint64_t offset = 0;;) {
    TRY(const std::size_t count, opened.ReadAt(piece.data(), piece.size(), offset));
    if (count == 0) break;
    hasher.Update(std::string_view(piece).substr(0, count));
    offset += count;
  }
  const std::string found = HexEncode(hasher.Finish());
  if (found == md5) return {};
  TRY_VOID(io::RemoveAll(file));
  return Error(
      Code::kDataLoss,
      fmt::format("what {} sent is damaged: its MD5 is {}, not {}; try again", url, found, md5));
}

}  // namespace

Result<void> DownloadFile(const std::string& url, const io::Path& file, const std::string& md5,
                          const ProgressFunction& progress) {
  io::Path partial = file;
  partial += ".part";
  {
    io::Shards shards(1);
    TRY_VOID(RunUntilInterrupted(shards, Fetch(url, partial, progress), kInterruptGrace));
  }
  if (!md5.empty()) TRY_VOID(CheckMd5(url, partial, md5));
  TRY_VOID(io::Rename(partial, file));
  return io::SyncDirectory(file.parent_path());
}

}  // namespace scones::programs
