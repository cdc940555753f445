#include "train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>

#include "train/detail/batch_drawer.h"
#include "train/detail/evaluation.h"
#include "train/detail/fused_network.h"
#include "train/detail/network.h"
#include "train/detail/optimizer.h"
#include "train/detail/worker.h"
#include "train/schedule.h"

namespace scones::train {
namespace {

constexpr int kEvaluationBatch = 100;
constexpr int kBatchesPerSpeedLine = 20;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

at::Device BestDevice() { return at::hasCUDA() ? at::Device(at::kCUDA) : at::Device(at::kCPU); }

int ThreadCount(const Hyperparameters& settings) {
  if (settings.num_threads > 0) return settings.num_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// libtorch reports by exceptions, which stop here.
template <class Work>
auto Guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error(Code::kExhausted, "out of memory: use a smaller mini_batch_size or image_shape");
  } catch (const std::exception& failure) {
    return Error(Code::kInternal, std::string("libtorch: ") + failure.what());
  }
}

struct Weights {
  at::Tensor trained;
  at::Tensor statistics;
};

struct EpochResult {
  double accuracy = 0;
  double loss = 0;
};

// One part of each batch: what it needs to be computed beside the others.
struct Part {
  Part(Network part_network, const Hyperparameters& settings, const Normalization& normalization)
      : network(std::move(part_network)), drawer(settings, normalization) {}

  Network network;
  std::unique_ptr<FusedNetwork> fused;  // null: libtorch runs and differentiates the network
  BatchDrawer drawer;
  double loss = 0;
  double correct = 0;
  std::unique_ptr<Worker> worker;  // null: computed by the training thread
};

class Trainer {
 public:
  Trainer(const TrainingRequest& request, Graph graph, Normalization normalization, JobLog& log)
      : request_(request),
        settings_(request.settings),
        log_(log),
        normalization_(std::move(normalization)),
        device_(BestDevice()),
        network_(std::move(graph), device_, static_cast<std::uint64_t>(settings_.seed)),
        optimizer_(settings_, network_.weights(), network_.decay_mask()),
        compute_(settings_.precision_dtype == "float32" ? at::kFloat : at::kBFloat16) {
    batch_size_ = std::min<int>(settings_.mini_batch_size, static_cast<int>(request.train->size()));
    if (request.start != nullptr) network_.Import(request.start->parameters);
    if (settings_.ema_decay > 0) average_ = Copy();
    MakeParts();
  }

  Result<TrainedModel> Run();

 private:
  Weights Copy() const { return {network_.weights().clone(), network_.statistics().clone()}; }
  void Load(const Weights& weights) {
    at::NoGradGuard no_grad;
    network_.weights().copy_(weights.trained);
    network_.statistics().copy_(weights.statistics);
  }
  bool Stopped() const { return request_.stop != nullptr && request_.stop->load(); }

  Result<EpochResult> RunEpoch(int epoch);
  void MakeParts();
  struct Place {
    int epoch;
    int batch;
    double progress;  // epochs with a fraction
    const int* order;
  };
  double Step(const Place& place, double& correct);
  void ComputePart(const Place& place, int index);
  void OnEveryPart(const std::function<void(int index)>& work);
  void UpdateAverage();
  Evaluation Evaluate(const PictureSet& set);
  Evaluation EvaluateShare(const PictureSet& set, int index);
  // Validates, keeps the best and writes a checkpoint. Returns the accuracy that decisions go by:
  // of validation where there is a channel for it, else of training.
  Result<double> FinishEpoch(int epoch, const EpochResult& result, double started);
  Result<TrainedModel> Finish();

