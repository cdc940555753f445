// Between the members of the S3 SDK and the REST protocol: which parameter is a header, a part of
// the query or of a document, and which member of the result each header or element becomes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/s3_xml.h"
#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace scones::integrations {

struct S3Operation {
  std::string_view action;  // "getObject"
  std::string_view method;
  bool of_object = false;    // Bucket and Key, else Bucket
  std::string_view query;    // the sub-resource, with a value where it has one
  std::string_view payload;  // the member that is the body: "Body", or a document's
  std::string_view root;     // of that document
  std::string_view result;   // the response's root element; "" where the answer is its headers
  std::string_view result_member = "";  // the member that holds it, where it isn't the answer
};
// Null for one that S3 has not here.
const S3Operation* FindS3Operation(std::string_view action);

struct S3Wire {
  http::Request request;
  std::string body;
};
// Errors: kInvalid, naming the parameter.
Result<S3Wire> MakeS3Request(const S3Operation& operation, const json::object& parameters);

// From the headers of a successful response; `body` is its text.
Result<json::object> ReadS3Response(const S3Operation& operation, const http::Headers& headers,
                                    const std::string& body);

}  // namespace scones::integrations
