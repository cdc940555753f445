// RangeFinder: the range of a value, as seen in pictures, that loses least when it is cut into
// equal steps. Pure.
#pragma once

#include <span>
#include <vector>

namespace scones::nn {

class RangeFinder {
 public:
  // From 0 to the limit there will be `steps` steps.
  explicit RangeFinder(int steps) : steps_(steps) {}

  // The finite values of one picture.
  void Add(std::span<const float> picture);

  float low() const { return low_; }
  float high() const { return high_; }
  // The magnitude at which to clip so that pictures lose least. A picture's loss is the square of
  // its error in parts of its own squares, and saturates: one that sets the network off, whose
  // values are hundreds of times the usual, is given up rather than all others.
  float BestLimit() const;

 private:
  const int steps_;
  std::vector<double> losses_;  // by candidate for the limit, summed over pictures
  std::vector<float> largest_;  // magnitude of each picture that has any
  float low_ = 0;
  float high_ = 0;
};

}  // namespace scones::nn
