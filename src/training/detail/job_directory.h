// The folder that a training program sees (SageMaker's /opt/ml): input/config, input/data, model,
// output. Blocking calls.
#pragma once

#include "io/file.h"
#include "training/training_job.h"

namespace scones::training::detail {

// Makes the folders and writes hyperparameters.json, inputdataconfig.json and resourceconfig.json.
Result<void> WriteJobDirectory(const io::Path& root, const TrainingJobSpec& spec);

// Where the object `key` of `channel` goes below `root`.
// Errors: kInvalid for a key that would leave the channel's folder.
Result<io::Path> ChannelFile(const io::Path& root, const Channel& channel, const std::string& key);

// Packs the contents of `folder` (regular files only) as a gzipped tar at `archive`.
// Errors: kInvalid beyond `max_bytes`; those of files.
Result<void> PackFolder(const io::Path& folder, const io::Path& archive, std::uint64_t max_bytes);

// What the program wrote to output/failure, cut to 1,024 characters; "" where it wrote nothing.
std::string ReadFailure(const io::Path& root);

}  // namespace scones::training::detail
