// The charts of a report. Pure.
#pragma once

#include <string>
#include <vector>

#include "monitoring/detail/chart.h"
#include "monitoring/report.h"

namespace scones::monitoring::detail {

Chart ConfidenceChart(const Report& report);
Chart HistogramChart(const Report& report);
Chart ClassesChart(const Report& report);
Chart CountsChart(const Report& report);
Chart ThresholdChart(const Report& report);
Chart LeastSureChart(const Report& report);

// Of a report with `calibration`.
Chart ReliabilityChart(const Report& report);
Chart PrecisionChart(const Report& report);

// Indices of the classes that occurred, most frequent first, at most `limit`.
std::vector<std::size_t> MostFrequentClasses(const Report& report, std::size_t limit);
std::string ClassName(const Report& report, std::size_t index);

std::string ThresholdLabel(const Report& report);
// A line or dot at (x, y) with its label; returns where the next key begins.
float DrawKey(Chart& chart, float x, float y, int paint, const std::string& label);

// Text for people: "0.930", "93.5 %", "2026-11-22 08:30:01".
std::string Decimal(double value);
std::string Percent(std::size_t part, std::size_t whole);
std::string TimeText(Timestamp time);
// At most `limit` characters, with "..." where it was longer.
std::string Shorten(std::string_view text, std::size_t limit);

}  // namespace scones::monitoring::detail
