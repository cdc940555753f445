#include "vision/dataset.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "io/file.h"
#include "vision/detail/cifar_writer.h"
#include "vision/generator.h"
#include "vision/image_folder.h"
#include "vision/lst.h"
#include "vision/test_files.h"

namespace scones::vision {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DatasetTest : public ::testing::Test {
 protected:
  fs::path Path(const std::string& name) const { return directory_.path() / name; }

  void ExpectRefused(const fs::path& path, const std::string& part, Code code = Code::kInvalid,
                     const DatasetOptions& options = {}) {
    const Result<Dataset> dataset = ReadDataset(path, options);
    ASSERT_FALSE(dataset) << part;
    EXPECT_EQ(dataset.error().code(), code) << dataset.error().message();
    EXPECT_THAT(dataset.error().message(), HasSubstr(part));
    EXPECT_THAT(dataset.error().message(), HasSubstr(path.filename().string()));
  }

  // A small archive: classes cat (0) and dog (1), pictures filled with their number.
  static detail::CifarRecord Picture(const std::string& name, std::uint8_t label, int value) {
    detail::CifarRecord record{name, label, 0, Image(32, 32)};
    std::fill(record.image.pixels.begin(), record.image.pixels.end(),
              static_cast<std::uint8_t>(value));
    record.image.At(1, 2)[1] = 77;
    return record;
  }
  static std::string Meta() { return detail::MakeCifarMeta({"cat", "dog"}, {"animal"}); }
  static std::string Train() {
    return detail::MakeCifarSplit("train", {Picture("a.png", 0, 1), Picture("b.png", 1, 2),
                                            Picture("c.png", 0, 3), Picture("b.png", 1, 4)});
  }
  static std::string Test() {
    return detail::MakeCifarSplit("test", {Picture("d.png", 1, 5), Picture("e.png", 0, 6)});
  }
  fs::path Archive(const std::vector<std::pair<std::string, std::string>>& files) {
    const fs::path path = Path("data.tar.gz");
    WriteBytes(path, detail::MakeTarGz(files));
    return path;
  }

