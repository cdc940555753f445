// The page of a report: text, tables and the charts as SVG. Everything from outside is escaped.
#include <fmt/format.h>

#include "base/encoding.h"
#include "monitoring/detail/charts.h"
#include "monitoring/report.h"
#include "vision/image_codec.h"

namespace scones::monitoring {
namespace {

using detail::ClassName;
using detail::Decimal;
using detail::EscapeHtml;
using detail::Percent;
using detail::TimeText;

constexpr std::size_t kMaxProblemsShown = 20;
constexpr std::size_t kMaxClassRows = 200;
// Larger pictures are shrunk for the page.
constexpr int kMaxPictureSide = 192;

constexpr const char* kStyle = R"(
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1040px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:18px;margin:0 0 2px}
p{margin:0 0 12px}
.sub,.note,dt,th,figcaption{color:var(--muted)}
section{background:var(--panel);border:1px solid var(--grid);border-radius:10px;
padding:20px 22px;margin-top:18px}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:14px;margin:0}
dt{font-size:13px}
dd{margin:0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
.chart{overflow-x:auto}
svg{display:block;width:100%;min-width:600px;height:auto;font-family:inherit}
svg polyline{fill:none;stroke-linejoin:round;stroke-linecap:round}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--grid);font-weight:400}
th:first-child,td:first-child{text-align:left}
thead th{font-size:13px}
details{margin-top:12px;overflow-x:auto}
summary{cursor:pointer;color:var(--muted)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:16px;
margin-top:14px}
.card{display:flex;gap:14px;border:1px solid var(--grid);border-radius:8px;padding:12px;margin:0;
min-width:0}
.card img,.card .none{width:96px;height:96px;flex:none;object-fit:contain;
image-rendering:pixelated;border-radius:4px;background:var(--grid)}
.card .none{display:flex;align-items:center;justify-content:center;font-size:12px;
color:var(--muted)}
.card div{min-width:0;flex:1}
.card table{font-size:13px;table-layout:fixed}
.card th,.card td{padding:2px 0;border:0}
.card th{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.card td:nth-child(2){width:56px;padding:0 8px}
.card td:nth-child(3){width:40px}
.bar{display:block;height:7px;background:var(--grid);border-radius:3px;overflow:hidden}
.bar i{display:block;height:100%}
figcaption{font-size:12px;margin-top:6px;overflow-wrap:anywhere}
ul{margin:6px 0 0;padding-left:20px;overflow-wrap:anywhere}
@media print{section{break-inside:avoid}}
)";

// The same names in both modes, so that charts follow the reader's choice.
std::string Colors() {
  std::string light = "color-scheme:light dark;--page:#f4f5f7;";
  std::string dark = "--page:#0e1014;";
  std::string rules;
  for (int paint = 0; paint < detail::kPaintCount; ++paint) {
    const detail::PaintColors& colors = detail::ColorsOf(paint);
    light += fmt::format("--{}:#{:06x};", colors.name, colors.light);
    dark += fmt::format("--{}:#{:06x};", colors.name, colors.dark);
    rules += fmt::format(
        ".f-{0}{{fill:var(--{0})}}.s-{0}{{stroke:var(--{0})}}.b-{0}{{background:var(--{0})}}",
        colors.name);
  }
  return fmt::format(":root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}{}", light, dark,
                     rules);
}

std::string Section(const detail::Chart& chart, const std::string& below) {
  return fmt::format(
      "<section><h2>{}</h2><p class=\"note\">{}</p><div class=\"chart\">{}</div>{}</section>\n",
      EscapeHtml(chart.title), EscapeHtml(chart.description), detail::ToSvg(chart), below);
}

std::string Fact(const std::string& name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", EscapeHtml(name), EscapeHtml(value));
}

