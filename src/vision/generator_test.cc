#include "vision/generator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "io/file.h"
#include "vision/dataset.h"
#include "vision/image_folder.h"
#include "vision/image_statistics.h"
#include "vision/test_files.h"

namespace scones::vision {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Generator, TheArchiveIsReadBackByTheSameReader) {
  const io::TemporaryDirectory directory;
  const fs::path file = directory.path() / "drawn.tar.gz";
  ASSERT_TRUE(WriteGeneratedArchive(file, {.seed = 3, .train_per_class = 6, .test_per_class = 2}));
  const auto dataset = ReadDataset(file, {.classes = {"bicycle", "motorcycle"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->format, DatasetFormat::kCifar100);
  EXPECT_EQ(dataset->train.size(), 12u);
  EXPECT_EQ(dataset->test.size(), 4u);
  int motorcycles = 0;
  for (const Record& record : dataset->train) {
    motorcycles += record.label;
    EXPECT_THAT(record.file_name,
                HasSubstr(record.label == 1 ? "drawn_motorcycle" : "drawn_bicycle"));
    EXPECT_GT(ComputeStatistics(record.image).contrast, 0.005);
  }
  EXPECT_EQ(motorcycles, 6);
  const auto all = ReadDataset(file);
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->class_names.size(), 100u);
  EXPECT_EQ(all->class_names[8], "bicycle");
  EXPECT_EQ(all->class_names[48], "motorcycle");
}

TEST(Generator, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const io::TemporaryDirectory directory;
  const GeneratorOptions options{.seed = 3, .train_per_class = 3, .test_per_class = 1};
  GeneratorOptions other = options;
  other.seed = 4;
  ASSERT_TRUE(WriteGeneratedArchive(directory.path() / "a", options));
  ASSERT_TRUE(WriteGeneratedArchive(directory.path() / "b", options));
  ASSERT_TRUE(WriteGeneratedArchive(directory.path() / "c", other));
  EXPECT_EQ(ReadBytes(directory.path() / "a"), ReadBytes(directory.path() / "b"));
  EXPECT_NE(ReadBytes(directory.path() / "a"), ReadBytes(directory.path() / "c"));
}

TEST(Generator, PicturesDiffer) {
  std::vector<Image> images;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const Vehicle vehicle : {Vehicle::kBicycle, Vehicle::kMotorcycle}) {
      const Image image = DrawVehicle(vehicle, seed);
      ASSERT_EQ(image.width, 32);
      ASSERT_EQ(image.height, 32);
      EXPECT_EQ(std::count(images.begin(), images.end(), image), 0);
      images.push_back(image);
    }
  }
}

TEST(Generator, BadCountsAndCancellingLeaveNoFile) {
  const io::TemporaryDirectory directory;
  const fs::path file = directory.path() / "drawn.tar.gz";
  EXPECT_FALSE(WriteGeneratedArchive(file, {.train_per_class = 0}));
  EXPECT_FALSE(WriteGeneratedArchive(file, {.test_per_class = 5001}));
  GeneratorOptions options;
  options.progress = [](std::uint64_t done, std::uint64_t) { return done < 5; };
  const auto cancelled = WriteGeneratedArchive(file, options);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Code::kCancelled);
  EXPECT_FALSE(fs::exists(file));
}

// Python, where it is here with numpy, must agree on what a CIFAR archive is.
class PythonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
      GTEST_SKIP() << "no /usr/bin/python3 with numpy here";
    }
    ASSERT_TRUE(WriteGeneratedArchive(directory_.path() / "drawn.tar.gz",
                                      {.train_per_class = 4, .test_per_class = 2}));
  }
  int Run(const std::string& script) {
    WriteBytes(directory_.path() / "script.py", "import tarfile, pickle, io, numpy\n" + script);
    const std::string folder = directory_.path().string();
    return std::system(fmt::format("cd {} && /usr/bin/python3 script.py", folder).c_str());
  }

  io::TemporaryDirectory directory_;
};

TEST_F(PythonTest, ReadsTheGeneratedArchive) {
  const auto dataset = ReadDataset(directory_.path() / "drawn.tar.gz");
  ASSERT_TRUE(dataset) << dataset.error().message();
  const Record& record = dataset->train[5];
  EXPECT_EQ(Run(fmt::format(
                R"(
tar = tarfile.open('drawn.tar.gz')
load = lambda n: pickle.load(tar.extractfile('cifar-100-python/' + n), encoding='bytes')
meta, train, test = load('meta'), load('train'), load('test')
assert len(meta[b'fine_label_names']) == 100 and len(meta[b'coarse_label_names']) == 20
assert train[b'data'].shape == (8, 3072) and train[b'data'].dtype == numpy.uint8
assert test[b'data'].shape == (4, 3072)
assert train[b'filenames'][5] == b'{}'
assert meta[b'fine_label_names'][train[b'fine_labels'][5]] == b'{}'
assert list(train[b'data'][5].reshape(3, 32, 32)[:, 7, 9]) == [{}, {}, {}]
)",
                record.file_name, dataset->class_names[static_cast<std::size_t>(record.label)],
                record.image.At(9, 7)[0], record.image.At(9, 7)[1], record.image.At(9, 7)[2])),
            0);
}

TEST_F(PythonTest, WritesEveryProtocolThatOursReads) {
  const auto original = ReadDataset(directory_.path() / "drawn.tar.gz");
  ASSERT_TRUE(original) << original.error().message();
  ASSERT_EQ(Run(R"(
source = tarfile.open('drawn.tar.gz')
for encoding in ('bytes', 'latin1'):
  for protocol in range(5):
    target = tarfile.open('again-%s-%d.tar.gz' % (encoding, protocol), 'w:gz')
    for name in ('meta', 'train', 'test'):
      value = pickle.load(source.extractfile('cifar-100-python/' + name), encoding=encoding)
      body = pickle.dumps(value, protocol=protocol)
      entry = tarfile.TarInfo('cifar-100-python/' + name)
      entry.size = len(body)
      target.addfile(entry, io.BytesIO(body))
    target.close()
)"),
            0);
  for (const char* encoding : {"bytes", "latin1"}) {
    for (int protocol = 0; protocol < 5; ++protocol) {
      const fs::path file =
          directory_.path() / fmt::format("again-{}-{}.tar.gz", encoding, protocol);
      const auto dataset = ReadDataset(file);
      ASSERT_TRUE(dataset) << dataset.error().message();
      ASSERT_EQ(dataset->train.size(), original->train.size());
      for (std::size_t i = 0; i < dataset->train.size(); ++i) {
        EXPECT_EQ(dataset->train[i].image, original->train[i].image);
        EXPECT_EQ(dataset->train[i].file_name, original->train[i].file_name);
      }
    }
  }
}

}  // namespace
}  // namespace scones::vision
