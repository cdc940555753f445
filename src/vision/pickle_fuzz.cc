// Any bytes as a pickle, in pieces of any size: no crash, no leak, memory within small limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vision/detail/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scones::vision::detail;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto source = FromMemory(bytes, 1 + data[0]);
  const PickleLimits limits{
      .max_bytes = 1 << 16, .max_objects = 1000, .max_values = 10'000, .max_memo = 1000};
  const auto pickle = Pickle::Read(*source, limits);
  if (!pickle) return 0;
  (void)ToByteMatrix(pickle->root());
  if (const PickleValue* value = pickle->root().Find("data")) (void)ToByteMatrix(*value);
  return 0;
}
