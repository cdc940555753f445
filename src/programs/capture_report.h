// Charts of what an endpoint has captured in its bucket.
#pragma once

#include <string>
#include <vector>

#include "base/calibration.h"
#include "io/file.h"
#include "programs/aws.h"
#include "programs/progress.h"

namespace scones::programs {

struct CaptureReportOptions {
  S3Uri capture;  // DestinationS3Uri of the endpoint's data capture
  std::string endpoint;
  io::Path out;  // folder for index.html and the PNG files
  double threshold = 0.93;
  std::vector<std::string> classes;  // empty: looked up beside the pictures
  std::vector<Answer> labelled;      // to pictures of known class; may be empty
  // Waits for so many inferences of this time and later, at most so long: captures are stored some
  // time after they are made.
  std::size_t wanted = 0;
  Timestamp since;
  std::chrono::seconds patience{0};
};

struct CaptureReport {
  std::size_t inferences = 0;
  std::size_t above_threshold = 0;
  io::Path page;
};

// Errors: kNotFound where nothing has been captured; those of S3 and of files; kCancelled.
Result<CaptureReport> WriteCaptureReport(Aws& aws, const CaptureReportOptions& options,
                                         Progress::Style style);

// The class names that `scones run` stored in the bucket; empty where there are none.
std::vector<std::string> FindClassNames(Aws& aws, const S3Uri& prefix);

}  // namespace scones::programs
