#include "train/job_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "io/file.h"
#include "train/recordio.h"
#include "vision/image.h"
#include "vision/image_codec.h"
#include "vision/lst.h"

namespace scones::train {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::uint64_t kMaxListBytes = std::uint64_t{1} << 30;

Result<json::object> ReadConfig(const fs::path& file) {
  auto text = io::ReadFile(file, kMaxConfigBytes);
  if (!text) return text.error();
  auto value = ParseJson(*text);
  if (!value) return value.error().Within(file.string());
  if (!value->is_object()) return Error(Code::kInvalid, file.string() + " is not a JSON object");
  return std::move(value->as_object());
}

Result<HyperparameterTexts> ReadHyperparameterTexts(const fs::path& file) {
  TRY(json::object members, ReadConfig(file));
  HyperparameterTexts texts;
  for (const auto& member : members) {
    if (!member.value().is_string()) {
      return Error(Code::kInvalid, fmt::format("{}: the value of \"{}\" is not a string",
                                               file.string(), std::string_view(member.key())));
    }
    // Set by tuning jobs, for the service alone.
    if (member.key() == "_tuning_objective_metric") continue;
    texts[std::string(member.key())] = std::string(member.value().as_string());
  }
  return texts;
}

Result<Channel> ReadChannel(const fs::path& root, const std::string& name,
                            const json::value& value) {
  Channel channel{name, "", root / "input" / "data" / name};
  if (!value.is_object()) {
    return Error(Code::kInvalid, "inputdataconfig.json: channel " + name + " is not an object");
  }
  const json::object& members = value.as_object();
  std::string type = StringOr(members, "ContentType", "");
  channel.content_type = type.substr(0, type.find(';'));
  if (StringOr(members, "TrainingInputMode", "File") == "Pipe") {
    return Error(Code::kInvalid,
                 "channel " + name + " has TrainingInputMode Pipe: use File or FastFile");
  }
  return channel;
}

Result<void> CheckHosts(const fs::path& file) {
  if (!fs::exists(file)) return {};
  TRY(json::object config, ReadConfig(file));
  const json::array* hosts = FindArray(config, "hosts");
  if (hosts == nullptr || hosts->size() <= 1) return {};
  return Error(Code::kInvalid, fmt::format("the job has {} instances: training on several is not "
                                           "supported, use an InstanceCount of 1",
                                           hosts->size()));
}

// Adds decoded pictures to a set, checking each against the settings.
class SetBuilder {
 public:
  explicit SetBuilder(const Hyperparameters& settings) : settings_(settings) {}

  Result<void> Add(std::string_view bytes, int label, const std::string& what) {
    if (label < 0 || label >= settings_.num_classes) {
      return Error(Code::kInvalid,
                   fmt::format("{} has label {}: with num_classes {} labels must be from 0 to {}",
                               what, label, settings_.num_classes, settings_.num_classes - 1));
    }
    auto decoded = vision::DecodeImage(bytes);
    if (!decoded) return decoded.error().Within(what);
    vision::Image image = std::move(*decoded);
    int shorter = std::min(image.width, image.height);
    if (settings_.resize > 0 && shorter != settings_.resize) {
      auto scaled = [&](int side) {
        return static_cast<int>((std::int64_t{side} * settings_.resize + shorter / 2) / shorter);
      };
      image = vision::Resize(image, scaled(image.width), scaled(image.height));
    }
    if (image.height < settings_.height || image.width < settings_.width) {
      return Error(Code::kInvalid,
                   fmt::format("{} is {} pixels high and {} wide, less than image_shape {}: use a "
                               "smaller image_shape, or resize of at least {} to scale pictures up",
                               what, image.height, image.width, settings_.image_shape,
                               std::max(settings_.height, settings_.width)));
    }
    if (set_.samples.size() + image.pixels.size() > kMaxSetBytes) {
      return Error(Code::kExhausted,
                   fmt::format("the decoded pictures take more than {} GiB: use a smaller resize",
                               kMaxSetBytes >> 30));
    }
    set_.pictures.push_back({image.width, image.height, label, set_.samples.size()});
    set_.samples.insert(set_.samples.end(), image.pixels.begin(), image.pixels.end());
    return {};
  }

  PictureSet Take() { return std::move(set_); }

