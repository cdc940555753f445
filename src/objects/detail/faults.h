// The store's errors, with the names and wording of Amazon S3. Pure.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"

namespace scones::objects::detail {

inline Error NoSuchBucket() {
  return Error(Code::kNotFound, "NoSuchBucket", "The specified bucket does not exist");
}
inline Error NoSuchKey() {
  return Error(Code::kNotFound, "NoSuchKey", "The specified key does not exist.");
}
inline Error NoSuchVersion() {
  return Error(Code::kNotFound, "NoSuchVersion", "The specified version does not exist.");
}
inline Error NoSuchUpload() {
  return Error(
      Code::kNotFound, "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may "
      "have been aborted or completed.");
}
inline Error PreconditionFailed(std::string_view condition) {
  return Error(
      Code::kPrecondition, "PreconditionFailed",
      fmt::format("At least one of the pre-conditions you specified did not hold: {}", condition));
}
inline Error EntityTooLarge() {
  return Error(Code::kInvalid, "EntityTooLarge",
               "Your proposed upload exceeds the maximum allowed size");
}
inline Error InvalidPart() {
  return Error(Code::kInvalid, "InvalidPart",
               "One or more of the specified parts could not be found.  The part may not have been "
               "uploaded, or the specified entity tag may not match the part's entity tag.");
}

// Gives an error of the disk or the database the name that says so on the wire.
inline Error StorageFault(const Error& error) {
  if (error.code() != Code::kExhausted || !error.reason().empty()) return error;
  return Error(Code::kExhausted, "InsufficientStorage", error.message());
}

}  // namespace scones::objects::detail