std::string Facts(const Report& report) {
  std::string out = "<section><h2>In numbers</h2><dl>";
  out += Fact("inferences", fmt::format("{}", report.count));
  out += Fact(fmt::format("at or above {:.4g}", report.options.threshold),
              fmt::format("{} ({})", report.above, Percent(report.above, report.count)));
  out += Fact("below", fmt::format("{} ({})", report.count - report.above,
                                   Percent(report.count - report.above, report.count)));
  out += Fact("mean confidence", Decimal(report.mean_confidence));
  out += Fact("median", Decimal(report.confidence.median));
  out += Fact("lowest", Decimal(report.confidence.min));
  if (report.calibration) {
    const CalibrationSummary& calibration = *report.calibration;
    out += Fact(fmt::format("right of {} labelled pictures", report.options.labelled.size()),
                fmt::format("{} ({})", calibration.correct,
                            Percent(calibration.correct, report.options.labelled.size())));
    out += Fact("expected calibration error", Decimal(calibration.error));
    out +=
        Fact("right among those above",
             fmt::format(
                 "{} of {} ({})", calibration.at_threshold.correct, calibration.at_threshold.passed,
                 Percent(calibration.at_threshold.correct, calibration.at_threshold.passed)));
  }
  if (report.pictures.count > 0) {
    out += Fact("brightness of the pictures", Decimal(report.pictures.brightness));
    out += Fact("of the first and second half",
                fmt::format("{} / {}", Decimal(report.pictures.brightness_first_half),
                            Decimal(report.pictures.brightness_second_half)));
    out += Fact("contrast of the pictures", Decimal(report.pictures.contrast));
  }
  return out + "</dl></section>\n";
}

std::string ClassTable(const Report& report) {
  std::string out =
      "<details open><summary>Numbers</summary><table><thead><tr><th scope=\"col\">class</th>"
      "<th scope=\"col\">inferences</th><th scope=\"col\">above</th><th scope=\"col\">below</th>"
      "<th scope=\"col\">lowest</th><th scope=\"col\">quarter</th><th scope=\"col\">median</th>"
      "<th scope=\"col\">three quarters</th><th scope=\"col\">highest</th></tr></thead><tbody>";
  for (const std::size_t i : detail::MostFrequentClasses(report, kMaxClassRows)) {
    const ClassSummary& summary = report.classes[i];
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>",
                       EscapeHtml(summary.name), summary.count, summary.above,
                       summary.count - summary.above);
    for (const double value :
         {summary.confidence.min, summary.confidence.q1, summary.confidence.median,
          summary.confidence.q3, summary.confidence.max}) {
      out += fmt::format("<td>{}</td>", Decimal(value));
    }
    out += "</tr>";
  }
  return out + "</tbody></table></details>";
}

std::string HistogramTable(const Report& report) {
  std::string out =
      "<details><summary>Numbers</summary><table><thead><tr><th scope=\"col\">confidence</th>"
      "<th scope=\"col\">inferences</th></tr></thead><tbody>";
  for (const HistogramBin& bin : report.histogram) {
    out += fmt::format("<tr><th scope=\"row\">{} to {}</th><td>{}</td></tr>", Decimal(bin.from),
                       Decimal(bin.to), bin.count);
  }
  return out + "</tbody></table></details>";
}

std::string ReliabilityTable(const CalibrationSummary& calibration) {
  std::string out =
      "<details><summary>Numbers</summary><table><thead><tr><th scope=\"col\">confidence</th>"
      "<th scope=\"col\">pictures</th><th scope=\"col\">mean confidence</th>"
      "<th scope=\"col\">share right</th></tr></thead><tbody>";
  for (const ReliabilityBin& bin : calibration.bins) {
    if (bin.count == 0) continue;
    out += fmt::format("<tr><th scope=\"row\">{} to {}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                       Decimal(bin.from), Decimal(bin.to), bin.count, Decimal(bin.confidence),
                       Decimal(bin.accuracy));
  }
  return out + "</tbody></table></details>";
}

std::string PrecisionTable(const CalibrationSummary& calibration) {
  std::string out =
      "<details open><summary>Numbers</summary><table><thead><tr><th scope=\"col\">threshold</th>"
      "<th scope=\"col\">pass</th><th scope=\"col\">coverage</th><th scope=\"col\">right</th>"
      "<th scope=\"col\">precision</th></tr></thead><tbody>";
  for (const ThresholdPoint& point : calibration.table) {
    const std::optional<double> precision = point.Precision();
    out += fmt::format(
        "<tr><th scope=\"row\">{:.4g}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        point.threshold, point.passed, Decimal(point.coverage), point.correct,
        precision ? Decimal(*precision) : "–");
  }
  return out + "</tbody></table></details>";
}

