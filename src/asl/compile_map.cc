// The part of the compiler for a Map in DISTRIBUTED mode.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "asl/compiler.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::asl {
namespace {

constexpr std::int64_t kMaxCount = 2'147'483'647;
constexpr std::size_t kMaxLabelLength = 40;
constexpr std::size_t kMaxHeaderBytes = 10 * 1024;
constexpr std::string_view kS3 = "arn:aws:states:::s3:";

// A Map without a label gets one, always the same.
std::string MakeLabel(std::string_view state_name) {
  const std::string hex = HexEncode(Digest(HashAlgorithm::kSha256, state_name));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

bool ContainsControl(std::string_view text) {
  // C0 and C1; the latter are 0xC2 and a byte below 0xA0 in UTF-8.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto before = i == 0 ? 0 : static_cast<unsigned char>(text[i - 1]);
    if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) return true;
  }
  return false;
}

// In any of AWS's partitions ("arn:aws-cn:…").
bool IsS3Resource(std::string_view resource, std::string_view action) {
  const std::size_t rest = resource.find(":states:::s3:");
  if (rest == std::string_view::npos) return false;
  const std::string_view partition = resource.substr(0, rest);
  return (partition == "arn:aws" || partition.starts_with("arn:aws-")) &&
         partition.find(':', 4) == std::string_view::npos &&
         resource.substr(rest + std::string_view(":states:::s3:").size()) == action;
}

}  // namespace

// Which of `values` the member is; nothing where it is absent, or none of them (a fault).
std::optional<std::size_t> Compiler::CompileChoiceOf(
    const json::object& source, std::string_view field, const std::string& location,
    std::initializer_list<std::string_view> values) {
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) {
    const auto* found = std::find(values.begin(), values.end(), std::string_view(*text));
    if (found != values.end()) return static_cast<std::size_t>(found - values.begin());
  }
  SchemaFault(fmt::format("{}/{}", location, field),
              fmt::format("Value is not one of: [{}]", fmt::join(values, ", ")));
  return std::nullopt;
}

void Compiler::CompileDistributedMap(const json::object& source, const std::string& location,
                                     State& state, MachineType child_type, bool jsonata) {
  auto map = std::make_shared<DistributedMap>();
  map->label = StringOr(source, "Label", "");
  if (map->label.empty()) map->label = MakeLabel(state.name);
  map->child_type = child_type;
  CompileTolerance(source, location, *map, jsonata);
  CompileItemReader(source, location, *map, jsonata);
  CompileItemBatcher(source, location, *map);
  CompileResultWriter(source, location, *map, jsonata);
  state.distributed = std::move(map);
}

void Compiler::CompileTolerance(const json::object& source, const std::string& location,
                                DistributedMap& map, bool jsonata) {
  map.tolerated_count = CompileNumber(source, "ToleratedFailureCount", location, 0, kMaxCount);
  static constexpr char kPercentage[] = "ToleratedFailurePercentage";
  CheckExclusive(source, location, kPercentage, "ToleratedFailurePercentagePath");
  map.tolerated_percentage.expression =
      CompileExpression(source, "ToleratedFailurePercentagePath", location, true);
  const json::value* percentage = FindMember(source, kPercentage);
  if (percentage == nullptr) return;
  const std::string place = fmt::format("{}/{}", location, kPercentage);
  if (jsonata && percentage->is_string()) {
    map.tolerated_percentage.expression = CompileQuery(*percentage, place);
    return;
  }
  if (!percentage->is_number()) {
    SchemaFault(place, "Expected value of type Number");
    return;
  }
  const double value = percentage->to_number<double>();
  if (!(value >= 0 && value <= 100)) {
    SchemaFault(place, "ToleratedFailurePercentage must be between 0 and 100.");
  }
  map.tolerated_percentage.literal = value;
}

// The "Parameters" or "Arguments" of the object `field`, which calls S3. Null where it is absent.
const json::object* Compiler::CompileS3Resource(const json::object& source, std::string_view field,
                                                const std::string& location, bool jsonata,
                                                std::optional<Template>& arguments) {
  const json::value* value = FindMember(source, field);
  if (value == nullptr) return nullptr;
  const std::string place = fmt::format("{}/{}", location, field);
  const json::object* object = value->if_object();
  if (object == nullptr) {
    SchemaFault(place, "Expected value of type Object");
    return nullptr;
  }
  const char* name = jsonata ? "Arguments" : "Parameters";
  const char* other = jsonata ? "Parameters" : "Arguments";
  if (object->contains(other)) {
    SchemaFault(place, fmt::format("Field '{}' is not supported for QueryLanguage '{}'", other,
                                   jsonata ? "JSONata" : "JSONPath"));
  }
  arguments = CompileTemplate(*object, name, place);
  return object;
}

