#include "vision/detail/pickle.h"

#include <fmt/format.h>

#include "vision/detail/unpickler.h"

namespace scones::vision::detail {

const PickleValue* PickleValue::Find(std::string_view key) const {
  if (kind_ != Kind::kDict) return nullptr;
  const std::vector<PickleValue>& items = object_->items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].IsString() && items[i].text() == key) return &items[i + 1];
  }
  return nullptr;
}

Result<Pickle> Pickle::Read(ByteSource& source, const PickleLimits& limits) {
  return Unpickler(source, limits).Run();
}

Result<ByteMatrix> ToByteMatrix(const PickleValue& value) {
  const auto bad = [](std::string message) { return Error(Code::kInvalid, std::move(message)); };
  // numpy's state of an array: version, shape, dtype, whether in Fortran order, raw bytes.
  if (!value.Is(PickleValue::Kind::kArray) || value.items().size() != 5) {
    return bad("it is not a numpy array");
  }
  const PickleValue& shape = value.items()[1];
  const PickleValue& dtype = value.items()[2];
  const PickleValue& fortran = value.items()[3];
  const PickleValue& raw = value.items()[4];
  const bool of_bytes = dtype.Is(PickleValue::Kind::kDtype) && !dtype.items().empty() &&
                        dtype.items()[0].IsString() && dtype.items()[0].text() == "u1";
  if (!of_bytes) return bad("its elements are not unsigned bytes (uint8)");
  const bool in_c_order =
      (fortran.Is(PickleValue::Kind::kBool) || fortran.Is(PickleValue::Kind::kInteger)) &&
      fortran.integer() == 0;
  if (!in_c_order) return bad("it is in Fortran order; save it with numpy.ascontiguousarray");
  const bool flat = shape.Is(PickleValue::Kind::kTuple) && shape.items().size() == 2 &&
                    shape.items()[0].Is(PickleValue::Kind::kInteger) &&
                    shape.items()[1].Is(PickleValue::Kind::kInteger);
  if (!flat || !raw.IsString()) return bad("it has not two dimensions");
  const std::int64_t rows = shape.items()[0].integer();
  const std::int64_t columns = shape.items()[1].integer();
  const std::string_view bytes = raw.text();
  const bool whole =
      rows >= 0 && columns > 0 && bytes.size() % static_cast<std::uint64_t>(columns) == 0 &&
      bytes.size() / static_cast<std::uint64_t>(columns) == static_cast<std::uint64_t>(rows);
  if (!whole) {
    return bad(
        fmt::format("its shape is {}x{}, but it holds {} bytes", rows, columns, bytes.size()));
  }
  return ByteMatrix{static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), bytes};
}

}  // namespace scones::vision::detail
