// What a job's root directory says, by SageMaker's training contract: settings and channels.
// Blocking, one thread. Layout: README.md.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "train/augment.h"
#include "train/hyperparameters.h"
#include "train/job_log.h"

namespace scones::train {

struct Channel {
  std::string name;
  std::string content_type;  // without parameters; "" where the job gave none
  std::filesystem::path directory;
};

struct JobInput {
  HyperparameterTexts hyperparameters;
  std::map<std::string, Channel> channels;
};

// Reads input/config/. Errors: kInvalid and kNotFound, naming the file and the member: not JSON, a
// value that is no string, Pipe mode, more than one host, no channel "train".
Result<JobInput> ReadJobInput(const std::filesystem::path& root);

// Decodes every picture of channel `name` ("train", "validation") into memory: listed by the .lst
// files of channel `name`_lst (application/x-image), or from .rec files (application/x-recordio).
// Errors: kInvalid, naming channel, file and fault: content type, missing list or picture, damaged
// picture, label outside 0..num_classes-1, picture smaller than image_shape. kExhausted: more
// pixels than kMaxSetBytes.
Result<PictureSet> ReadPictures(const JobInput& input, const std::string& name,
                                const Hyperparameters& settings, JobLog& log);

constexpr std::uint64_t kMaxSetBytes = std::uint64_t{16} << 30;

}  // namespace scones::train
