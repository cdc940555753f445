#include "auth/canonical.h"

#include <algorithm>

#include "base/encoding.h"

namespace scones::auth {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

Error BadEscape() {
  return Error(Code::kInvalid, "InvalidURI",
               "the address holds a '%' that two hexadecimal digits don't follow");
}

// Appends `value` without blanks at its ends and with inner runs of them as one space.
void AppendTrimmed(std::string_view value, std::string& out) {
  const std::size_t start = out.size();
  bool blank = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = true;
      continue;
    }
    if (blank && out.size() > start) out.push_back(' ');
    blank = false;
    out.push_back(c);
  }
}

// Resolves "." and ".." and drops empty segments; a trailing slash stays.
std::string Normalise(std::string_view path) {
  std::vector<std::string_view> segments;
  std::string_view rest = path;
  std::string_view last;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    last = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (last.empty() || last == ".") continue;
    if (last == "..") {
      if (!segments.empty()) segments.pop_back();
    } else {
      segments.push_back(last);
    }
  }
  std::string out;
  for (const std::string_view segment : segments) out.append("/").append(segment);
  const bool directory = path.ends_with('/') || last == "." || last == "..";
  if (out.empty() || directory) out.push_back('/');
  return out;
}

}  // namespace

std::string_view RequestView::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoringCase(key, name)) return value;
  }
  return {};
}

bool RequestView::HasHeader(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& field) { return EqualsIgnoringCase(field.first, name); });
}

PathRule PathRuleOf(std::string_view service) {
  return service == "s3" ? PathRule::kS3 : PathRule::kNormalise;
}

Result<std::string> CanonicalPath(std::string_view raw_path, PathRule rule) {
  if (raw_path.empty()) return std::string("/");
  if (rule == PathRule::kNormalise) return UriEncode(Normalise(raw_path), UriPart::kPath);
  if (rule == PathRule::kKeep) return UriEncode(raw_path, UriPart::kPath);
  if (std::all_of(raw_path.begin(), raw_path.end(), IsPlain)) return std::string(raw_path);
  // Clients differ in what they leave unencoded on the wire; what they sign does not.
  const Result<std::string> decoded = UriDecode(raw_path, UriPart::kPath);
  if (!decoded) return BadEscape();
  return UriEncode(*decoded, UriPart::kPath);
}

Result<std::string> CanonicalQuery(std::string_view raw_query, std::string_view leave_out) {
  if (raw_query.empty()) return std::string();
  TRY(auto pairs, ParseQuery(raw_query));
  std::erase_if(pairs,
                [&](const auto& pair) { return !leave_out.empty() && pair.first == leave_out; });
  for (auto& [name, value] : pairs) {
    name = UriEncode(name, UriPart::kComponent);
    value = UriEncode(value, UriPart::kComponent);
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

Result<std::string> CanonicalRequest(const RequestView& request,
                                     std::span<const std::string_view> signed_headers,
                                     PathRule rule, std::string_view leave_out,
                                     std::string_view payload_hash) {
  TRY(const std::string path, CanonicalPath(request.raw_path, rule));
  TRY(const std::string query, CanonicalQuery(request.raw_query, leave_out));
  std::string out;
  out.reserve(512 + path.size() + query.size());
  out.append(request.method).append("\n").append(path).append("\n").append(query).append("\n");
  for (const std::string_view name : signed_headers) {
    out.append(name).append(":");
    bool first = true;
    for (const auto& [key, value] : request.headers) {
      if (!EqualsIgnoringCase(key, name)) continue;
      if (!std::exchange(first, false)) out.push_back(',');
      AppendTrimmed(value, out);
    }
    out.push_back('\n');
  }
  out.push_back('\n');
  for (std::size_t i = 0; i < signed_headers.size(); ++i) {
    if (i > 0) out.push_back(';');
    out.append(signed_headers[i]);
  }
  out.append("\n").append(payload_hash);
  return out;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

}  // namespace scones::auth
