// Errors in the forms that the AWS protocols give them. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace scones::api {

// The wire's name for `error`: its reason, else one by its code; `validation_error` is the
// service's name for bad input.
std::string ErrorName(const Error& error, std::string_view validation_error);

// AWS JSON 1.0 and 1.1, whose faults of the caller are all 400 but for authentication (403).
http::Response JsonError(const Error& error, std::string_view content_type,
                         std::string_view validation_error);
// REST-JSON (Lambda, SageMaker runtime), with the HTTP status by code.
http::Response RestJsonError(const Error& error);
// Query (STS, IAM).
http::Response QueryError(const Error& error, std::string_view request_id);
// S3's <Error>; `resource` is the path asked for.
http::Response S3Error(const Error& error, std::string_view resource, std::string_view request_id);

// The HTTP status that REST protocols give an error's code, 403 for authentication.
int RestStatus(const Error& error);

// Text for between tags and in attributes of XML 1.0; characters that XML can't hold become '?'.
std::string XmlEscape(std::string_view text);

}  // namespace scones::api
