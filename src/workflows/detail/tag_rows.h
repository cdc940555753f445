// Tags of state machines and activities in the database. Functions over a connection; the caller
// provides the transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "workflows/types.h"

namespace scones::workflows {

enum class TagOwner { kStateMachine, kActivity };

// Errors: TooManyTags where the owner would have more than `limit`; the transaction is then to be
// undone.
Result<void> PutTags(db::Connection& connection, TagOwner kind, std::int64_t owner,
                     const std::vector<Tag>& tags, std::size_t limit);
Result<void> RemoveTags(db::Connection& connection, TagOwner kind, std::int64_t owner,
                        const std::vector<std::string>& keys);
Result<void> RemoveAllTags(db::Connection& connection, TagOwner kind, std::int64_t owner);
// By key.
Result<std::vector<Tag>> ReadTags(db::Connection& connection, TagOwner kind, std::int64_t owner);

}  // namespace scones::workflows