void Compiler::CompileItemReader(const json::object& source, const std::string& location,
                                 DistributedMap& map, bool jsonata) {
  DistributedMap::Reader reader;
  const json::object* object =
      CompileS3Resource(source, "ItemReader", location, jsonata, reader.arguments);
  if (object == nullptr) return;
  const std::string place = location + "/ItemReader";
  CheckUnknown(*object, place, {"Resource", "ReaderConfig", "Parameters", "Arguments", "Comment"});
  if (!CheckRequired(*object, place, {"Resource"})) return;
  const std::string resource = StringOr(*object, "Resource", "");
  const bool lists = IsS3Resource(resource, "listObjectsV2");
  if (!lists && !IsS3Resource(resource, "getObject")) {
    SchemaFault(place + "/Resource",
                fmt::format("Value is not one of: [{0}getObject, {0}listObjectsV2]", kS3));
  }
  reader.config.source = lists ? ItemReaderSpec::Source::kListing : ItemReaderSpec::Source::kObject;
  const json::value* config = FindMember(*object, "ReaderConfig");
  if (config != nullptr && !config->is_object()) {
    SchemaFault(place + "/ReaderConfig", "Expected value of type Object");
  } else if (config != nullptr) {
    CompileReaderConfig(config->get_object(), place + "/ReaderConfig", reader);
  } else if (!lists) {
    CheckRequired(*object, place, {"ReaderConfig"});
  }
  map.reader = std::move(reader);
}

void Compiler::CompileReaderConfig(const json::object& config, const std::string& location,
                                   DistributedMap::Reader& reader) {
  using Source = ItemReaderSpec::Source;
  CheckUnknown(config, location,
               {"InputType", "ManifestType", "Transformation", "CSVHeaderLocation", "CSVHeaders",
                "CSVDelimiter", "ItemsPointer", "MaxItems", "MaxItemsPath", "Comment"});
  reader.max_items = CompileNumber(config, "MaxItems", location, 0, kMaxReaderItems);
  const bool lists = reader.config.source == Source::kListing;
  const auto transformation =
      CompileChoiceOf(config, "Transformation", location, {"NONE", "LOAD_AND_FLATTEN"});
  if (transformation == 1) reader.config.source = Source::kFlatten;
  if (transformation == 1 && !lists) {
    SchemaFault(location + "/Transformation",
                "LOAD_AND_FLATTEN needs the resource 'arn:aws:states:::s3:listObjectsV2'");
  }
  const auto type = CompileChoiceOf(config, "InputType", location,
                                    {"CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"});
  const auto manifest =
      CompileChoiceOf(config, "ManifestType", location, {"S3_INVENTORY", "ATHENA_DATA"});
  const bool reads_objects = !lists || transformation == 1;
  if (reads_objects && !config.contains("InputType") && manifest != 0) {
    CheckRequired(config, location, {"InputType"});
  }
  reader.config.format = type == 0   ? ItemFormat::kCsv
                         : type == 2 ? ItemFormat::kJsonLines
                                     : ItemFormat::kJson;
  if (type == 4) Unsupported(location + "/InputType", "The input type PARQUET is not supported");
  if (type == 3 || manifest == 0) reader.config.source = Source::kInventory;
  if (manifest == 1) reader.config.source = Source::kAthena;
  reader.config.items_pointer = StringOr(config, "ItemsPointer", "");
  const std::string& pointer = reader.config.items_pointer;
  if (!pointer.empty() && !pointer.starts_with('/')) {
    SchemaFault(location + "/ItemsPointer", "Value is not a valid JSON Pointer");
  }
  if (type == 0) CompileCsvConfig(config, location, reader.config);
}

void Compiler::CompileCsvConfig(const json::object& config, const std::string& location,
                                ItemReaderSpec& reader) {
  const auto place = CompileChoiceOf(config, "CSVHeaderLocation", location, {"FIRST_ROW", "GIVEN"});
  if (!config.contains("CSVHeaderLocation")) {
    CheckRequired(config, location, {"CSVHeaderLocation"});
  }
  reader.headers_given = place == 1;
  if (reader.headers_given) CheckRequired(config, location, {"CSVHeaders"});
  if (const json::value* headers = FindMember(config, "CSVHeaders")) {
    const std::string at = location + "/CSVHeaders";
    const json::array* names = headers->if_array();
    std::size_t bytes = 0;
    for (const json::value& name : names == nullptr ? json::array() : *names) {
      if (const json::string* text = name.if_string()) {
        bytes += text->size();
        reader.headers.emplace_back(*text);
      }
    }
    if (names == nullptr || reader.headers.size() != names->size()) {
      SchemaFault(at, "Expected an array of Strings");
    }
    if (bytes > kMaxHeaderBytes) {
      SchemaFault(at, fmt::format("CSV headers have at most {} bytes", kMaxHeaderBytes));
    }
    if (!reader.headers_given) reader.headers.clear();
  }
  static constexpr char kDelimiters[] = {',', '|', ';', ' ', '\t'};
  const auto delimiter = CompileChoiceOf(config, "CSVDelimiter", location,
                                         {"COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"});
  reader.delimiter = kDelimiters[delimiter.value_or(0)];
}

