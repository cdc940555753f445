#include "endpoints/types.h"

namespace scones::endpoints {

const char* EndpointStatusName(EndpointStatus status) {
  switch (status) {
    case EndpointStatus::kCreating:
      return "Creating";
    case EndpointStatus::kUpdating:
      return "Updating";
    case EndpointStatus::kInService:
      return "InService";
    case EndpointStatus::kDeleting:
      return "Deleting";
    case EndpointStatus::kFailed:
      return "Failed";
  }
  return "";
}

std::optional<EndpointStatus> ParseEndpointStatus(std::string_view name) {
  for (const EndpointStatus status :
       {EndpointStatus::kCreating, EndpointStatus::kUpdating, EndpointStatus::kInService,
        EndpointStatus::kDeleting, EndpointStatus::kFailed}) {
    if (name == EndpointStatusName(status)) return status;
  }
  return std::nullopt;
}

}  // namespace scones::endpoints
