// STS: who am I, and temporary credentials. Rows of a Query dialect.
#pragma once

#include "api/query_dialect.h"
#include "auth/credentials.h"

namespace scones::api {

inline constexpr char kStsNamespace[] = "https://sts.amazonaws.com/doc/2011-06-15/";

// Adds GetCallerIdentity, GetSessionToken and AssumeRole. A role is a name that the caller appears
// under: any may be assumed, and it grants what the caller's own key grants. `credentials` outlives
// the dialect.
void AddStsActions(QueryDialect& dialect, const auth::Credentials& credentials);

}  // namespace scones::api
