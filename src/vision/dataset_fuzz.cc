// Any bytes as a tar archive of CIFAR files, as an IDX file and as a .lst.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vision/detail/cifar.h"
#include "vision/detail/idx.h"
#include "vision/detail/tar.h"
#include "vision/lst.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scones::vision;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  DatasetOptions options;
  options.max_entry_bytes = 1 << 16;
  options.max_records = 1000;
  if (data[0] % 3 == 0) {
    detail::CifarReader reader(options);
    const auto source = detail::FromMemory(bytes, 700);
    (void)detail::LooksLikeTar(bytes);
    (void)detail::ReadTar(
        *source, {100, options.max_entry_bytes},
        [&](const std::string&, detail::ByteSource& body) { return reader.Add("meta", body); });
    (void)reader.Finish();
  } else if (data[0] % 3 == 1) {
    (void)detail::ReadIdx(*detail::FromMemory(bytes), options);
  } else if (const auto entries = ParseLst(bytes, "fuzz")) {
    const auto again = ParseLst(FormatLst(*entries), "fuzz");
    if (!again || again->size() != entries->size()) std::abort();
  }
  return 0;
}
