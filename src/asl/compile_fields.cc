// The part of the compiler for fields that several state types have: paths, templates, Retry,
// Catch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "asl/compiler.h"
#include "asl/query.h"

namespace scones::asl {

void Compiler::CheckExclusive(const json::object& source, const std::string& location,
                              std::string_view a, std::string_view b) {
  if (source.contains(a) && source.contains(b)) {
    SchemaFault(location, fmt::format("Only one of the fields '{}' and '{}' is allowed", a, b));
  }
}

void Compiler::CheckUnknown(const json::object& source, const std::string& location,
                            std::initializer_list<std::string_view> known) {
  for (const auto& member : source) {
    const std::string_view key = member.key();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      SchemaFault(location, fmt::format("Field '{}' is not supported", key));
    }
  }
}

bool Compiler::CheckRequired(const json::object& source, const std::string& location,
                             std::initializer_list<std::string_view> fields) {
  std::vector<std::string_view> missing;
  for (std::string_view field : fields) {
    if (!source.contains(field)) missing.push_back(field);
  }
  if (missing.empty()) return true;
  SchemaFault(location, fmt::format("These fields are required: [{}]", fmt::join(missing, ", ")));
  return false;
}

std::optional<Expression> Compiler::CompileExpression(const json::object& source,
                                                      std::string_view field,
                                                      const std::string& location, bool intrinsic) {
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return std::nullopt;
  const std::string place = fmt::format("{}/{}", location, field);
  const json::string* text = value->if_string();
  auto expression = text == nullptr ? Result<Expression>(Error(Code::kInvalid, "not a string"))
                    : intrinsic     ? Expression::Parse(*text)
                                    : Expression::ParsePath(*text);
  if (!expression) {
    SchemaFault(place, intrinsic ? "Value is not a valid JSONPath or intrinsic function call"
                                 : "Value is not a valid JSONPath");
    return std::nullopt;
  }
  const Path* path = expression->path();
  if (path != nullptr && path->root() == Path::Root::kVariable)
    CheckVariable(path->variable(), place);
  return *std::move(expression);
}

InputOutputPath Compiler::CompileIoPath(const json::object& source, std::string_view field,
                                        const std::string& location) {
  InputOutputPath path;
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return path;
  if (value->is_null()) {
    path.discard = true;
    return path;
  }
  path.expression = CompileExpression(source, field, location, false);
  if (path.expression && path.expression->is_input()) path.expression.reset();
  return path;
}

ResultPath Compiler::CompileResultPath(const json::object& source, const std::string& location) {
  ResultPath result;
  const json::value* value = FindMember(source, "ResultPath");
  if (value == nullptr) return result;
  if (value->is_null()) {
    result.discard = true;
    return result;
  }
  const json::string* text = value->if_string();
  auto path = text == nullptr ? Result<Path>(Error(Code::kInvalid, "")) : Path::Parse(*text);
  if (!path || !path->is_reference() || path->root() != Path::Root::kInput) {
    SchemaFault(location + "/ResultPath", "Value is not a valid Reference Path");
    return result;
  }
  if (!path->is_root()) result.path = *std::move(path);
  return result;
}

std::optional<Template> Compiler::CompileTemplate(const json::object& source,
                                                  std::string_view field,
                                                  const std::string& location, unsigned states) {
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return std::nullopt;
  if (jsonata_) return CompileQueryTemplate(*value, fmt::format("{}/{}", location, field), states);
  std::vector<Template::Fault> faults;
  Template compiled = Template::Compile(*value, fmt::format("{}/{}", location, field), faults);
  for (Template::Fault& fault : faults)
    SchemaFault(std::move(fault.location), std::move(fault.message));
  return compiled;
}

NumberField Compiler::CompileNumber(const json::object& source, std::string_view field,
                                    const std::string& location, std::int64_t least,
                                    std::int64_t most) {
  NumberField number;
  const json::value* given = FindMember(source, field);
  if (jsonata_ && given != nullptr && given->is_string()) {
    number.expression = CompileQuery(*given, fmt::format("{}/{}", location, field));
    return number;
  }
  const std::string path_field = fmt::format("{}Path", field);
  CheckExclusive(source, location, field, path_field);
  number.expression = CompileExpression(source, path_field, location, true);
  if (given == nullptr) return number;
  const auto value = FindInteger(source, field);
  if (!value || *value < least || *value > most) {
    SchemaFault(fmt::format("{}/{}", location, field),
                fmt::format("Expected value of type Integer between {} and {}", least, most));
    return number;
  }
  number.literal = *value;
  return number;
}

TextField Compiler::CompileText(const json::object& source, std::string_view field,
                                const std::string& location) {
  TextField text;
  const std::string path_field = fmt::format("{}Path", field);
  CheckExclusive(source, location, field, path_field);
  text.expression = CompileExpression(source, path_field, location, true);
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return text;
  if (!value->is_string()) {
    SchemaFault(fmt::format("{}/{}", location, field), "Expected value of type String");
    return text;
  }
  if (jsonata_ && Query::IsMeant(value->get_string())) {
    text.expression = CompileQuery(*value, fmt::format("{}/{}", location, field));
    return text;
  }
  text.literal = std::string(value->get_string());
  return text;
}

void Compiler::CompileData(const json::object& source, const std::string& location, State& state) {
  state.input_path = CompileIoPath(source, "InputPath", location);
  state.output_path = CompileIoPath(source, "OutputPath", location);
  state.result_path = CompileResultPath(source, location);
  state.parameters = CompileTemplate(source, "Parameters", location);
  state.result_selector = CompileTemplate(source, "ResultSelector", location);
}

