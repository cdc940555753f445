// The three functions of the image workflow, written once: the server runs them natively, and
// scones-functions as a Lambda bootstrap. They reach objects and endpoints through a port.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "functions/types.h"
#include "io/task.h"

namespace scones::functions {

// What the workflow functions need of the world. Safe from any shard.
class WorkflowPorts {
 public:
  virtual ~WorkflowPorts() = default;
  virtual io::Task<Result<std::string>> FetchObject(std::string bucket, std::string key) = 0;
  // The endpoint's answer to `body`.
  virtual io::Task<Result<std::string>> InvokeEndpoint(std::string endpoint,
                                                       std::string content_type,
                                                       std::string body) = 0;
};

// By the name that follows "scones." in a handler:
//   serialize_image_data  {s3_bucket, s3_key} → the object in base64 as body.image_data
//   classify_image        body.image_data → endpoint $ENDPOINT_NAME → body.inferences
//   filter_confidence     passes its event on when the highest of body.inferences reaches
//                         $THRESHOLD (0.93), else fails with THRESHOLD_CONFIDENCE_NOT_MET
// Events carry their members at the top or in `body`, which is an object or its JSON text.
// `ports` outlives the functions.
std::map<std::string, NativeFunction> MakeWorkflowFunctions(WorkflowPorts& ports);

}  // namespace scones::functions
