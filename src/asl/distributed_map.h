// The compiled fields that only a Map in DISTRIBUTED mode has. Part of program.h; immutable.
#pragma once

#include <optional>
#include <string>

#include "asl/expression.h"
#include "asl/map_run.h"
#include "asl/program.h"

namespace scones::asl {

struct DecimalField {
  std::optional<double> literal;
  std::optional<Expression> expression;
};

struct DistributedMap {
  std::string label;
  MachineType child_type = MachineType::kStandard;
  DecimalField tolerated_percentage;
  NumberField tolerated_count;

  struct Reader {
    ItemReaderSpec config;  // but for bucket, key, version and max_items
    std::optional<Template> arguments;
    NumberField max_items;
  };
  std::optional<Reader> reader;

  struct Batcher {
    NumberField max_items;
    NumberField max_bytes;
    std::optional<Template> input;
  };
  std::optional<Batcher> batcher;

  struct Writer {
    ResultWriterSpec config;  // but for bucket and prefix
    std::optional<Template> arguments;
  };
  std::optional<Writer> writer;
};

}  // namespace scones::asl