  const TrainingRequest& request_;
  const Hyperparameters& settings_;
  JobLog& log_;
  Normalization normalization_;
  at::Device device_;
  Network network_;
  Optimizer optimizer_;
  at::ScalarType compute_;
  int batch_size_ = 1;
  int threads_a_part_ = 1;
  std::vector<std::unique_ptr<Part>> parts_;
  Weights average_;
  Weights best_;
  double best_accuracy_ = -1;
  long steps_ = 0;
  Metrics metrics_;
};

void Trainer::MakeParts() {
  // A part normalises by its own pictures' statistics, so it needs a few.
  constexpr int kSmallestPart = 4;
  int count = device_.is_cuda() ? 1 : std::min(settings_.batch_parts, batch_size_ / kSmallestPart);
  count = std::max(count, 1);
  int threads = ThreadCount(settings_);
  threads_a_part_ = std::max(1, threads / count);
  at::set_num_threads(threads_a_part_);
  for (int i = 0; i < count; ++i) {
    parts_.push_back(std::make_unique<Part>(Network::Sharing(network_), settings_, normalization_));
    if (FusedNetwork::Supports(network_.graph(), device_, compute_)) {
      parts_.back()->fused = std::make_unique<FusedNetwork>(network_.graph());
    }
    if (i == 0 || threads == 1) continue;
    parts_.back()->worker = std::make_unique<Worker>();
    parts_.back()->worker->Start([threads = threads_a_part_] { at::set_num_threads(threads); });
    parts_.back()->worker->Wait();
  }
}

// The gradient of a part is its share of the whole batch's, so that they add up.
void Trainer::ComputePart(const Place& place, int index) {
  Part& part = *parts_[index];
  const PictureSet& set = *request_.train;
  int size = batch_size_ / static_cast<int>(parts_.size());
  std::size_t first =
      static_cast<std::size_t>(place.batch) * batch_size_ + static_cast<std::size_t>(index) * size;
  Canvas canvas = part.drawer.CanvasFor(ShownSizeAt(settings_, place.progress / settings_.epochs));
  bool last_epochs = place.epoch >= settings_.epochs - settings_.augmentation_off_epochs;
  auto epoch = static_cast<std::uint64_t>(place.epoch);
  part.drawer.DrawAugmented(set, {place.order + first, size, epoch, first, last_epochs}, canvas);
  at::Tensor pictures = part.drawer.Pixels(set.channels, canvas).to(device_);
  at::Tensor targets = part.drawer.Targets().to(device_);
  at::Tensor logits;
  if (part.fused) {
    part.fused->TakeWeights(part.network);
    logits = part.fused->Forward(part.network, pictures, Network::Mode::kTraining);
    logits.set_requires_grad(true);
  } else {
    part.network.gradient().zero_();
    logits = part.network.Forward(pictures, Network::Mode::kTraining, compute_);
  }
  double share = 1.0 / (static_cast<double>(size) * parts_.size());
  at::Tensor loss = (targets * at::log_softmax(logits, 1)).sum() * -share;
  loss.backward();
  if (part.fused) part.fused->Backward(part.network, logits.grad());
  at::NoGradGuard no_grad;
  part.correct = (logits.argmax(1) == targets.argmax(1)).sum().item<double>();
  part.loss = loss.item<double>();
}

// Calls `work` once for each part, side by side where there are threads. Every call has ended when
// this returns or throws, so that `work` may use the caller's variables.
void Trainer::OnEveryPart(const std::function<void(int index)>& work) {
  std::exception_ptr failure;
  auto guarded = [&](auto&& call) {
    try {
      call();
    } catch (...) {
      failure = std::current_exception();
    }
  };
  int count = static_cast<int>(parts_.size());
  for (int i = 1; i < count; ++i) {
    if (parts_[i]->worker) parts_[i]->worker->Start([&work, i] { work(i); });
  }
  for (int i = 0; i < count; ++i) {
    if (!parts_[i]->worker) guarded([&] { work(i); });
  }
  for (int i = 1; i < count; ++i) {
    if (parts_[i]->worker) guarded([&] { parts_[i]->worker->Wait(); });
  }
  if (failure) std::rethrow_exception(failure);
}

double Trainer::Step(const Place& place, double& correct) {
  OnEveryPart([&](int index) { ComputePart(place, index); });
  at::NoGradGuard no_grad;
  double loss = 0;
  network_.gradient().zero_();
  network_.statistics().zero_();
  for (auto& part : parts_) {
    network_.gradient().add_(part->network.gradient());
    network_.statistics().add_(part->network.statistics(), 1.0 / parts_.size());
    loss += part->loss;
    correct += part->correct;
  }
  optimizer_.Step(network_.gradient(), LearningRateAt(settings_, place.progress));
  UpdateAverage();
  return loss;
}

void Trainer::UpdateAverage() {
  ++steps_;
  if (!average_.trained.defined()) return;
  at::NoGradGuard no_grad;
  // A young average follows closely, or it would remember the random start.
  double decay = std::min(settings_.ema_decay, (1.0 + steps_) / (10.0 + steps_));
  average_.trained.lerp_(network_.weights(), 1 - decay);
  average_.statistics.lerp_(network_.statistics(), 1 - decay);
}

Result<EpochResult> Trainer::RunEpoch(int epoch) {
  const PictureSet& set = *request_.train;
  std::vector<int> order(set.size());
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(static_cast<std::uint64_t>(settings_.seed), 0,
                      static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.Below(static_cast<int>(i))]);
  }
  int size = batch_size_;
  int batches = static_cast<int>(set.size()) / size;
  double correct = 0;
  double loss = 0;
  double line_started = Seconds();
  int done = 0;
  for (int batch = 0; batch < batches && !Stopped(); ++batch) {
    double progress = epoch + static_cast<double>(batch) / batches;
    double step_loss = Step({epoch, batch, progress, order.data()}, correct);
    if (!std::isfinite(step_loss)) {
      return Error(Code::kInternal, "the loss is no longer a number in epoch " +
                                        std::to_string(epoch) + ": use a lower learning_rate");
    }
    loss += step_loss;
    ++done;
    if (batch > 0 && batch % kBatchesPerSpeedLine == 0) {
      double speed = kBatchesPerSpeedLine * size / (Seconds() - line_started);
      log_.Info("Epoch[" + std::to_string(epoch) + "] Batch [" + std::to_string(batch) +
                "]#011Speed: " + Fixed(speed, 3) +
                " samples/sec#011accuracy=" + Fixed(correct / (done * size), 6));
      line_started = Seconds();
    }
  }
  done = std::max(done, 1);
  return EpochResult{correct / (done * size), loss / done};
}

