// A function as it is stored: one JSON document with all its versions. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "functions/types.h"

namespace scones::functions {

struct StoredVersion {
  FunctionConfiguration configuration;
  std::string package_hash;  // hexadecimal SHA-256 of the zip
};

struct FunctionRecord {
  std::int64_t id = 0;                            // never used twice, not even for the same name
  std::int64_t revision = 0;                      // grows with each change
  std::map<std::string, StoredVersion> versions;  // kLatest always, and the published ones
  FunctionExtras extras;
};

std::string EncodeRecord(const FunctionRecord& record);
// Errors: kDataLoss.
Result<FunctionRecord> DecodeRecord(std::string_view document);

}  // namespace scones::functions
