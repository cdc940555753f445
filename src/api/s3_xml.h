// XML of the S3 protocol: a writer for responses and a bounded reader for requests. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::api {

// Writes elements in order; every Open needs its Close. Element names are literals of ours.
class XmlWriter {
 public:
  // Starts the document with its root element, in S3's namespace.
  explicit XmlWriter(std::string_view root);

  void Reserve(std::size_t bytes) { out_.reserve(out_.size() + bytes); }
  void Open(std::string_view name);
  void Close(std::string_view name);
  // <name>text</name>, escaped.
  void Text(std::string_view name, std::string_view text);
  void Number(std::string_view name, std::uint64_t value);
  void Flag(std::string_view name, bool value) { Text(name, value ? "true" : "false"); }
  // Text of the root itself.
  void RootText(std::string_view text);
  // Closes the root and hands over the document.
  std::string Finish();

 private:
  void Append(std::string_view text);

  std::string root_;
  std::string out_;
};

struct XmlElement {
  std::string name;
  std::string text;  // of its own, without the children's
  std::vector<XmlElement> children;

  // The first child of that name; an empty element where there is none.
  const XmlElement& Child(std::string_view child_name) const;
  bool Has(std::string_view child_name) const;
};

// The root element, which must have the name `root`.
// Errors: kInvalid/MalformedXML for what isn't well-formed, has a document type, is nested deeper
// than 32 or has another root.
Result<XmlElement> ParseXml(std::string_view text, std::string_view root);

}  // namespace scones::api
