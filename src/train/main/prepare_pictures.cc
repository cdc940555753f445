// prepare-pictures DATASET DIR CLASS...: writes the chosen classes of a data set as DIR/train,
// DIR/test, DIR/train.lst and DIR/test.lst. For bench/accuracy.sh.
#include <cstdio>

#include "vision/dataset.h"
#include "vision/image_folder.h"

int main(int count, char** arguments) {
  if (count < 5) {
    std::fputs("usage: prepare-pictures DATASET DIR CLASS CLASS...\n", stderr);
    return 2;
  }
  scones::vision::DatasetOptions options;
  options.classes.assign(arguments + 3, arguments + count);
  auto dataset = scones::vision::ReadDataset(arguments[1], options);
  if (!dataset) {
    std::fprintf(stderr, "%s\n", dataset.error().message().c_str());
    return 1;
  }
  auto written = scones::vision::WriteImageFolder(*dataset, arguments[2]);
  if (!written) {
    std::fprintf(stderr, "%s\n", written.error().message().c_str());
    return 1;
  }
  std::printf("%zu training and %zu test pictures\n", dataset->train.size(), dataset->test.size());
  return 0;
}
