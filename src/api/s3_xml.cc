#include "api/s3_xml.h"

#include <algorithm>
#include <pugixml.hpp>

#include "api/error_response.h"

namespace scones::api {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

Error Malformed() {
  return Error(Code::kInvalid, "MalformedXML",
               "The XML you provided was not well-formed or did not validate against our published "
               "schema");
}

// Appends the element's children to `element`; false where they are nested too deep.
bool Convert(const pugi::xml_node& node, int depth, XmlElement& element) {
  if (depth > kMaxDepth) return false;
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      element.text += child.value();
    } else if (child.type() == pugi::node_element) {
      element.children.push_back({.name = child.name(), .text = {}, .children = {}});
      if (!Convert(child, depth + 1, element.children.back())) return false;
    }
  }
  return true;
}

}  // namespace

XmlWriter::XmlWriter(std::string_view root) : root_(root) {
  out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<";
  out_.append(root).append(" xmlns=\"").append(kNamespace).append("\">");
}

void XmlWriter::Open(std::string_view name) { out_.append("<").append(name).append(">"); }

void XmlWriter::Close(std::string_view name) { out_.append("</").append(name).append(">"); }

void XmlWriter::Text(std::string_view name, std::string_view text) {
  Open(name);
  Append(text);
  Close(name);
}

void XmlWriter::Number(std::string_view name, std::uint64_t value) {
  Text(name, std::to_string(value));
}

void XmlWriter::RootText(std::string_view text) { Append(text); }

void XmlWriter::Append(std::string_view text) {
  // Most texts of a list need no escape; finding that out is cheaper than a copy.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != '&' && c != '<' && c != '>' && c != '"';
  });
  if (plain) {
    out_.append(text);
  } else {
    out_.append(XmlEscape(text));
  }
}

std::string XmlWriter::Finish() {
  Close(root_);
  return std::move(out_);
}

const XmlElement& XmlElement::Child(std::string_view child_name) const {
  static const XmlElement kNone;
  for (const XmlElement& child : children) {
    if (child.name == child_name) return child;
  }
  return kNone;
}

bool XmlElement::Has(std::string_view child_name) const { return !Child(child_name).name.empty(); }

Result<XmlElement> ParseXml(std::string_view text, std::string_view root) {
  // With parse_doctype a document type is kept as a node, so that it can be refused.
  constexpr unsigned kOptions = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol |
                                pugi::parse_doctype | pugi::parse_ws_pcdata_single;
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), kOptions)) return Malformed();
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype) return Malformed();
  }
  const pugi::xml_node top = document.document_element();
  XmlElement element{.name = top.name(), .text = {}, .children = {}};
  if (element.name != root || !Convert(top, 1, element)) return Malformed();
  return element;
}

}  // namespace scones::api
