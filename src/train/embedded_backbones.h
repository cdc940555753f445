// The files of models/, as the build put them into the program (embedded_backbones.cmake).
#pragma once

#include <cstddef>

namespace scones::train {

struct EmbeddedFile {
  const char* name;  // without its ending
  const unsigned char* begin;
  const unsigned char* end;
};

extern const EmbeddedFile kEmbeddedBackbones[];
extern const std::size_t kEmbeddedBackboneCount;

}  // namespace scones::train