Evaluation Trainer::Evaluate(const PictureSet& set) {
  std::vector<Evaluation> shares(parts_.size());
  OnEveryPart([&](int index) { shares[index] = EvaluateShare(set, index); });
  Evaluation total;
  for (const Evaluation& share : shares) {
    total.correct += share.correct;
    total.top_k_correct += share.top_k_correct;
  }
  return total;
}

// Every n-th batch of pictures, n being the number of parts.
Evaluation Trainer::EvaluateShare(const PictureSet& set, int index) {
  at::NoGradGuard no_grad;
  Evaluation result;
  BatchDrawer& drawer = parts_[index]->drawer;
  FusedNetwork* fused = parts_[index]->fused.get();
  if (fused != nullptr) fused->TakeWeights(network_);
  Canvas canvas = drawer.CanvasFor({settings_.height, settings_.width});
  std::size_t step = kEvaluationBatch * parts_.size();
  for (std::size_t first = kEvaluationBatch * index; first < set.size(); first += step) {
    int count = static_cast<int>(std::min<std::size_t>(kEvaluationBatch, set.size() - first));
    drawer.DrawPlain(set, first, count, canvas);
    at::Tensor pictures = drawer.Pixels(set.channels, canvas).to(device_);
    at::Tensor logits = fused != nullptr
                            ? fused->Forward(network_, pictures, Network::Mode::kInference)
                            : network_.Forward(pictures, Network::Mode::kInference, compute_);
    logits = logits.to(at::kCPU).contiguous();
    for (int i = 0; i < count; ++i) {
      const float* row = logits.data_ptr<float>() + static_cast<long>(i) * settings_.num_classes;
      result.Count(row, settings_.num_classes, set.pictures[first + i].label, settings_.top_k);
    }
  }
  return result;
}

