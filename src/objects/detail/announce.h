// Tells a bucket's changes to whom its configuration names, within their transaction.
#pragma once

#include "base/result.h"
#include "db/connection.h"
#include "objects/detail/catalog.h"
#include "objects/notification.h"

namespace scones::objects::detail {

// Does nothing for a bucket without notifications.
Result<void> AnnounceCreated(db::Connection& connection, EventSink* sink, const BucketRow& bucket,
                             std::string_view name, std::string_view key, const Row& row,
                             const Origin& origin);

// Deletes as DeleteVersion does, and tells where something went.
Result<DeleteReceipt> DeleteAndAnnounce(db::Connection& connection, EventSink* sink,
                                        const BucketRow& bucket, const ObjectName& name,
                                        std::int64_t sequence, std::int64_t now_us,
                                        const Origin& origin, std::vector<Freed>& freed);

}  // namespace scones::objects::detail
