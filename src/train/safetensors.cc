#include "train/safetensors.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

#include "base/json.h"

namespace scones::train {
namespace {

// IEEE 754 binary16, rounded to nearest even by the compiler. Little-endian, as all machines that
// this builds for.
using Half = _Float16;

template <class Number>
void AppendAs(const std::vector<float>& values, std::string& out) {
  for (float value : values) {
    Number number = static_cast<Number>(value);
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
}

template <class Number>
std::vector<float> ReadAs(std::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(Number));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Number number;
    std::memcpy(&number, bytes.data() + i * sizeof number, sizeof number);
    values[i] = static_cast<float>(number);
  }
  return values;
}

Error Fault(const std::string& what) { return Error(Code::kInvalid, "weights: " + what); }

Result<std::vector<float>> ReadTensor(const json::object& entry, const std::string& name,
                                      std::string_view data) {
  const json::array* range = FindArray(entry, "data_offsets");
  if (range == nullptr || range->size() != 2 || !(*range)[0].is_int64() ||
      !(*range)[1].is_int64()) {
    return Fault(name + " has no data_offsets");
  }
  std::int64_t begin = (*range)[0].as_int64();
  std::int64_t end = (*range)[1].as_int64();
  if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > data.size()) {
    return Fault(name + " lies outside of the file");
  }
  std::string_view bytes = data.substr(begin, end - begin);
  std::string type = StringOr(entry, "dtype", "");
  if (type == "F16" && bytes.size() % sizeof(Half) == 0) return ReadAs<Half>(bytes);
  if (type == "F32" && bytes.size() % sizeof(float) == 0) return ReadAs<float>(bytes);
  return Fault(name + " is not of type F16 or F32");
}

}  // namespace

std::string EncodeSafetensors(const std::vector<ParameterSpec>& specs, const WeightsFile& file) {
  json::object header;
  json::object metadata;
  for (const auto& [name, text] : file.metadata) metadata[name] = text;
  header["__metadata__"] = std::move(metadata);
  std::string data;
  for (const ParameterSpec& spec : specs) {
    bool half = spec.shape.size() > 1;
    std::size_t begin = data.size();
    const std::vector<float>& values = file.parameters.at(spec.name);
    half ? AppendAs<Half>(values, data) : AppendAs<float>(values, data);
    header[spec.name] = {{"dtype", half ? "F16" : "F32"},
                         {"shape", json::value_from(spec.shape)},
                         {"data_offsets", {begin, data.size()}}};
  }
  std::string text = ToJson(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
  std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + data;
}

Result<WeightsFile> ParseSafetensors(std::string_view bytes) {
  std::uint64_t size = 0;
  if (bytes.size() < sizeof size) return Fault("the file is cut");
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  if (size > bytes.size()) return Fault("the file is cut");
  TRY(json::value header, ParseJson(bytes.substr(0, size)));
  if (!header.is_object()) return Fault("the header is not an object");
  std::string_view data = bytes.substr(size);
  WeightsFile file;
  for (const auto& member : header.as_object()) {
    std::string name(member.key());
    if (!member.value().is_object()) return Fault(name + " is not described");
    const json::object& entry = member.value().as_object();
    if (name == "__metadata__") {
      for (const auto& fact : entry) {
        if (!fact.value().is_string()) return Fault("the metadata is not all text");
        file.metadata[std::string(fact.key())] = std::string(fact.value().as_string());
      }
      continue;
    }
    TRY(file.parameters[name], ReadTensor(entry, name, data));
  }
  return file;
}

}  // namespace scones::train
