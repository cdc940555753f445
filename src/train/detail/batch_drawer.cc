#include "train/detail/batch_drawer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <string>

#include "train/random_stream.h"

namespace scones::train {
namespace {

// Keeps the streams of drawing and mixing apart.
constexpr std::uint64_t kMixing = 0x6d6978;
// Streams 0 and 1 of a seed are the order of the pictures and the initial weights.
constexpr std::uint64_t kFirstEpochStream = 2;

}  // namespace

BatchDrawer::BatchDrawer(const Hyperparameters& settings, const Normalization& normalization)
    : settings_(settings), normalization_(normalization) {
  const std::string& type = settings.augmentation_type;
  augmentation_.crop_and_flip = type != "none";
  augmentation_.color = type == "crop_color" || type == "crop_color_transform";
  augmentation_.transform = type == "crop_color_transform";
  augmentation_.crop_padding = settings.crop_padding;
  augmentation_.cutout = settings.cutout;
  augmentation_.zoom = settings.zoom;
}

void BatchDrawer::DrawPlain(const PictureSet& set, std::size_t first, int count,
                            const Canvas& canvas) {
  Resize(set, count, canvas);
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      RandomStream unused(0);
      DrawPicture(set, first + i, canvas, {}, normalization_, unused, drawn_.data() + i * stride_);
    }
  });
}

void BatchDrawer::DrawAugmented(const PictureSet& set, const Batch& batch, const Canvas& canvas) {
  Resize(set, batch.count, canvas);
  Augmentation augmentation = augmentation_;
  if (batch.plain_colors) {
    augmentation.color = augmentation.transform = false;
    augmentation.cutout = 0;
    augmentation.zoom = 0;
  }
  auto seed = static_cast<std::uint64_t>(settings_.seed);
  at::parallel_for(0, batch.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      RandomStream random(seed, kFirstEpochStream + batch.epoch, batch.position + i);
      DrawPicture(set, batch.order[i], canvas, augmentation, normalization_, random,
                  drawn_.data() + i * stride_);
    }
  });
  SetTargets(set, batch);
  bool mixes = settings_.mixup_alpha > 0 || settings_.cutmix_alpha > 0;
  if (mixes && !batch.plain_colors) Mix(set.channels, batch, canvas);
}

at::Tensor BatchDrawer::Pixels(int channels, const Canvas& canvas) {
  auto count = static_cast<std::int64_t>(drawn_.size() / stride_);
  at::Tensor rows = at::from_blob(drawn_.data(), {count, canvas.height, canvas.width, channels},
                                  at::TensorOptions().dtype(at::kFloat));
  return rows.permute({0, 3, 1, 2});
}

at::Tensor BatchDrawer::Targets() {
  auto count = static_cast<std::int64_t>(targets_.size()) / settings_.num_classes;
  return at::from_blob(targets_.data(), {count, settings_.num_classes},
                       at::TensorOptions().dtype(at::kFloat));
}

void BatchDrawer::Resize(const PictureSet& set, int count, const Canvas& canvas) {
  stride_ = static_cast<std::size_t>(canvas.height) * canvas.width * set.channels;
  drawn_.resize(stride_ * count);
}

void BatchDrawer::SetTargets(const PictureSet& set, const Batch& batch) {
  auto classes = static_cast<std::size_t>(settings_.num_classes);
  targets_.assign(batch.count * classes,
                  static_cast<float>(settings_.label_smoothing / settings_.num_classes));
  for (int i = 0; i < batch.count; ++i) {
    targets_[i * classes + set.pictures[batch.order[i]].label] +=
        static_cast<float>(1 - settings_.label_smoothing);
  }
}

// Each picture is mixed with its neighbour in the (random) order.
void BatchDrawer::Mix(int channels, const Batch& batch, const Canvas& canvas) {
  mixed_.resize(drawn_.size());
  std::vector<float> shares(batch.count, 1);
  std::uint64_t seed = static_cast<std::uint64_t>(settings_.seed) ^ kMixing;
  at::parallel_for(0, batch.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float* first = drawn_.data() + i * stride_;
      const float* second = drawn_.data() + (i + 1) % batch.count * stride_;
      float* out = mixed_.data() + i * stride_;
      RandomStream random(seed, kFirstEpochStream + batch.epoch, batch.position + i);
      if (random.Uniform() >= settings_.mix_probability) {
        std::copy_n(first, stride_, out);
        continue;
      }
      bool cut = settings_.mixup_alpha <= 0 || (settings_.cutmix_alpha > 0 && random.Coin());
      double share = random.SymmetricBeta(cut ? settings_.cutmix_alpha : settings_.mixup_alpha);
      shares[i] = cut ? CutMix(first, second, canvas, channels, share, random, out)
                      : MixUp(first, second, stride_, share, out);
    }
  });
  drawn_.swap(mixed_);
  auto classes = static_cast<std::size_t>(settings_.num_classes);
  std::vector<float> plain = targets_;
  for (int i = 0; i < batch.count; ++i) {
    const float* second = plain.data() + (i + 1) % batch.count * classes;
    for (std::size_t c = 0; c < classes; ++c) {
      float& target = targets_[i * classes + c];
      target = shares[i] * target + (1 - shares[i]) * second[c];
    }
  }
}

}  // namespace scones::train