Result<double> Trainer::FinishEpoch(int epoch, const EpochResult& result, double started) {
  std::string prefix = "Epoch[" + std::to_string(epoch) + "] ";
  log_.Info(prefix + "Train-accuracy=" + Fixed(result.accuracy, 6));
  log_.Info(prefix + "Time cost=" + Fixed(Seconds() - started, 3));
  metrics_.train_accuracy = result.accuracy;
  metrics_.train_loss = result.loss;
  metrics_.epochs_run = epoch + 1;
  Weights current;
  if (average_.trained.defined()) {
    current = Copy();
    Load(average_);
  }
  double accuracy = result.accuracy;
  if (request_.validation != nullptr) {
    Evaluation evaluation = Evaluate(*request_.validation);
    auto total = static_cast<double>(request_.validation->size());
    accuracy = evaluation.correct / total;
    log_.Info(prefix + "Validation-accuracy=" + Fixed(accuracy, 6));
    if (settings_.top_k > 1) {
      log_.Info(prefix + "Validation-top_k_accuracy_" + std::to_string(settings_.top_k) + "=" +
                Fixed(evaluation.top_k_correct / total, 6));
    }
  }
  if (settings_.model_selection == "best" && accuracy > best_accuracy_) {
    best_accuracy_ = accuracy;
    best_ = Copy();
    metrics_.kept_epoch = epoch;
    log_.Info(std::string("Storing the best model with ") +
              (request_.validation != nullptr ? "validation" : "train") +
              " accuracy: " + Fixed(accuracy, 6));
  }
  if (request_.checkpoint && settings_.checkpoint_frequency > 0 &&
      (epoch + 1) % settings_.checkpoint_frequency == 0) {
    TRY_VOID(request_.checkpoint(epoch, network_.graph(), network_.Export()));
  }
  if (current.trained.defined()) Load(current);
  return accuracy;
}

Result<TrainedModel> Trainer::Finish() {
  if (settings_.model_selection == "best" && best_.trained.defined()) {
    Load(best_);
  } else {
    metrics_.kept_epoch = std::max(metrics_.epochs_run - 1, 0);
    if (average_.trained.defined()) Load(average_);
  }
  metrics_.stopped = Stopped();
  return TrainedModel{network_.graph(), network_.Export(), normalization_, metrics_};
}

Result<TrainedModel> Trainer::Run() {
  double started = Seconds();
  EarlyStopping early_stopping(settings_);
  for (int epoch = 0; epoch < settings_.epochs; ++epoch) {
    double epoch_started = Seconds();
    TRY(EpochResult result, RunEpoch(epoch));
    TRY(double accuracy, FinishEpoch(epoch, result, epoch_started));
    if (Stopped()) {
      log_.Info("Stop requested. Keeping the model as it is after epoch " + std::to_string(epoch));
      break;
    }
    if (settings_.early_stopping && early_stopping.Observe(epoch, accuracy)) {
      log_.Info("Early stopping criteria met.");
      break;
    }
  }
  metrics_.seconds = Seconds() - started;
  return Finish();
}

}  // namespace

ResNetShape NetworkShape(const Hyperparameters& settings) {
  return {settings.num_layers,  settings.channels,     settings.height,     settings.width,
          settings.num_classes, settings.width_factor, settings.stem_stride};
}

Result<TrainedModel> Train(const TrainingRequest& request, JobLog& log) {
  return Guarded([&]() -> Result<TrainedModel> {
    const Hyperparameters& s = request.settings;
    TRY(Graph graph, MakeResNet(NetworkShape(s)));
    Normalization normalization = request.start != nullptr ? request.start->normalization
                                                           : MeasureNormalization(*request.train);
    Trainer trainer(request, std::move(graph), std::move(normalization), log);
    return trainer.Run();
  });
}

Result<std::vector<std::vector<float>>> Predict(const TrainedModel& model,
                                                const Hyperparameters& settings,
                                                const PictureSet& pictures) {
  return Guarded([&]() -> Result<std::vector<std::vector<float>>> {
    at::set_num_threads(ThreadCount(settings));
    at::NoGradGuard no_grad;
    Network network(model.graph, at::kCPU, 0);
    network.Import(model.parameters);
    BatchDrawer drawer(settings, model.normalization);
    Canvas canvas = drawer.CanvasFor({settings.height, settings.width});
    std::vector<std::vector<float>> result;
    for (std::size_t first = 0; first < pictures.size(); first += kEvaluationBatch) {
      auto count =
          static_cast<int>(std::min<std::size_t>(kEvaluationBatch, pictures.size() - first));
      drawer.DrawPlain(pictures, first, count, canvas);
      at::Tensor logits = network.Forward(drawer.Pixels(pictures.channels, canvas),
                                          Network::Mode::kInference, at::kFloat);
      at::Tensor rows = at::softmax(logits, 1).contiguous();
      const float* row = rows.data_ptr<float>();
      for (int i = 0; i < count; ++i, row += settings.num_classes) {
        result.emplace_back(row, row + settings.num_classes);
      }
    }
    return result;
  });
}

}  // namespace scones::train
