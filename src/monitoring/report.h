// What an endpoint's inferences say about themselves: how sure the model was, over time and by
// class, and which pictures it was least sure of; as numbers, as charts, and as a page to read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/calibration.h"
#include "base/result.h"
#include "base/time.h"
#include "monitoring/capture.h"
#include "vision/image.h"

namespace scones::monitoring {

struct ReportOptions {
  std::string title = "Endpoint monitoring";
  std::string source;       // where the captures came from, e.g. "s3://bucket/prefix"; may be empty
  double threshold = 0.93;  // of confidence; an inference at it is above
  int rolling = 20;         // inferences in the rolling mean
  int least_sure = 12;      // pictures shown
  std::vector<std::string> class_names;  // by index of the probability; numbers where absent
  std::vector<std::string> problems;     // lines that could not be read; shown on the page
  // What the endpoint answered to pictures whose class is known; empty where there are none.
  std::vector<Answer> labelled;
};

// The lowest, quartiles (linear between neighbours) and highest of a set; all 0 for an empty one.
struct Spread {
  double min = 0;
  double q1 = 0;
  double median = 0;
  double q3 = 0;
  double max = 0;
};

struct ClassSummary {
  std::string name;
  std::size_t count = 0;  // inferences whose highest probability is this class
  std::size_t above = 0;  // of these, at or above the threshold
  Spread confidence;
};

struct PointInTime {
  Timestamp time;
  double confidence = 0;    // the highest probability
  int class_index = 0;      // whose
  double rolling_mean = 0;  // of this and up to rolling-1 inferences before
};

struct UnsurePicture {
  Timestamp time;
  std::string event_id;
  std::vector<double> probabilities;
  vision::Image image;  // empty where the captured bytes are no PNG or JPEG
};

struct HistogramBin {
  double from = 0;  // inclusive
  double to = 0;    // exclusive, but for the last
  std::size_t count = 0;
};

// Means over pictures, in 0..1 of full scale: a change between the halves is a sign of drift.
struct PictureSummary {
  std::size_t count = 0;  // pictures that could be decoded
  double brightness = 0;
  double contrast = 0;
  double brightness_first_half = 0;
  double brightness_second_half = 0;
};

// Whether confidence means what it says, and what the threshold is worth: on labelled pictures.
struct CalibrationSummary {
  std::size_t correct = 0;
  double error = 0;  // expected calibration error over `bins`
  std::vector<ReliabilityBin> bins;
  ThresholdPoint at_threshold;
  std::vector<ThresholdPoint> curve;  // by threshold, from below the lowest confidence up to 1
  std::vector<ThresholdPoint> table;  // at round thresholds and at the report's own, from there too
};

struct Report {
  ReportOptions options;
  std::size_t count = 0;
  std::size_t above = 0;
  double mean_confidence = 0;
  Spread confidence;
  std::vector<PointInTime> series;  // by time; those of one second are spread over it
  std::vector<ClassSummary> classes;
  std::vector<HistogramBin> histogram;
  std::vector<UnsurePicture> least_sure;  // least sure first
  PictureSummary pictures;
  std::optional<CalibrationSummary> calibration;  // where options.labelled has answers
};

// Errors: kInvalid: no inference at all, a threshold out of 0..1, rolling or least_sure below 1,
// inferences with different numbers of probabilities.
Result<Report> BuildReport(std::span<const Inference> inferences,
                           const ReportOptions& options = {});

// One HTML page with everything in it: charts as SVG, numbers as tables, pictures inline; no script
// and no request to anywhere. All text is escaped.
std::string RenderHtml(const Report& report);

// Writes index.html and a PNG of each chart (confidence.png, histogram.png, classes.png,
// counts.png, threshold.png, least-sure.png; reliability.png and precision.png where pictures were
// labelled) into `directory`, which is made where it is absent.
// Errors: kExhausted (the disk is full), kDenied, kInternal.
Result<void> WriteReport(const Report& report, const std::filesystem::path& directory);

}  // namespace scones::monitoring
