#include "programs/capture_report.h"

#include <fmt/format.h>

#include <map>
#include <thread>

#include "monitoring/capture.h"
#include "monitoring/report.h"
#include "programs/interrupt.h"
#include "programs/parallel.h"
#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

constexpr std::chrono::milliseconds kPollInterval{500};
constexpr std::size_t kDownloads = 8;

// Capture files never change once they are there, so each is fetched once.
class CaptureFiles {
 public:
  // `since` is what fresh() counts from.
  CaptureFiles(Aws& aws, S3Uri prefix, Timestamp since)
      : aws_(aws), prefix_(std::move(prefix)), since_(since) {}

  Result<void> Refresh(Progress& progress) {
    TRY(const std::vector<client::ObjectSummary> objects, aws_.ListObjects(prefix_));
    std::vector<std::string> fresh;
    for (const client::ObjectSummary& object : objects) {
      if (object.key.ends_with(".jsonl") && !files_.contains(object.key))
        fresh.push_back(object.key);
    }
    std::vector<monitoring::CaptureText> texts(fresh.size());
    const auto fetch = [&](std::size_t i) -> Result<void> {
      TRY(const std::string text, aws_.GetObject({.bucket = prefix_.bucket, .key = fresh[i]}));
      texts[i] = monitoring::ParseCapture(text, fresh[i]);
      return {};
    };
    const auto finished = [&](std::size_t done) { progress.Update(done, fresh.size(), "reading"); };
    TRY_VOID(ForEachInParallel(fresh.size(), kDownloads, fetch, finished));
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      for (const monitoring::Inference& inference : texts[i].inferences) {
        fresh_ += inference.time >= since_ ? 1 : 0;
      }
      count_ += texts[i].inferences.size();
      files_.emplace(fresh[i], std::move(texts[i]));
    }
    return {};
  }

  std::size_t count() const { return count_; }
  std::size_t fresh() const { return fresh_; }

  monitoring::CaptureText All() const {
    monitoring::CaptureText all;
    for (const auto& [key, text] : files_) {
      all.inferences.insert(all.inferences.end(), text.inferences.begin(), text.inferences.end());
      all.problems.insert(all.problems.end(), text.problems.begin(), text.problems.end());
    }
    return all;
  }

 private:
  Aws& aws_;
  S3Uri prefix_;
  Timestamp since_;
  std::map<std::string, monitoring::CaptureText> files_;
  std::size_t count_ = 0;
  std::size_t fresh_ = 0;
};

Result<void> WaitForCaptures(CaptureFiles& files, const CaptureReportOptions& options,
                             Progress& progress) {
  const auto deadline = std::chrono::steady_clock::now() + options.patience;
  while (true) {
    TRY_VOID(files.Refresh(progress));
    if (files.fresh() >= options.wanted || std::chrono::steady_clock::now() >= deadline) return {};
    if (Interrupted()) return Error(Code::kCancelled, "interrupted");
    progress.Update(files.fresh(), options.wanted,
                    "waiting for the endpoint to store its captures");
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

Result<CaptureReport> WriteCaptureReport(Aws& aws, const CaptureReportOptions& options,
                                         Progress::Style style) {
  Progress progress(style, "charts");
  const std::string slash =
      options.capture.key.empty() || options.capture.key.ends_with('/') ? "" : "/";
  CaptureFiles files(aws,
                     {.bucket = options.capture.bucket,
                      .key = fmt::format("{}{}{}/", options.capture.key, slash, options.endpoint)},
                     options.since);
  TRY_VOID(WaitForCaptures(files, options, progress));
  if (files.count() == 0) {
    return Error(
        Code::kNotFound,
        fmt::format("nothing has been captured below {}{}{}; an endpoint stores its captures "
                    "about a minute after the inferences",
                    options.capture.ToString(), slash, options.endpoint));
  }
  const monitoring::CaptureText captured = files.All();
  monitoring::ReportOptions report_options{
      .title = fmt::format("Endpoint {}", options.endpoint),
      .source = options.capture.ToString(),
      .threshold = options.threshold,
      .class_names = options.classes.empty()
                         ? FindClassNames(aws, {.bucket = options.capture.bucket})
                         : options.classes,
      .problems = captured.problems,
      .labelled = options.labelled};
  TRY(const monitoring::Report report,
      monitoring::BuildReport(captured.inferences, std::move(report_options)));
  TRY_VOID(monitoring::WriteReport(report, options.out));
  CaptureReport written{.inferences = report.count,
                        .above_threshold = report.above,
                        .page = std::filesystem::absolute(options.out / "index.html")};
  progress.Done(fmt::format("{} inferences, {} at or above {}: {}", written.inferences,
                            written.above_threshold, options.threshold, written.page.string()));
  return written;
}

std::vector<std::string> FindClassNames(Aws& aws, const S3Uri& prefix) {
  const Result<std::string> text =
      aws.GetObject({.bucket = prefix.bucket, .key = prefix.key + kClassList});
  if (!text) return {};
  const Result<json::value> value = ParseJson(*text);
  const json::array* array = value ? value->if_array() : nullptr;
  std::vector<std::string> names;
  if (array == nullptr) return names;
  for (const json::value& name : *array) {
    if (name.is_string()) names.emplace_back(name.get_string());
  }
  return names;
}

}  // namespace scones::programs
