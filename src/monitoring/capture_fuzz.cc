// Any bytes as captured lines; what is read can be reported on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "monitoring/capture.h"
#include "monitoring/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scones::monitoring;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const CaptureText text =
      ParseCapture(bytes, "fuzz", {.max_line_bytes = 1 << 16, .max_classes = 50});
  if (const auto report = BuildReport(text.inferences)) (void)RenderHtml(*report);
  return 0;
}
