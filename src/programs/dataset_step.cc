#include "programs/dataset_step.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/hash.h"
#include "programs/download.h"
#include "programs/interrupt.h"
#include "vision/generator.h"

namespace scones::programs {
namespace {

constexpr char kUrl[] = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz";
constexpr char kMd5[] = "eb9058c3a382ffc7106e4002c42a8d85";
constexpr char kArchiveName[] = "cifar-100-python.tar.gz";
constexpr char kGeneratedName[] = "generated-cifar-100-python-1.tar.gz";
constexpr char kStep[] = "obtain the data";

io::Path CacheDirectory() {
  if (const char* set = std::getenv("XDG_CACHE_HOME"); set != nullptr && *set != '\0') {
    return io::Path(set) / "scones";
  }
  const char* home = std::getenv("HOME");
  return io::Path(home != nullptr && *home != '\0' ? home : ".") / ".cache" / "scones";
}

// Where a URL's file is kept: two of one name don't meet.
io::Path CachedFile(const std::string& url) {
  constexpr std::size_t kDigits = 12;
  constexpr std::size_t kMaxName = 100;
  const std::string name = url.substr(url.find_last_of("/?") + 1).substr(0, kMaxName);
  const std::string digest = HexEncode(Digest(HashAlgorithm::kSha256, url)).substr(0, kDigits);
  return CacheDirectory() / fmt::format("{}-{}", digest, name);
}

bool IsUrl(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<ObtainedDataset> Download(const std::string& url, const std::string& md5,
                                 const io::Path& file, Progress& progress) {
  TRY_VOID(io::MakeDirectories(file.parent_path()));
  const auto report = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.Update(done, total, fmt::format("{:.0f} MB", static_cast<double>(done) / 1e6));
    return !Interrupted();
  };
  TRY_VOID(DownloadFile(url, file, md5, report));
  progress.Done("downloaded " + url);
  return ObtainedDataset{.path = file, .description = "downloaded from " + url};
}

Result<ObtainedDataset> Generate(const io::Path& file, const std::string& why, Progress& progress) {
  const std::string description = "SYNTHETIC pictures drawn by the built-in generator" + why;
  ObtainedDataset dataset{.path = file, .description = description, .synthetic = true};
  if (std::filesystem::exists(file)) {
    progress.Skip(description);
    return dataset;
  }
  TRY_VOID(io::MakeDirectories(file.parent_path()));
  vision::GeneratorOptions options;
  options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.Update(done, total, "drawing");
    return !Interrupted();
  };
  TRY_VOID(vision::WriteGeneratedArchive(file, options));
  progress.Done(description);
  return dataset;
}

Result<ObtainedDataset> ObtainAutomatically(Progress& progress) {
  const io::Path cached = CacheDirectory() / kArchiveName;
  if (std::filesystem::exists(cached)) {
    progress.Skip("CIFAR-100 from the cache, " + cached.string());
    return ObtainedDataset{.path = cached, .description = "CIFAR-100 from " + cached.string()};
  }
  Result<ObtainedDataset> downloaded = Download(kUrl, kMd5, cached, progress);
  if (downloaded || downloaded.error().code() != Code::kUnavailable) return downloaded;
  return Generate(
      CacheDirectory() / kGeneratedName,
      fmt::format(" (CIFAR-100 could not be downloaded: {})", downloaded.error().message()),
      progress);
}

}  // namespace

Result<ObtainedDataset> ObtainDataset(const std::string& wanted, Progress::Style style) {
  Progress progress(style, kStep);
  if (wanted == "auto") return ObtainAutomatically(progress);
  if (wanted == "generator") return Generate(CacheDirectory() / kGeneratedName, "", progress);
  if (IsUrl(wanted)) {
    const bool known = wanted == kUrl;
    const io::Path file = known ? CacheDirectory() / kArchiveName : CachedFile(wanted);
    if (std::filesystem::exists(file)) {
      progress.Skip("from the cache, " + file.string());
      return ObtainedDataset{.path = file, .description = "downloaded from " + wanted};
    }
    return Download(wanted, known ? kMd5 : "", file, progress);
  }
  std::error_code ignored;
  if (!std::filesystem::exists(wanted, ignored)) {
    return Error(
        Code::kNotFound,
        fmt::format("there is no data set at '{}'; --dataset takes a path, a URL, 'auto' or "
                    "'generator'",
                    wanted));
  }
  progress.Skip(wanted);
  return ObtainedDataset{.path = wanted, .description = wanted};
}

}  // namespace scones::programs
