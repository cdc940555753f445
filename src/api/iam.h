// The little of IAM that SageMaker's notebooks and SDKs ask for. Rows of a Query dialect.
#pragma once

#include "api/query_dialect.h"

namespace scones::api {

inline constexpr char kIamNamespace[] = "https://iam.amazonaws.com/doc/2010-05-08/";

// Adds GetRole, CreateRole and ListRoles. Roles are names only: nothing is stored, every role name
// has its ARN, and what may be done is decided by the caller's key alone.
void AddIamActions(QueryDialect& dialect);

}  // namespace scones::api
