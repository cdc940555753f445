#include "workflows/detail/input_check.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <string>

#include "asl/json_fault.h"

namespace scones::workflows {
namespace {

// Accepts every event: only the syntax counts.
struct IgnoringHandler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Fault = boost::json::error_code;
  using Text = boost::json::string_view;

  bool on_document_begin(Fault&) { return true; }
  bool on_document_end(Fault&) { return true; }
  bool on_object_begin(Fault&) { return true; }
  bool on_object_end(std::size_t, Fault&) { return true; }
  bool on_array_begin(Fault&) { return true; }
  bool on_array_end(std::size_t, Fault&) { return true; }
  bool on_key_part(Text, std::size_t, Fault&) { return true; }
  bool on_key(Text, std::size_t, Fault&) { return true; }
  bool on_string_part(Text, std::size_t, Fault&) { return true; }
  bool on_string(Text, std::size_t, Fault&) { return true; }
  bool on_number_part(Text, Fault&) { return true; }
  bool on_int64(std::int64_t, Text, Fault&) { return true; }
  bool on_uint64(std::uint64_t, Text, Fault&) { return true; }
  bool on_double(double, Text, Fault&) { return true; }
  bool on_bool(bool, Fault&) { return true; }
  bool on_null(Fault&) { return true; }
  bool on_comment_part(Text, Fault&) { return true; }
  bool on_comment(Text, Fault&) { return true; }
};

constexpr std::size_t kMaxDepth = 128;  // as ParseJson's

bool IsJson(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<IgnoringHandler> parser(options);
  boost::json::error_code fault;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), fault);
  return !fault && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

Error InvalidInput(std::string_view why) {
  return Error(Code::kInvalid, "InvalidExecutionInput",
               fmt::format("Invalid State Machine Execution Input: '{}'", why));
}

// An empty text is not told of in the parser's words.
std::string Fault(std::string_view text, std::string_view otherwise) {
  const bool empty = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  std::string what = empty ? "" : asl::FindJsonFault(text).what;
  return what.empty() ? std::string(otherwise) : what;
}

}  // namespace

Result<void> CheckOutput(std::string_view text, std::size_t max_bytes) {
  const auto invalid = [](const std::string& why) {
    return Error(Code::kInvalid, "InvalidOutput", fmt::format("Invalid Output: '{}'", why));
  };
  if (text.size() > max_bytes) {
    return invalid(fmt::format("{} bytes are more than {}", text.size(), max_bytes));
  }
  if (text.empty() || !IsJson(text)) return invalid(Fault(text, "Invalid JSON"));
  return {};
}

Result<void> CheckInput(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return InvalidInput(
        fmt::format("The input of {} bytes is longer than {} bytes", text.size(), max_bytes));
  }
  if (text.empty() || !IsJson(text)) return InvalidInput(Fault(text, "Invalid execution input."));
  return {};
}

}  // namespace scones::workflows
