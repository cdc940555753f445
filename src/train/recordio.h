// Pictures in MXNet's RecordIO files, as im2rec packs them. Pure; a reader belongs to one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace scones::train {

struct PictureRecord {
  int label = 0;
  std::string picture;  // encoded: PNG or JPEG
};

// Keeps a view of `bytes`, which must outlive it.
// Format: frames of magic, kind and length, data padded to 4 bytes (dmlc-core recordio.h); the data
// is flag, label, two ids (mx.recordio.IRHeader), then the encoded picture. Little-endian.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }
  // Errors: kInvalid: wrong magic, cut, a record with several labels or a label that is no integer.
  Result<PictureRecord> Next();

 private:
  struct Frame {
    unsigned kind;
    std::string_view data;
  };
  Result<Frame> NextFrame();
  Result<std::string> NextWhole();

  std::string_view rest_;
};

}  // namespace scones::train
