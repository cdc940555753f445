// Function packages: zip archives from outside, unpacked within bounds, and zip archives made by
// us. Blocking, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace scones::functions {

// A package that holds a file of this name may name a native function as its handler.
inline constexpr const char* kNativeMarker = ".scones-functions";

struct PackageLimits {
  std::size_t entries = 10'000;
  std::uint64_t unpacked_bytes = 250ull * 1024 * 1024;
  // Unpacked over packed bytes, held against packages that unpack to more than free_bytes.
  std::uint64_t ratio = 200;
  std::uint64_t free_bytes = 16 * 1024 * 1024;
  std::size_t path_bytes = 1024;
};

struct PackageContents {
  std::uint64_t unpacked_bytes = 0;
  std::size_t files = 0;
  bool native_marker = false;
};

// Writes the archive's files below `directory`, which exists and is empty: 0444, or 0555 where the
// archive or the name `bootstrap` asks for it. Not durable yet.
// Errors: kInvalid/InvalidParameterValueException for what is no zip, is damaged, empty or
// encrypted, leaves the directory, holds links or devices, repeats a name, or exceeds `limits`;
// those of files. On error `directory` holds what was written so far.
Result<PackageContents> UnpackZip(std::string_view zip, const io::Path& directory,
                                  const PackageLimits& limits);

struct ZipEntry {
  std::string name;
  std::string bytes;
  unsigned permissions = 0644;
};

// A deflated archive; the same entries give the same bytes.
Result<std::string> MakeZip(const std::vector<ZipEntry>& entries);

// The package of the workflow's functions: the stand-alone program (as bootstrap) with the marker.
// It runs natively here, and as a custom runtime on AWS. With an empty `program`, only here.
Result<std::string> MakeWorkflowPackage(const io::Path& program);

}  // namespace scones::functions