  io::TemporaryDirectory directory_;
};

TEST_F(DatasetTest, ACifarArchiveIsReadWhateverTheOrderOfItsFiles) {
  for (const bool meta_first : {true, false}) {
    std::vector<std::pair<std::string, std::string>> files = {
        {"cifar-100-python/file.txt~", "ignored"},
        {"cifar-100-python/train", Train()},
        {"cifar-100-python/test", Test()}};
    files.insert(meta_first ? files.begin() : files.end(), {"cifar-100-python/meta", Meta()});
    const auto dataset = ReadDataset(Archive(files));
    ASSERT_TRUE(dataset) << dataset.error().message();
    EXPECT_EQ(dataset->format, DatasetFormat::kCifar100);
    EXPECT_THAT(dataset->class_names, ElementsAre("cat", "dog"));
    ASSERT_EQ(dataset->train.size(), 4u);
    ASSERT_EQ(dataset->test.size(), 2u);
    EXPECT_EQ(dataset->train[2].image.At(0, 0)[0], 3);
    EXPECT_EQ(dataset->train[2].image.At(1, 2)[1], 77);
    EXPECT_EQ(dataset->train[3].file_name, "b-3.png") << "a name that comes twice is made unique";
    EXPECT_EQ(dataset->train[3].index, 3u);
  }
}

TEST_F(DatasetTest, SelectedClassesAreNumberedInTheOrderAsked) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  const auto dataset = ReadDataset(path, {.classes = {"dog", "cat"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->train[0].label, 1);
  EXPECT_EQ(dataset->train[1].label, 0);
  const auto dogs = ReadDataset(path, {.classes = {"dog"}});
  ASSERT_TRUE(dogs) << dogs.error().message();
  ASSERT_EQ(dogs->train.size(), 2u);
  EXPECT_EQ(dogs->train[0].file_name, "b.png");
  EXPECT_EQ(dogs->train[0].index, 1u) << "the index is that of the original split";
  ExpectRefused(path, "no class 'bird'; its classes are: cat, dog", Code::kInvalid,
                {.classes = {"bird"}});
  ExpectRefused(path, "'cat' is named twice", Code::kInvalid, {.classes = {"cat", "cat"}});
}

TEST_F(DatasetTest, AnUnpackedCifarFolderIsRead) {
  WriteBytes(Path("set/cifar-100-python/meta"), Meta());
  WriteBytes(Path("set/cifar-100-python/train"), Train());
  WriteBytes(Path("set/cifar-100-python/test"), Test());
  for (const fs::path& path : {Path("set"), Path("set") / "cifar-100-python"}) {
    const auto dataset = ReadDataset(path);
    ASSERT_TRUE(dataset) << dataset.error().message();
    EXPECT_EQ(dataset->test.size(), 2u);
  }
}

TEST_F(DatasetTest, Cifar10BatchesAreJoinedInOrder) {
  const auto rename = [](std::string bytes, const std::string& from, const std::string& to) {
    const std::string before = std::string("U") + static_cast<char>(from.size()) + from;
    const std::string after = std::string("U") + static_cast<char>(to.size()) + to;
    bytes.replace(bytes.find(before), before.size(), after);
    return bytes;
  };
  const std::string meta = rename(Meta(), "fine_label_names", "label_names");
  const std::string one = rename(Test(), "fine_labels", "labels");
  const std::string two =
      rename(detail::MakeCifarSplit("b", {Picture("f.png", 0, 8), Picture("g.png", 0, 9)}),
             "fine_labels", "labels");
  const auto dataset = ReadDataset(Archive({{"c/data_batch_2", two},
                                            {"c/data_batch_1", one},
                                            {"c/batches.meta", meta},
                                            {"c/test_batch", one},
                                            {"c/readme.html", "hello"}}));
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->format, DatasetFormat::kCifar10);
  ASSERT_EQ(dataset->train.size(), 4u);
  EXPECT_EQ(dataset->train[0].file_name, "d.png");
  EXPECT_EQ(dataset->train[2].file_name, "f.png");
  EXPECT_EQ(dataset->train[2].index, 2u);
}

TEST_F(DatasetTest, ATruncatedArchiveIsRefused) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  const std::string whole = ReadBytes(path);
  for (const double share : {0.2, 0.5, 0.9, 0.999}) {
    WriteBytes(
        path, whole.substr(0, static_cast<std::size_t>(static_cast<double>(whole.size()) * share)));
    ExpectRefused(path, "fetch it again");
  }
  WriteBytes(path, "");
  ExpectRefused(path, "empty");
}

TEST_F(DatasetTest, DamageInsideAnArchiveIsNoticedByItsChecksum) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  std::string bytes = ReadBytes(path);
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);
  WriteBytes(path, bytes);
  ExpectRefused(path, "damaged");
}

TEST_F(DatasetTest, AnArchiveThatRunsCodeIsRefusedByName) {
  const fs::path path = Archive({{"x/meta", "cos\nsystem\n(S'true'\ntR."}});
  ExpectRefused(path, "os.system");
  ExpectRefused(path, "x/meta");
}

TEST_F(DatasetTest, AnArchiveWithoutItsPartsNamesWhatIsMissing) {
  ExpectRefused(Archive({{"x/train", Train()}, {"x/test", Test()}}), "lacks 'meta'");
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/test", Test()}}), "lacks the training pictures");
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/train", Train()}}), "lacks the test pictures");
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/train", "I1\n."}}), "lacks 'data'");
  const std::string bad_label = detail::MakeCifarSplit("t", {Picture("a.png", 2, 1)});
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/train", bad_label}}), "label 2, but there are 2");
  const std::string bad_name = detail::MakeCifarSplit("t", {Picture("../a.png", 0, 1)});
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/train", bad_name}}), "no plain name");
  const std::string only_cats = detail::MakeCifarSplit("t", {Picture("a.png", 0, 1)});
  ExpectRefused(Archive({{"x/meta", Meta()}, {"x/train", only_cats}, {"x/test", Test()}}),
                "no training pictures of the class 'dog'", Code::kInvalid,
                {.classes = {"cat", "dog"}});
}

