// What the gateway must know of each service: its protocol, so that a refusal has the right form,
// and how large a body may be. Pure.
#pragma once

#include <string>
#include <string_view>

#include "auth/canonical.h"
#include "base/error.h"
#include "base/time.h"
#include "http/message.h"

namespace scones::api {

auth::RequestView ViewOf(const http::Request& request);

// The service of a request whose credential scope names `scope_service`: "sagemaker" is two.
std::string ServiceOf(std::string_view scope_service, const http::Request& request);
// The service that an unsigned request probably meant; only for the form of its refusal.
std::string GuessService(const http::Request& request);

std::size_t MaxBodyBytes(std::string_view service);

// `error` in the service's form and with the service's name for it. Names of auth are S3's.
http::Response Refusal(std::string_view service, const Error& error, const http::Request& request,
                       std::string_view request_id);

// Request id, Date and Server headers, where the dialect did not set them.
void AddCommonHeaders(std::string_view service, std::string_view request_id, Timestamp now,
                      http::Response& response);

}  // namespace scones::api
