// The S3 REST protocol over the object store: every operation is a row of a table that is searched
// by method, by what the address names, and by the query's sub-resource.
#pragma once

#include "api/dialect.h"
#include "objects/objects.h"

namespace scones::api {

class S3Dialect final : public Dialect {
 public:
  // `store` outlives the dialect.
  explicit S3Dialect(objects::ObjectStore& store) : store_(store) {}

  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override;

 private:
  objects::ObjectStore& store_;
};

}  // namespace scones::api