std::string PictureElement(const vision::Image& image) {
  if (image.width == 0) return "<span class=\"none\">no picture</span>";
  const int longer = std::max(image.width, image.height);
  const vision::Image shown =
      longer <= kMaxPictureSide
          ? image
          : vision::Resize(image, std::max(1, image.width * kMaxPictureSide / longer),
                           std::max(1, image.height * kMaxPictureSide / longer));
  return fmt::format("<img alt=\"captured picture\" src=\"data:image/png;base64,{}\">",
                     Base64Encode(vision::EncodePng(shown)));
}

std::string Card(const Report& report, const UnsurePicture& picture) {
  std::vector<std::size_t> order(picture.probabilities.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return picture.probabilities[a] > picture.probabilities[b];
  });
  order.resize(std::min<std::size_t>(order.size(), 3));
  std::string rows;
  for (const std::size_t i : order) {
    const double probability = picture.probabilities[i];
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td><span class=\"bar\"><i class=\"b-{}\" "
        "style=\"width:{:.1f}%\"></i></span></td><td>{}</td></tr>",
        EscapeHtml(ClassName(report, i)),
        detail::ColorsOf(detail::ClassPaint(static_cast<int>(i))).name,
        std::clamp(probability, 0.0, 1.0) * 100, Decimal(probability));
  }
  return fmt::format(
      "<figure class=\"card\">{}<div><table><tbody>{}</tbody></table><figcaption>{}<br>{}"
      "</figcaption></div></figure>",
      PictureElement(picture.image), rows, TimeText(picture.time), EscapeHtml(picture.event_id));
}

std::string LeastSure(const Report& report) {
  std::string out =
      "<section><h2>The least sure pictures</h2><p class=\"note\">Each with its highest "
      "probabilities, least sure first.</p><div class=\"cards\">";
  for (const UnsurePicture& picture : report.least_sure) out += Card(report, picture);
  return out + "</div></section>\n";
}

std::string Problems(const Report& report) {
  const std::vector<std::string>& problems = report.options.problems;
  if (problems.empty()) return "";
  std::string out =
      fmt::format("<section><h2>Lines that could not be read: {}</h2><ul>", problems.size());
  for (std::size_t i = 0; i < std::min(problems.size(), kMaxProblemsShown); ++i) {
    out += fmt::format("<li>{}</li>", EscapeHtml(problems[i]));
  }
  if (problems.size() > kMaxProblemsShown) {
    out += fmt::format("<li>and {} more</li>", problems.size() - kMaxProblemsShown);
  }
  return out + "</ul></section>\n";
}

}  // namespace

std::string RenderHtml(const Report& report) {
  const std::string source =
      report.options.source.empty() ? "" : " · " + EscapeHtml(report.options.source);
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'\"><title>{0}</title><style>{1}{2}</style></head>\n<body><main>"
      "<h1>{0}</h1><p class=\"sub\">{3} to {4} UTC{5}</p>\n",
      EscapeHtml(report.options.title), Colors(), kStyle, TimeText(report.series.front().time),
      TimeText(report.series.back().time), source);
  out += Facts(report);
  out += Section(detail::ThresholdChart(report), "");
  if (report.calibration) {
    out += Section(detail::PrecisionChart(report), PrecisionTable(*report.calibration));
    out += Section(detail::ReliabilityChart(report), ReliabilityTable(*report.calibration));
  }
  out += Section(detail::ConfidenceChart(report), "");
  out += Section(detail::HistogramChart(report), HistogramTable(report));
  out += Section(detail::ClassesChart(report), ClassTable(report));
  out += Section(detail::CountsChart(report), "");
  out += LeastSure(report);
  out += Problems(report);
  return out + "</main></body></html>\n";
}

}  // namespace scones::monitoring
