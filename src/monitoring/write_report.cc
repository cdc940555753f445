#include "io/file.h"
#include "monitoring/detail/charts.h"
#include "monitoring/report.h"

namespace scones::monitoring {

Result<void> WriteReport(const Report& report, const std::filesystem::path& directory) {
  TRY_VOID(io::MakeDirectories(directory));
  for (auto make : {detail::ConfidenceChart, detail::HistogramChart, detail::ClassesChart,
                    detail::CountsChart, detail::ThresholdChart, detail::LeastSureChart}) {
    const detail::Chart chart = make(report);
    TRY_VOID(io::WriteFileDurably(directory / (chart.name + ".png"), detail::ToPng(chart)));
  }
  // Last: a page is there only with its pictures.
  return io::WriteFileDurably(directory / "index.html", RenderHtml(report));
}

}  // namespace scones::monitoring
