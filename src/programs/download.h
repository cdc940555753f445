// Fetches a file over HTTP or HTTPS.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file.h"

namespace scones::programs {

// Downloads `url` to `file`, which appears under its name only when complete (and, where `md5` is
// not empty, when its MD5 in hexadecimal is that). A download that was cut off is resumed.
// `progress` gets bytes done and in all (0: unknown); false cancels. Errors: kUnavailable (can't be
// reached, or an answer other than 200), kDataLoss (wrong MD5; what was
//   loaded is removed), kCancelled; those of files.
Result<void> DownloadFile(const std::string& url, const io::Path& file, const std::string& md5,
                          const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace scones::programs