// An archive with one entry of any kind.
std::string HostileTar(const std::string& path, unsigned type, const std::string& target = "") {
  std::string out(1 << 16, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_ustar(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, path.c_str());
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, 0);
  if (type == AE_IFLNK) archive_entry_set_symlink(entry, target.c_str());
  if (type == AE_IFREG && !target.empty()) archive_entry_set_hardlink(entry, target.c_str());
  archive_write_header(writer, entry);
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

TEST_F(DatasetTest, HostileEntriesAreRefused) {
  const fs::path path = Path("data.tar");
  const struct {
    std::string tar;
    std::string part;
  } cases[] = {{HostileTar("../../etc/passwd", AE_IFREG), "leads out"},
               {HostileTar("/etc/passwd", AE_IFREG), "leads out"},
               {HostileTar("x/../../meta", AE_IFREG), "leads out"},
               {HostileTar("x/meta", AE_IFLNK, "/etc/passwd"), "is a link"},
               {HostileTar("x/meta", AE_IFREG, "x/train"), "is a link"},
               {HostileTar("x/meta", AE_IFCHR), "device"},
               {HostileTar("x/meta", AE_IFIFO), "device"}};
  for (const auto& c : cases) {
    WriteBytes(path, c.tar);
    ExpectRefused(path, c.part);
  }
}

TEST_F(DatasetTest, LimitsHold) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  ExpectRefused(path, "limit of 2 entries", Code::kExhausted, {.max_archive_entries = 2});
  ExpectRefused(path, "more than the limit of 5000", Code::kExhausted, {.max_entry_bytes = 5000});
  ExpectRefused(path, "limit of 9000 bytes", Code::kExhausted, {.max_total_bytes = 9000});
  ExpectRefused(path, "limit of 3 pictures", Code::kExhausted, {.max_records = 3});
}

TEST_F(DatasetTest, AnArchiveThatInflatesWithoutEndIsRefused) {
  const fs::path path = Archive({{"x/readme", std::string(64u << 20, '\0')}, {"x/meta", Meta()}});
  ExpectRefused(path, "more than 200 times its size");
}

TEST_F(DatasetTest, ReadingCanBeCancelled) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  DatasetOptions options;
  options.progress = [](std::uint64_t, std::uint64_t) { return false; };
  ExpectRefused(path, "cancelled", Code::kCancelled, options);
}

TEST_F(DatasetTest, OtherThingsAreRefusedWithWhatIsNeeded) {
  ExpectRefused(Path("absent"), "no such file", Code::kNotFound);
  WriteBytes(Path("notes.txt"), "hello");
  ExpectRefused(Path("notes.txt"), "not a data set: give a CIFAR-100");
  WriteBytes(Path("a.zip"), "PK\x03\x04zzzz");
  ExpectRefused(Path("a.zip"), "zip");
  fs::create_directories(Path("empty"));
  ExpectRefused(Path("empty"), "holds no data set");
}

std::string IdxPictures(std::uint32_t count, std::string_view bytes) {
  return BigEndian(0x803) + BigEndian(count) + BigEndian(2) + BigEndian(3) + std::string(bytes);
}
std::string IdxLabels(std::uint32_t count, std::string_view bytes) {
  return BigEndian(0x801) + BigEndian(count) + std::string(bytes);
}

class IdxTest : public DatasetTest {
 protected:
  void SetUp() override {
    WriteBytes(Path("idx/train-images"), IdxPictures(2, "abcdefghijkl"));
    WriteBytes(Path("idx/train-labels"), IdxLabels(2, std::string("\1\0", 2)));
    WriteBytes(Path("idx/t10k-images"), IdxPictures(1, "uvwxyz"));
    WriteBytes(Path("idx/t10k-labels"), IdxLabels(1, "\1"));
  }
};

