#include "jsonata/detail/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 16
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>

#include "jsonata/detail/regex_translate.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

constexpr std::size_t kMaxPattern = 20'000;
// Steps of one search, each an item of the pattern tried or a code unit passed: a tenth of a
// second.
constexpr std::uint64_t kMaxSteps = 5'000'000;
constexpr std::uint32_t kMaxHeapKib = 128 * 1024;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using CodePtr = std::unique_ptr<pcre2_code_16, Freer<pcre2_code_free_16>>;
using MatchDataPtr = std::unique_ptr<pcre2_match_data_16, Freer<pcre2_match_data_free_16>>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context_16, Freer<pcre2_match_context_free_16>>;

// PCRE2's own limits don't count what one repeat or back reference passes over; this does.
struct Budget {
  std::uint64_t steps = 0;
  std::size_t last = 0;
  bool back_references = false;
};

int CountSteps(pcre2_callout_block_16* block, void* data) {
  auto& budget = *static_cast<Budget*>(data);
  const std::size_t at = block->current_position;
  budget.steps += 1 + (at > budget.last ? at - budget.last : budget.last - at);
  budget.last = at;
  for (std::uint32_t i = 1; budget.back_references && i < block->capture_top; ++i) {
    const std::size_t start = block->offset_vector[2 * i];
    if (start != PCRE2_UNSET) budget.steps += block->offset_vector[2 * i + 1] - start;
  }
  return budget.steps > kMaxSteps ? PCRE2_ERROR_MATCHLIMIT : 0;
}

PCRE2_SPTR16 Units(std::u16string_view text) {
  return reinterpret_cast<PCRE2_SPTR16>(text.empty() ? u"" : text.data());
}

std::string CompileMessage(int code) {
  if (code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH) {
    return "A look-behind must be of one length, or alternatives each of one length";
  }
  PCRE2_UCHAR16 buffer[200] = {};
  pcre2_get_error_message_16(code, buffer, std::size(buffer));
  return detail::FromUtf16(reinterpret_cast<const char16_t*>(buffer));
}

Error InvalidPattern(std::string_view pattern, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("Invalid regular expression: /{}/: {}", pattern, why));
}

}  // namespace

struct Regex::Program {
  std::string pattern;
  CodePtr code;
  bool back_references = false;
};

Regex::Regex(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

Result<Regex> Regex::Compile(std::string_view pattern, std::string_view flags) {
  if (pattern.size() > kMaxPattern) {
    return Error(
        Code::kInvalid,
        fmt::format("Invalid regular expression: it is longer than {} bytes", kMaxPattern));
  }
  const RegexFlags parsed{flags.find('i') != std::string_view::npos,
                          flags.find('m') != std::string_view::npos};
  auto translated = TranslateRegex(detail::ToUtf16(pattern), parsed);
  if (!translated) return InvalidPattern(pattern, translated.error().message());
  std::uint32_t options = PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_UTF | PCRE2_AUTO_CALLOUT;
  if (parsed.ignore_case) options |= PCRE2_CASELESS | PCRE2_UCP;
  int error = 0;
  std::size_t offset = 0;
  CodePtr code(
      pcre2_compile_16(Units(*translated), translated->size(), options, &error, &offset, nullptr));
  if (code == nullptr) return InvalidPattern(pattern, CompileMessage(error));
  std::uint32_t back_references = 0;
  pcre2_pattern_info_16(code.get(), PCRE2_INFO_BACKREFMAX, &back_references);
  return Regex(std::make_shared<const Program>(
      Program{std::string(pattern), std::move(code), back_references > 0}));
}

Result<std::optional<Regex::Match>> Regex::Find(std::u16string_view subject, std::size_t from,
                                                std::uint64_t* steps) const {
  if (from > subject.size()) return std::optional<Match>();
  const MatchDataPtr data(pcre2_match_data_create_from_pattern_16(program_->code.get(), nullptr));
  const MatchContextPtr context(pcre2_match_context_create_16(nullptr));
  if (data == nullptr || context == nullptr) {
    return Error(Code::kExhausted, "U1001", "No memory for a regular expression's search");
  }
  Budget budget;
  budget.last = from;
  budget.back_references = program_->back_references;
  pcre2_set_callout_16(context.get(), CountSteps, &budget);
  pcre2_set_heap_limit_16(context.get(), kMaxHeapKib);
  const int found = pcre2_match_16(program_->code.get(), Units(subject), subject.size(), from, 0,
                                   data.get(), context.get());
  if (steps != nullptr) *steps += budget.steps;
  if (found == PCRE2_ERROR_NOMATCH) return std::optional<Match>();
  if (found < 0) {
    return Error(Code::kExhausted, "U1001",
                 fmt::format("The regular expression /{}/ takes too long on a text of {} "
                             "characters; make it less ambiguous",
                             program_->pattern, subject.size()));
  }
  const std::size_t* offsets = pcre2_get_ovector_pointer_16(data.get());
  const std::uint32_t count = pcre2_get_ovector_count_16(data.get());
  Match match;
  match.start = offsets[0];
  match.end = offsets[1];
  match.match = detail::FromUtf16(subject.substr(match.start, match.end - match.start));
  for (std::uint32_t i = 1; i < count; ++i) {
    const bool set = i < static_cast<std::uint32_t>(found) && offsets[2 * i] != PCRE2_UNSET;
    match.groups.push_back(set ? std::optional(detail::FromUtf16(subject.substr(
                                     offsets[2 * i], offsets[2 * i + 1] - offsets[2 * i])))
                               : std::nullopt);
  }
  return std::optional<Match>(std::move(match));
}

}  // namespace scones::jsonata
