// Tag sets of objects and buckets: their limits and their XML. Pure.
#pragma once

#include <string>

#include "api/s3_xml.h"
#include "base/result.h"
#include "objects/types.h"

namespace scones::api {

inline constexpr std::size_t kMaxObjectTags = 10;
inline constexpr std::size_t kMaxBucketTags = 50;

// The tags by key. Errors: kInvalid/InvalidTag.
Result<objects::Pairs> CheckTags(objects::Pairs tags, std::size_t max_tags);

// From and to <Tagging>. Errors: kInvalid/MalformedXML, InvalidTag.
Result<objects::Pairs> ParseTagging(const XmlElement& tagging, std::size_t max_tags);
std::string FormatTagging(const objects::Pairs& tags);

}  // namespace scones::api