TEST_F(IdxTest, FilesAreFoundByContentAndReadAsGreyPictures) {
  for (const fs::path& path : {Path("idx"), Path("idx") / "train-images"}) {
    const auto dataset = ReadDataset(path);
    ASSERT_TRUE(dataset) << dataset.error().message();
    EXPECT_EQ(dataset->format, DatasetFormat::kIdx);
    EXPECT_THAT(dataset->class_names, ElementsAre("0", "1"));
    ASSERT_EQ(dataset->train.size(), 2u);
    EXPECT_EQ(dataset->train[1].image.width, 3);
    EXPECT_EQ(dataset->train[1].image.height, 2);
    EXPECT_EQ(dataset->train[1].image.At(2, 1)[0], 'l');
    EXPECT_EQ(dataset->train[1].image.At(2, 1)[2], 'l');
    EXPECT_EQ(dataset->train[0].label, 1);
  }
}

TEST_F(IdxTest, ClassNamesComeFromLabelsTxt) {
  WriteBytes(Path("idx/labels.txt"), "shoe\r\nboot\n");
  const auto dataset = ReadDataset(Path("idx"), {.classes = {"boot"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->train.size(), 1u);
  WriteBytes(Path("idx/labels.txt"), "shoe\n");
  ExpectRefused(Path("idx"), "names 1 classes");
}

TEST_F(IdxTest, FilesThatDoNotFitAreRefused) {
  WriteBytes(Path("idx/t10k-labels"), IdxLabels(2, "\1\1"));
  ExpectRefused(Path("idx"), "1 pictures, but");
  WriteBytes(Path("idx/t10k-labels"), IdxLabels(2, "\1"));
  ExpectRefused(Path("idx"), "fetch it again");
  WriteBytes(Path("idx/t10k-labels"), IdxLabels(4'000'000'000u, "\1"));
  ExpectRefused(Path("idx"), "says 4000000000 records");
  fs::remove(Path("idx/t10k-labels"));
  ExpectRefused(Path("idx"), "lacks the IDX file of the test labels");
}

class PictureFolderTest : public DatasetTest {
 protected:
  void Add(const std::string& name, int seed) {
    WriteBytes(Path("pictures/" + name),
               EncodePng(DrawVehicle(Vehicle::kBicycle, static_cast<std::uint64_t>(seed))));
  }
};

TEST_F(PictureFolderTest, ClassesBelowTrainAndTestAreRead) {
  Add("train/b/1.png", 1);
  Add("train/a/1.png", 2);
  Add("train/a/2.jpg", 3);
  Add("test/a/3.png", 4);
  Add("test/b/4.png", 5);
  WriteBytes(Path("pictures/train/a/.hidden"), "x");
  WriteBytes(Path("pictures/train/a/notes.txt"), "x");
  const auto dataset = ReadDataset(Path("pictures"), {.resize_width = 8, .resize_height = 6});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->format, DatasetFormat::kImageFolder);
  EXPECT_THAT(dataset->class_names, ElementsAre("a", "b"));
  ASSERT_EQ(dataset->train.size(), 3u);
  EXPECT_EQ(dataset->train[0].file_name, "1.png");
  EXPECT_EQ(dataset->train[1].file_name, "2.png");
  EXPECT_EQ(dataset->train[2].file_name, "1-2.png");
  EXPECT_EQ(dataset->train[0].image.width, 8);
  EXPECT_EQ(dataset->test.size(), 2u);
}

TEST_F(PictureFolderTest, WithoutASplitEveryFifthPictureIsForTesting) {
  for (int i = 0; i < 10; ++i) {
    Add("a/" + std::to_string(i) + ".png", i);
    Add("b/" + std::to_string(i) + ".png", i);
  }
  const auto dataset = ReadDataset(Path("pictures"));
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->train.size(), 16u);
  EXPECT_EQ(dataset->test.size(), 4u);
  EXPECT_EQ(dataset->test[0].file_name, "4.png");
}

TEST_F(PictureFolderTest, ABrokenPictureIsNamed) {
  Add("a/1.png", 1);
  WriteBytes(Path("pictures/a/2.png"), "not a picture");
  ExpectRefused(Path("pictures"), "a/2.png: the bytes are neither");
}

TEST_F(DatasetTest, AnImageFolderHoldsPicturesAndListsThatFit) {
  const fs::path path = Archive({{"x/meta", Meta()}, {"x/train", Train()}, {"x/test", Test()}});
  const auto dataset = ReadDataset(path, {.classes = {"dog", "cat"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  const auto written = WriteImageFolder(*dataset, Path("out"));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(ReadBytes(Path("out/train.lst")),
            "0\t1\ta.png\n1\t0\tb.png\n2\t1\tc.png\n3\t0\tb-3.png\n");
  EXPECT_EQ(ReadBytes(Path("out/test.lst")), "0\t0\td.png\n1\t1\te.png\n");
  const auto entries = ReadLst(Path("out/train.lst"), Path("out/train"));
  ASSERT_TRUE(entries) << entries.error().message();
  const auto image = DecodeImage(ReadBytes(Path("out/train/c.png")));
  ASSERT_TRUE(image);
  EXPECT_EQ(*image, dataset->train[2].image);
}

TEST_F(DatasetTest, AnImageFolderRefusesNamesThatAreNoPlainFiles) {
  Dataset dataset;
  for (const char* name : {"../x.png", "a/b.png", "x.jpg", ".png", "x\n.png", ""}) {
    dataset.train = {{name, 0, 0, Image(1, 1)}};
    EXPECT_FALSE(WriteImageFolder(dataset, Path("out"))) << name;
  }
  dataset.train = {{"a.png", 0, 0, Image(1, 1)}, {"a.png", 0, 1, Image(1, 1)}};
  const auto twice = WriteImageFolder(dataset, Path("out"));
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("comes twice"));
}

TEST_F(DatasetTest, ACancelledImageFolderHasNoLists) {
  Dataset dataset;
  dataset.train = {{"a.png", 0, 0, Image(1, 1)}, {"b.png", 0, 1, Image(1, 1)}};
  dataset.test = dataset.train;
  ASSERT_TRUE(WriteImageFolder(dataset, Path("out")));
  const auto again = WriteImageFolder(dataset, Path("out"),
                                      [](std::uint64_t done, std::uint64_t) { return done < 2; });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kCancelled);
  EXPECT_FALSE(fs::exists(Path("out/train.lst")));
}

TEST_F(DatasetTest, TheRealArchiveGivesThePicturesOfTheRecordedLists) {
  const fs::path shared = SharedFolder();
  const fs::path archive = shared / "data/cifar-100-python.tar.gz";
  if (shared.empty() || !fs::exists(archive)) GTEST_SKIP() << "no recorded data here";
  const auto dataset = ReadDataset(archive, {.classes = {"bicycle", "motorcycle"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  ASSERT_TRUE(WriteImageFolder(*dataset, Path("out")));
  for (const std::string split : {"train", "test"}) {
    // The recorded lists name a subset of classes under the same labels; record order differs.
    const auto recorded =
        ParseLst(ReadBytes(shared / "corpus/sagemaker" / (split + ".lst")), "recorded");
    ASSERT_TRUE(recorded) << recorded.error().message();
    const auto ours = ReadLst(Path("out/" + split + ".lst"), Path("out/" + split));
    ASSERT_TRUE(ours) << ours.error().message();
    std::map<std::string, int> expected;
    std::map<std::string, int> actual;
    for (const LstEntry& entry : *recorded) expected[entry.path] = entry.label;
    for (const LstEntry& entry : *ours) actual[entry.path] = entry.label;
    EXPECT_EQ(actual, expected) << split;
  }
}

TEST_F(DatasetTest, TheInstalledFashionMnistIsRead) {
  const fs::path path = "/usr/share/datasets/fashion-mnist";
  if (!fs::exists(path)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const auto dataset = ReadDataset(path, {.classes = {"sneaker", "ankle-boot"}});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->train.size(), 12000u);
  EXPECT_EQ(dataset->test.size(), 2000u);
}

}  // namespace
}  // namespace scones::vision