std::vector<std::string> Compiler::CompileErrors(const json::object& source,
                                                 const std::string& location, bool last) {
  std::vector<std::string> errors;
  const json::array* names = FindArray(source, "ErrorEquals");
  const std::string place = location + "/ErrorEquals";
  if (names == nullptr || names->empty()) {
    if (source.contains("ErrorEquals")) SchemaFault(place, "Expected a non-empty array of Strings");
    return errors;
  }
  for (std::size_t i = 0; i < names->size(); ++i) {
    const json::string* name = (*names)[i].if_string();
    if (name == nullptr) {
      SchemaFault(fmt::format("{}[{}]", place, i), "Expected value of type String");
      continue;
    }
    const bool all = *name == "States.ALL";
    if (all && (names->size() > 1 || !last)) {
      SchemaFault(place, "'States.ALL' must appear alone and in the last element");
    }
    errors.emplace_back(*name);
  }
  return errors;
}

void Compiler::CompileRetry(const json::object& source, const std::string& location, State& state) {
  const json::value* retry = FindMember(source, "Retry");
  if (retry == nullptr) return;
  const std::string place = location + "/Retry";
  const json::array* retriers = retry->if_array();
  if (retriers == nullptr) {
    SchemaFault(place, "Expected value of type Array");
    return;
  }
  for (std::size_t i = 0; i < retriers->size(); ++i) {
    state.retriers.push_back(
        CompileRetrier((*retriers)[i], fmt::format("{}[{}]", place, i), i + 1 == retriers->size()));
  }
}

Retrier Compiler::CompileRetrier(const json::value& source, const std::string& location,
                                 bool last) {
  static constexpr std::int64_t kMaxNumber = 99'999'999;
  Retrier retrier;
  const json::object* fields = source.if_object();
  if (fields == nullptr) {
    SchemaFault(location, "Expected value of type Object");
    return retrier;
  }
  CheckRequired(*fields, location, {"ErrorEquals"});
  CheckUnknown(*fields, location,
               {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds",
                "JitterStrategy", "Comment"});
  retrier.errors = CompileErrors(*fields, location, last);
  for (const char* field : {"IntervalSeconds", "MaxAttempts", "MaxDelaySeconds"}) {
    const json::value* number = FindMember(*fields, field);
    if (number != nullptr && number->is_string())
      SchemaFault(fmt::format("{}/{}", location, field), "Expected value of type Integer");
  }
  retrier.interval_seconds =
      CompileNumber(*fields, "IntervalSeconds", location, 1, kMaxNumber).literal.value_or(1);
  retrier.max_attempts =
      CompileNumber(*fields, "MaxAttempts", location, 0, kMaxNumber).literal.value_or(3);
  retrier.max_delay_seconds =
      CompileNumber(*fields, "MaxDelaySeconds", location, 1, 31'622'400).literal;
  if (retrier.max_delay_seconds && *retrier.max_delay_seconds <= retrier.interval_seconds &&
      fields->contains("IntervalSeconds")) {
    SchemaFault(location + "/MaxDelaySeconds",
                "'MaxDelaySeconds' must be greater than 'IntervalSeconds'");
  }
  if (const json::value* rate = FindMember(*fields, "BackoffRate")) {
    if (!rate->is_number() || !(rate->to_number<double>() >= 1.0)) {
      SchemaFault(location + "/BackoffRate", "Expected a number of at least 1.0");
    } else {
      retrier.backoff_rate = rate->to_number<double>();
    }
  }
  if (const json::value* jitter = FindMember(*fields, "JitterStrategy")) {
    const json::string* name = jitter->if_string();
    retrier.full_jitter = name != nullptr && *name == "FULL";
    if (!retrier.full_jitter && (name == nullptr || *name != "NONE")) {
      SchemaFault(location + "/JitterStrategy", "Value is not one of: [FULL, NONE]");
    }
  }
  return retrier;
}

void Compiler::CompileCatch(const json::object& source, const std::string& location, State& state,
                            const Names& names, bool jsonata) {
  const json::value* list = FindMember(source, "Catch");
  if (list == nullptr) return;
  const std::string place = location + "/Catch";
  const json::array* catchers = list->if_array();
  if (catchers == nullptr) {
    SchemaFault(place, "Expected value of type Array");
    return;
  }
  for (std::size_t i = 0; i < catchers->size(); ++i) {
    const std::string at = fmt::format("{}[{}]", place, i);
    const json::object* fields = (*catchers)[i].if_object();
    if (fields == nullptr) {
      SchemaFault(at, "Expected value of type Object");
      continue;
    }
    CheckRequired(*fields, at, {"ErrorEquals", "Next"});
    if (jsonata) {
      CheckUnknown(*fields, at, {"ErrorEquals", "Next", "Output", "Assign", "Comment"});
    } else {
      CheckUnknown(*fields, at, {"ErrorEquals", "Next", "ResultPath", "Assign", "Comment"});
    }
    Catcher catcher;
    catcher.assign = CompileAssign(*fields, at, Query::kErrorOutput);
    if (jsonata) catcher.output = CompileTemplate(*fields, "Output", at, Query::kErrorOutput);
    catcher.errors = CompileErrors(*fields, at, i + 1 == catchers->size());
    catcher.result_path = CompileResultPath(*fields, at);
    catcher.next = ResolveTarget(*fields, "Next", at, names);
    state.catchers.push_back(std::move(catcher));
  }
}

}  // namespace scones::asl
