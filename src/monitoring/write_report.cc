#include <fmt/format.h>

#include "io/file.h"
#include "monitoring/detail/charts.h"
#include "monitoring/report.h"

namespace scones::monitoring {

Result<void> WriteReport(const Report& report, const std::filesystem::path& directory) {
  TRY_VOID(io::MakeDirectories(directory));
  std::vector<detail::Chart> charts;
  for (auto make : {detail::ConfidenceChart, detail::HistogramChart, detail::ClassesChart,
                    detail::CountsChart, detail::ThresholdChart, detail::LeastSureChart}) {
    charts.push_back(make(report));
  }
  for (const char* name : {"reliability", "precision"}) {
    // Those of an earlier report say nothing about this one.
    std::error_code ignored;
    std::filesystem::remove(directory / fmt::format("{}.png", name), ignored);
  }
  if (report.calibration) {
    charts.push_back(detail::ReliabilityChart(report));
    charts.push_back(detail::PrecisionChart(report));
  }
  for (const detail::Chart& chart : charts) {
    TRY_VOID(io::WriteFileDurably(directory / (chart.name + ".png"), detail::ToPng(chart)));
  }
  // Last: a page is there only with its pictures.
  return io::WriteFileDurably(directory / "index.html", RenderHtml(report));
}

}  // namespace scones::monitoring
