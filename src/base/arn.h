// Amazon Resource Names and s3:// addresses: parsed once, then passed as values. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace scones {

// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, where RESOURCE may hold further colons.
struct Arn {
  std::string partition = "aws";
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  std::string ToString() const;
  // Errors: kInvalid.
  static Result<Arn> Parse(std::string_view text);
};

// s3://bucket/key, where the key may be empty or a prefix.
struct S3Uri {
  std::string bucket;
  std::string key;

  std::string ToString() const;
  // Errors: kInvalid.
  static Result<S3Uri> Parse(std::string_view text);
};

// Who and where this installation says it is, in every ARN that it makes.
struct Identity {
  std::string partition = "aws";
  std::string region = "us-east-1";
  std::string account = "000000000000";

  Arn MakeArn(std::string service, std::string resource) const;
};

}  // namespace scones