void Compiler::CompileItemBatcher(const json::object& source, const std::string& location,
                                  DistributedMap& map) {
  const json::value* value = FindMember(source, "ItemBatcher");
  if (value == nullptr) return;
  const std::string place = location + "/ItemBatcher";
  const json::object* object = value->if_object();
  if (object == nullptr) {
    SchemaFault(place, "Expected value of type Object");
    return;
  }
  CheckUnknown(*object, place,
               {"BatchInput", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch",
                "MaxInputBytesPerBatchPath", "Comment"});
  const bool limited =
      object->contains("MaxItemsPerBatch") || object->contains("MaxItemsPerBatchPath") ||
      object->contains("MaxInputBytesPerBatch") || object->contains("MaxInputBytesPerBatchPath");
  if (!limited) {
    SchemaFault(place,
                "At least one of the fields 'MaxItemsPerBatch' and 'MaxInputBytesPerBatch' is "
                "required");
  }
  DistributedMap::Batcher batcher;
  batcher.max_items = CompileNumber(*object, "MaxItemsPerBatch", place, 1, kMaxCount);
  batcher.max_bytes = CompileNumber(*object, "MaxInputBytesPerBatch", place, 1, kMaxBatchBytes);
  batcher.input = CompileTemplate(*object, "BatchInput", place);
  map.batcher = std::move(batcher);
}

void Compiler::CompileResultWriter(const json::object& source, const std::string& location,
                                   DistributedMap& map, bool jsonata) {
  DistributedMap::Writer writer;
  const json::object* object =
      CompileS3Resource(source, "ResultWriter", location, jsonata, writer.arguments);
  if (object == nullptr) return;
  const std::string place = location + "/ResultWriter";
  CheckUnknown(*object, place, {"Resource", "Parameters", "Arguments", "WriterConfig", "Comment"});
  const json::object* config = FindObject(*object, "WriterConfig");
  const bool exports = object->contains("Resource");
  if (exports != writer.arguments.has_value() || (!exports && config == nullptr)) {
    SchemaFault(place, fmt::format("'ResultWriter' needs 'Resource' with '{0}', or 'WriterConfig', "
                                   "or all three",
                                   jsonata ? "Arguments" : "Parameters"));
  }
  if (exports && !IsS3Resource(StringOr(*object, "Resource", ""), "putObject")) {
    SchemaFault(place + "/Resource", fmt::format("Value is not one of: [{}putObject]", kS3));
  }
  writer.config.transformation =
      exports ? ResultTransformation::kNone : ResultTransformation::kCompact;
  if (config != nullptr) {
    const std::string at = place + "/WriterConfig";
    CheckUnknown(*config, at, {"Transformation", "OutputType", "Comment"});
    const auto transformation =
        CompileChoiceOf(*config, "Transformation", at, {"NONE", "COMPACT", "FLATTEN"});
    if (transformation) {
      writer.config.transformation = static_cast<ResultTransformation>(*transformation);
    }
    writer.config.json_lines = CompileChoiceOf(*config, "OutputType", at, {"JSON", "JSONL"}) == 1;
  }
  map.writer = std::move(writer);
}

void Compiler::CheckInlineMap(const json::object& source, const std::string& location) {
  for (const char* field : {"ItemReader", "ItemBatcher", "ResultWriter"}) {
    if (source.contains(field)) {
      SchemaFault(location, fmt::format("Field '{}' is not supported in INLINE mode", field));
    }
  }
}

void Compiler::CheckMapLabel(const json::object& source, const std::string& location) {
  const json::value* label = FindMember(source, "Label");
  if (label == nullptr) return;
  const std::string place = location + "/Label";
  const json::string* text = label->if_string();
  if (text == nullptr || text->empty() || text->size() > kMaxLabelLength) {
    SchemaFault(place, fmt::format("A label has 1 to {} characters", kMaxLabelLength));
    return;
  }
  if (text->find_first_of(" ?*<>{}[]:;,\\|^~$#%&`\"") != json::string::npos ||
      ContainsControl(*text)) {
    SchemaFault(place, "The label contains a character that is not allowed");
  }
}

}  // namespace scones::asl
