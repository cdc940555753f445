#include "api/s3_tags.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/s3_error.h"

namespace scones::api {
namespace {

constexpr std::size_t kMaxKeyCharacters = 128;
constexpr std::size_t kMaxValueCharacters = 256;

// Characters, not bytes: UTF-8 continuation bytes don't count.
std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Error InvalidTag(std::string message) {
  return Error(Code::kInvalid, "InvalidTag", std::move(message));
}

}  // namespace

Result<objects::Pairs> CheckTags(objects::Pairs tags, std::size_t max_tags) {
  if (tags.size() > max_tags) {
    return InvalidTag(fmt::format("Object tags cannot be greater than {}", max_tags));
  }
  for (const auto& [key, value] : tags) {
    if (key.empty() || Characters(key) > kMaxKeyCharacters || key.starts_with("aws:")) {
      return InvalidTag("The TagKey you have provided is invalid");
    }
    if (Characters(value) > kMaxValueCharacters) {
      return InvalidTag("The TagValue you have provided is invalid");
    }
  }
  std::sort(tags.begin(), tags.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(tags.begin(), tags.end(), same) != tags.end()) {
    return InvalidTag("Cannot provide multiple Tags with the same key");
  }
  return tags;
}

Result<objects::Pairs> ParseTagging(const XmlElement& tagging, std::size_t max_tags) {
  if (!tagging.Has("TagSet")) return MalformedXml("Tagging needs a TagSet");
  objects::Pairs tags;
  for (const XmlElement& tag : tagging.Child("TagSet").children) {
    if (tag.name != "Tag" || !tag.Has("Key")) return MalformedXml("TagSet holds Tags with a Key");
    tags.emplace_back(tag.Child("Key").text, tag.Child("Value").text);
  }
  return CheckTags(std::move(tags), max_tags);
}

std::string FormatTagging(const objects::Pairs& tags) {
  XmlWriter xml("Tagging");
  xml.Open("TagSet");
  for (const auto& [key, value] : tags) {
    xml.Open("Tag");
    xml.Text("Key", key);
    xml.Text("Value", value);
    xml.Close("Tag");
  }
  xml.Close("TagSet");
  return xml.Finish();
}

}  // namespace scones::api
