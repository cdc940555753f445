// prepare-pictures DATASET DIR CLASS...: writes the chosen classes of a data set (without any, all)
// as DIR/train, DIR/test, DIR/train.lst and DIR/test.lst; `--except CLASS...` chooses all others.
// For bench/accuracy.sh and models/pretrain.sh.
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "vision/dataset.h"
#include "vision/image_folder.h"

namespace {

using scones::vision::Dataset;
using scones::vision::DatasetOptions;

scones::Result<Dataset> Read(const char* path, std::vector<std::string> classes, bool except) {
  DatasetOptions options;
  if (!except) {
    options.classes = std::move(classes);
    return scones::vision::ReadDataset(path, options);
  }
  TRY(Dataset all, scones::vision::ReadDataset(path, options));
  for (const std::string& name : all.class_names) {
    if (std::find(classes.begin(), classes.end(), name) == classes.end()) {
      options.classes.push_back(name);
    }
  }
  return scones::vision::ReadDataset(path, options);
}

}  // namespace

int main(int count, char** arguments) {
  bool except = count > 3 && std::string_view(arguments[3]) == "--except";
  int first = except ? 4 : 3;
  if (count < first) {
    std::fputs("usage: prepare-pictures DATASET DIR [--except] [CLASS...]\n", stderr);
    return 2;
  }
  auto dataset = Read(arguments[1], {arguments + first, arguments + count}, except);
  if (!dataset) {
    std::fprintf(stderr, "%s\n", dataset.error().message().c_str());
    return 1;
  }
  auto written = scones::vision::WriteImageFolder(*dataset, arguments[2]);
  if (!written) {
    std::fprintf(stderr, "%s\n", written.error().message().c_str());
    return 1;
  }
  std::printf("%zu training and %zu test pictures of %zu classes\n", dataset->train.size(),
              dataset->test.size(), dataset->class_names.size());
  return 0;
}
