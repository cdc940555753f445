// The service's tables. All times are microseconds since the epoch. Formats: ../README.md.
#pragma once

#include <vector>

#include "db/database.h"

namespace scones::workflows {

const std::vector<db::Migration>& Migrations();

}  // namespace scones::workflows
