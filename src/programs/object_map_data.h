// workflows::MapData over the object store: what a distributed Map's ItemReader reads and its
// ResultWriter writes. Safe from any thread but a shard: the calls block.
#pragma once

#include <string>

#include "io/shards.h"
#include "objects/objects.h"
#include "workflows/map_data.h"

namespace scones::programs {

class ObjectMapData final : public workflows::MapData {
 public:
  // Both outlive it.
  ObjectMapData(objects::ObjectStore& objects, io::Shards& shards)
      : objects_(objects), shards_(shards) {}

  Result<std::string> Read(const asl::ItemFetch& object, std::size_t max_bytes) override;
  Result<asl::ListedPage> List(const asl::ItemFetch& listing) override;
  Result<void> Write(const std::string& bucket, const std::string& key, std::string bytes) override;

 private:
  objects::ObjectStore& objects_;
  io::Shards& shards_;
};

}  // namespace scones::programs
