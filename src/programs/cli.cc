#include "programs/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "programs/data_directory.h"

namespace scones::programs {
namespace {

constexpr char kVersion[] = "scones 0.1.0";

constexpr int kWrongUsage = 2;  // exit status
const CLI::Validator kPositive = CLI::PositiveNumber;

std::string DescribeWrongUsage(const CLI::App* app, const CLI::Error& error) {
  const std::vector<const CLI::App*> commands = app->get_subcommands({});
  const auto given = std::find_if(commands.begin(), commands.end(),
                                  [](const CLI::App* command) { return command->parsed(); });
  const std::string command = given == commands.end() ? "COMMAND" : (*given)->get_name();
  const std::string help = given == commands.end() ? "scones" : "scones " + command;
  return fmt::format("scones: {}\nUsage: scones {} [OPTIONS]\n`{} --help` tells more.\n",
                     error.what(), command, help);
}

void AddDataDir(CLI::App& command, std::string& data_dir) {
  data_dir = DefaultDataDirectory().string();
  command.add_option("--data-dir", data_dir, "Folder that keeps everything")
      ->envname("SCONES_DATA_DIR")
      ->capture_default_str();
}

void AddConnectFlags(CLI::App& command, ConnectFlags& flags) {
  command
      .add_option("--endpoint-url", flags.endpoint_url,
                  "Server to use; without one, a server is started inside")
      ->envname("AWS_ENDPOINT_URL");
  command.add_option("--profile", flags.profile, "Profile of the AWS credentials file")
      ->envname("AWS_PROFILE");
  command.add_option("--region", flags.region, "AWS region")
      ->envname("AWS_DEFAULT_REGION")
      ->capture_default_str();
  AddDataDir(command, flags.data_dir);
}

void AddServe(CLI::App& app, ServeFlags& flags) {
  CLI::App& command =
      *app.add_subcommand("serve", "Serve S3, SageMaker, Lambda and Step Functions");
  command.footer(
      "Examples:\n"
      "  scones serve --data-dir ./data --port 4566\n"
      "  eval \"$(scones env --data-dir ./data)\" && aws s3 ls");
  AddDataDir(command, flags.data_dir);
  command.add_option("--address", flags.address, "Address to listen on")->capture_default_str();
  command.add_option("--port", flags.port, "Port to listen on; 0 takes any free one")
      ->envname("SCONES_PORT")
      ->capture_default_str();
  command.add_option("--region", flags.region, "Region in the ARNs made here")
      ->capture_default_str();
  command.add_option("--account", flags.account, "Account number in the ARNs made here")
      ->check([](const std::string& text) {
        const bool digits =
            text.size() == 12 && text.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::string() : std::string("an account number has 12 digits");
      })
      ->capture_default_str();
  command.add_option("--threads", flags.threads, "Threads that serve connections; 0: one per core")
      ->capture_default_str();
  command
      .add_option("--model-threads", flags.model_threads,
                  "Batches of each endpoint's variant that run at a time; 0: one per core, at "
                  "most 4")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--training-jobs", flags.training_jobs, "Training jobs that run at once")
      ->check(kPositive)
      ->capture_default_str();
  command
      .add_option("--capture-file-age", flags.capture_file_age_s,
                  "Seconds after which a data-capture file is stored")
      ->check(kPositive)
      ->capture_default_str();
  command.add_option("--allow-http", flags.allowed_http_hosts,
                     "Hosts that http:invoke tasks of state machines may reach: HOST, HOST:PORT or "
                     "*.DOMAIN; by default none");
  command.add_option("--log-level", flags.log_level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
}

void AddRun(CLI::App& app, RunFlags& flags) {
  CLI::App& command = *app.add_subcommand(
      "run", "Do the whole workflow: data, training, endpoint, state machine, simulation, charts");
  command.footer(
      "Steps whose result exists already are skipped, so a run that was cut off goes on.\n"
      "Examples:\n"
      "  scones run\n"
      "  scones run --dataset cifar-100-python.tar.gz --classes leopard,tiger\n"
      "  scones run --hyperparameter epochs=10 --json");
  AddConnectFlags(command, flags.connect);
  command
      .add_option(
          "--dataset", flags.dataset,
          "auto, or a path or URL: CIFAR-100 or CIFAR-10 for Python, IDX files, a folder of "
          "pictures by class, or 'generator'")
      ->envname("SCONES_DATASET")
      ->capture_default_str();
  command.add_option("--classes", flags.classes, "Classes to tell apart")
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--image-size", flags.image_size,
                  "Width and height to which the pictures of a folder are scaled")
      ->check(CLI::Range(8, 512))
      ->capture_default_str();
  command.add_option("--bucket", flags.bucket, "Bucket to use [scones-REGION-ACCOUNT]");
  command
      .add_option("--hyperparameter", flags.hyperparameters,
                  "NAME=VALUE of the training algorithm, over the recipe; may be repeated")
      ->check([](const std::string& text) {
        const std::size_t equals = text.find('=');
        const bool named = equals != 0 && equals != std::string::npos;
        return named ? std::string() : fmt::format("'{}' is not of the form NAME=VALUE", text);
      });
  command
      .add_option(
          "--precision", flags.precision,
          "In which the endpoint computes: fp32, bf16 or int8. A model that would lose more "
          "than half a point of accuracy is refused")
      ->check(CLI::IsMember({"fp32", "bf16", "int8"}))
      ->capture_default_str();
  command.add_option("--threshold", flags.threshold, "Confidence below which an execution fails")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--executions", flags.executions, "Executions of the simulation")
      ->capture_default_str();
  command.add_option("--concurrency", flags.concurrency, "Requests under way at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--report", flags.report_dir, "Folder for the report [DATA_DIR/report]");
  command.add_option("--seed", flags.seed, "Seed of training and simulation")
      ->capture_default_str();
  command.add_flag("--json", flags.json, "Print one JSON object as the last line");
  command.add_flag("--quiet", flags.quiet, "No progress on standard error");
}

void AddSimulate(CLI::App& app, SimulateFlags& flags) {
  CLI::App& command =
      *app.add_subcommand("simulate", "Send test pictures through the state machine");
  command.footer(
      "Ctrl-C ends it early and prints the summary.\nExample:\n  scones simulate --t 5 --rate 10");
  AddConnectFlags(command, flags.connect);
  command.add_option("--t", flags.minutes, "Minutes")->check(kPositive)->capture_default_str();
  command.add_option("--rate", flags.rate, "Executions started per second")
      ->check(kPositive)
      ->capture_default_str();
  command.add_option("--bucket", flags.bucket, "Bucket with the pictures [scones-REGION-ACCOUNT]");
  command.add_option("--prefix", flags.prefix, "Prefix of the pictures' keys")
      ->capture_default_str();
  command.add_option("--state-machine", flags.state_machine, "Name or ARN")->capture_default_str();
  command.add_flag("--json", flags.json, "Print one JSON object as the last line");
}

void AddMonitor(CLI::App& app, MonitorFlags& flags) {
  CLI::App& command = *app.add_subcommand("monitor", "Chart what an endpoint has inferred");
  command.footer("Example:\n  scones monitor --out report --threshold 0.93");
  AddConnectFlags(command, flags.connect);
  command.add_option("--out", flags.out, "Folder for index.html and the PNG files")
      ->capture_default_str();
  command.add_option("--bucket", flags.bucket, "Bucket with captured data [scones-REGION-ACCOUNT]");
  command.add_option("--prefix", flags.prefix, "Prefix of the captured data")
      ->capture_default_str();
  command.add_option("--endpoint", flags.endpoint, "Endpoint's name")->capture_default_str();
  command.add_option("--threshold", flags.threshold, "Confidence that counts as sure")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_flag("--json", flags.json, "Print one JSON object as the last line");
}

void AddEnv(CLI::App& app, EnvFlags& flags) {
  CLI::App& command = *app.add_subcommand("env", "Print the exports that point an SDK at a server");
  command.footer("Example:\n  eval \"$(scones env --data-dir ./data)\"");
  AddDataDir(command, flags.data_dir);
  command
      .add_option("--profile", flags.profile, "Profile of the data directory's credentials file")
      ->capture_default_str();
}

}  // namespace

std::optional<Command> ParseCommandLine(int argc, char** argv, int& exit_code) {
  CLI::App app("Scones: the AWS machine-learning workflow on your own machine.", "scones");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(0, 1);  // none: the help; so that a wrong word is named as such
  app.failure_message(DescribeWrongUsage);
  app.footer("`scones COMMAND --help` tells more.");
  ServeFlags serve;
  RunFlags run;
  SimulateFlags simulate;
  MonitorFlags monitor;
  EnvFlags env;
  AddServe(app, serve);
  AddRun(app, run);
  AddSimulate(app, simulate);
  AddMonitor(app, monitor);
  AddEnv(app, env);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kWrongUsage;
    return std::nullopt;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
    exit_code = kWrongUsage;
    return std::nullopt;
  }
  if (app.got_subcommand("serve")) return serve;
  if (app.got_subcommand("run")) return run;
  if (app.got_subcommand("simulate")) return simulate;
  if (app.got_subcommand("monitor")) return monitor;
  return env;
}

}  // namespace scones::programs
