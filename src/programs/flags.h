// The command line as plain values: what each command can be told, with its defaults. Every default
// stands here and nowhere else; cli.cc binds each field to its flag and environment variable once.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "programs/workflow_names.h"

namespace scones::programs {

struct ServeFlags {
  std::string data_dir;  // default: DefaultDataDirectory()
  std::string address = "127.0.0.1";
  std::uint16_t port = 4566;  // 0: any free one
  std::string region = "us-east-1";
  std::string account = "000000000000";
  std::size_t threads = 0;        // of connections; 0: one per core
  std::size_t model_threads = 0;  // batches of each variant at a time; 0: one per core, at most 4
  std::size_t training_jobs = 1;  // that run at once
  double capture_file_age_s = 60;
  std::vector<std::string> allowed_http_hosts;  // that http:invoke may reach
  std::string log_level = "info";
};

// How a client command finds a server. Without an endpoint URL it starts one inside.
struct ConnectFlags {
  std::string endpoint_url;  // $AWS_ENDPOINT_URL
  std::string profile;       // of the AWS credentials files
  std::string region = "us-east-1";
  std::string data_dir;  // of the server inside
};

struct RunFlags {
  ConnectFlags connect;
  std::string dataset = "auto";
  std::vector<std::string> classes = {"bicycle", "motorcycle"};
  int image_size = 32;  // pixels; pictures of a folder are scaled to this width and height
  std::string bucket;   // default: scones-REGION-ACCOUNT
  std::vector<std::string> hyperparameters;  // "name=value", over the recipe
  std::string precision = "fp32";            // of the endpoint
  double threshold = 0.93;
  std::size_t executions = 100;
  std::size_t concurrency = 8;
  std::string report_dir;  // default: DATA_DIR/report
  std::uint64_t seed = 1;
  bool json = false;
  bool quiet = false;
};

struct SimulateFlags {
  ConnectFlags connect;
  double minutes = 1;
  double rate = 5;  // executions started per second
  std::string bucket;
  std::string prefix;                             // of test.lst and the pictures that it names
  std::string state_machine = kStateMachineName;  // name or ARN
  bool json = false;
};

struct MonitorFlags {
  ConnectFlags connect;
  std::string out = "report";
  std::string bucket;
  std::string prefix = kCapturedPrefix;
  std::string endpoint = kEndpointName;
  double threshold = 0.93;
  bool json = false;
};

struct EnvFlags {
  std::string data_dir;
  std::string profile = "default";
};

// What the command line asks for.
using Command = std::variant<ServeFlags, RunFlags, SimulateFlags, MonitorFlags, EnvFlags>;

}  // namespace scones::programs
