#include "events/types.h"

namespace scones::events {

json::object MakeEnvelope(const Event& event, const Identity& identity) {
  json::array resources(event.resources.begin(), event.resources.end());
  return {{"version", "0"},
          {"id", event.id},
          {"detail-type", event.detail_type},
          {"source", event.source},
          {"account", identity.account},
          {"time", FormatIso8601Seconds(event.time)},
          {"region", identity.region},
          {"resources", std::move(resources)},
          {"detail", event.detail}};
}

}  // namespace scones::events
