// The port through which a distributed Map's ItemReader and ResultWriter reach an object store.
// Implemented by the composition root over `objects`. Safe from any thread; the calls block.
#pragma once

#include <cstddef>
#include <string>

#include "asl/item_reader.h"
#include "base/result.h"

namespace scones::workflows {

class MapData {
 public:
  virtual ~MapData() = default;
  // The object's bytes. Errors: as the store words them (what becomes the run's cause); kExhausted
  // where it has more than `max_bytes`.
  virtual Result<std::string> Read(const asl::ItemFetch& object, std::size_t max_bytes) = 0;
  // One page of the objects whose keys start with `listing.key`.
  virtual Result<asl::ListedPage> List(const asl::ItemFetch& listing) = 0;
  // Durable on return. Replaces what is there.
  virtual Result<void> Write(const std::string& bucket, const std::string& key,
                             std::string bytes) = 0;
};

}  // namespace scones::workflows