 private:
  const Hyperparameters& settings_;
  PictureSet set_;
};

std::vector<fs::path> FilesEnding(const fs::path& directory, const std::string& ending) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(directory, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    if (it->is_regular_file(ignored) && it->path().extension() == ending) {
      files.push_back(it->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> AddListed(const Channel& pictures, const fs::path& lst, SetBuilder& builder) {
  TRY(std::string text, io::ReadFile(lst, kMaxListBytes));
  TRY(auto entries, vision::ParseLst(text, lst.filename().string()));
  for (const vision::LstEntry& entry : entries) {
    std::string what = fmt::format("{} of {}", entry.path, lst.filename().string());
    fs::path file = pictures.directory / entry.path;
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) {
      return Error(Code::kInvalid,
                   fmt::format("{} line {} names {}, but channel {} has no such picture",
                               lst.filename().string(), entry.line, entry.path, pictures.name));
    }
    TRY(std::string bytes, io::ReadFile(file));
    TRY_VOID(builder.Add(bytes, entry.label, what));
  }
  return {};
}

Result<void> AddRecords(const fs::path& file, SetBuilder& builder) {
  TRY(std::string bytes, io::ReadFile(file));
  std::string name = file.filename().string();
  RecordReader reader(bytes);
  for (int index = 0; !reader.AtEnd(); ++index) {
    std::string what = fmt::format("record {} of {}", index, name);
    auto record = reader.Next();
    if (!record) return record.error().Within(what);
    TRY_VOID(builder.Add(record->picture, record->label, what));
  }
  return {};
}

Result<void> AddAllListed(const JobInput& input, const Channel& channel, SetBuilder& builder,
                          JobLog& log) {
  std::string lists = channel.name + "_lst";
  auto found = input.channels.find(lists);
  if (found == input.channels.end()) {
    return Error(Code::kInvalid, "channel " + channel.name +
                                     " is application/x-image, which needs a channel " + lists +
                                     " with the .lst file that names its pictures");
  }
  log.Info("Searching for .lst files in " + found->second.directory.string() + ".");
  std::vector<fs::path> files = FilesEnding(found->second.directory, ".lst");
  if (files.empty()) return Error(Code::kInvalid, "channel " + lists + " holds no .lst file");
  for (const fs::path& file : files) {
    log.Info("Reading the pictures of " + file.filename().string());
    TRY_VOID(AddListed(channel, file, builder));
  }
  return {};
}

}  // namespace

Result<JobInput> ReadJobInput(const fs::path& root) {
  fs::path config = root / "input" / "config";
  JobInput input;
  TRY(input.hyperparameters, ReadHyperparameterTexts(config / "hyperparameters.json"));
  TRY(json::object channels, ReadConfig(config / "inputdataconfig.json"));
  for (const auto& member : channels) {
    std::string name(member.key());
    TRY(input.channels[name], ReadChannel(root, name, member.value()));
  }
  TRY_VOID(CheckHosts(config / "resourceconfig.json"));
  if (input.channels.count("train") == 0) {
    return Error(Code::kInvalid, "the job has no channel named train");
  }
  if (input.channels.count("model") != 0) {
    return Error(Code::kInvalid,
                 "channel model (incremental training) is not supported: leave it out");
  }
  return input;
}

Result<PictureSet> ReadPictures(const JobInput& input, const std::string& name,
                                const Hyperparameters& settings, JobLog& log) {
  const Channel& channel = input.channels.at(name);
  SetBuilder builder(settings);
  if (channel.content_type == "application/x-image") {
    TRY_VOID(AddAllListed(input, channel, builder, log));
  } else if (channel.content_type == "application/x-recordio") {
    std::vector<fs::path> files = FilesEnding(channel.directory, ".rec");
    if (files.empty()) return Error(Code::kInvalid, "channel " + name + " holds no .rec file");
    for (const fs::path& file : files) TRY_VOID(AddRecords(file, builder));
  } else {
    return Error(Code::kInvalid,
                 fmt::format("channel {} has content type \"{}\": must be application/x-image or "
                             "application/x-recordio",
                             name, channel.content_type));
  }
  PictureSet set = builder.Take();
  if (set.size() == 0) return Error(Code::kInvalid, "channel " + name + " holds no picture");
  return set;
}

}  // namespace scones::train
