#include "vision/detail/cifar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/check.h"

namespace scones::vision::detail {
namespace {

constexpr std::size_t kPlane = 32 * 32;

// Opcodes of protocol 2, by what they write. Names as in CPython's pickletools.
class PickleWriter {
 public:
  PickleWriter() { out_ = "\x80\x02"; }

  void Raw(std::string_view opcodes) { out_ += opcodes; }
  void String(std::string_view text) {
    if (text.size() < 256) {
      out_ += 'U';
      out_ += static_cast<char>(text.size());
    } else {
      out_ += 'T';
      Unsigned(text.size(), 4);
    }
    out_ += text;
  }
  void Integer(std::int64_t value) {
    if (value >= 0 && value < 256) {
      out_ += 'K';
      Unsigned(static_cast<std::uint64_t>(value), 1);
    } else {
      out_ += 'J';
      Unsigned(static_cast<std::uint64_t>(value), 4);
    }
  }
  void Global(std::string_view module, std::string_view name) {
    out_ += 'c';
    out_ += module;
    out_ += '\n';
    out_ += name;
    out_ += '\n';
  }
  std::string Finish() {
    out_ += '.';
    return std::move(out_);
  }

 private:
  void Unsigned(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i));
  }

  std::string out_;
};

void WriteNames(const std::vector<std::string>& names, PickleWriter& writer) {
  writer.Raw("](");
  for (const std::string& name : names) writer.String(name);
  writer.Raw("e");
}

// What numpy's ndarray.__reduce__ gives for a uint8 matrix.
void WriteMatrix(std::size_t rows, std::size_t columns, std::string_view bytes,
                 PickleWriter& writer) {
  writer.Global("numpy.core.multiarray", "_reconstruct");
  writer.Global("numpy", "ndarray");
  writer.Integer(0);
  writer.Raw("\x85");  // TUPLE1
  writer.String("b");
  writer.Raw("\x87R(");  // TUPLE3 REDUCE MARK
  writer.Integer(1);
  writer.Integer(static_cast<std::int64_t>(rows));
  writer.Integer(static_cast<std::int64_t>(columns));
  writer.Raw("\x86");  // TUPLE2
  writer.Global("numpy", "dtype");
  writer.String("u1");
  writer.Integer(0);
  writer.Integer(1);
  writer.Raw("\x87R(");
  writer.Integer(3);
  writer.String("|");
  writer.Raw("NNN");
  writer.Integer(-1);
  writer.Integer(-1);
  writer.Integer(0);
  writer.Raw("tb\x89");  // TUPLE BUILD NEWFALSE
  writer.String(bytes);
  writer.Raw("tb");
}

la_ssize_t OnWrite(archive*, void* context, const void* buffer, std::size_t size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(buffer), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string MakeCifarMeta(const std::vector<std::string>& fine_names,
                          const std::vector<std::string>& coarse_names) {
  PickleWriter writer;
  writer.Raw("}(");
  writer.String("fine_label_names");
  WriteNames(fine_names, writer);
  writer.String("coarse_label_names");
  WriteNames(coarse_names, writer);
  writer.Raw("u");
  return writer.Finish();
}

std::string MakeCifarSplit(std::string_view batch_label, const std::vector<CifarRecord>& records) {
  PickleWriter writer;
  writer.Raw("}(");
  writer.String("filenames");
  writer.Raw("](");
  for (const CifarRecord& record : records) writer.String(record.file_name);
  writer.Raw("e");
  writer.String("batch_label");
  writer.String(batch_label);
  writer.String("fine_labels");
  writer.Raw("](");
  for (const CifarRecord& record : records) writer.Integer(record.fine_label);
  writer.Raw("e");
  writer.String("coarse_labels");
  writer.Raw("](");
  for (const CifarRecord& record : records) writer.Integer(record.coarse_label);
  writer.Raw("e");
  writer.String("data");
  std::string bytes;
  bytes.reserve(records.size() * 3 * kPlane);
  for (const CifarRecord& record : records) {
    SCONES_CHECK(record.image.pixels.size() == 3 * kPlane);
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < kPlane; ++i) {
        bytes += static_cast<char>(record.image.pixels[3 * i + c]);
      }
    }
  }
  WriteMatrix(records.size(), 3 * kPlane, bytes, writer);
  writer.Raw("u");
  return writer.Finish();
}

std::string MakeTarGz(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out;
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_ustar(writer.get());
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  archive_write_set_bytes_in_last_block(writer.get(), 1);  // no padding after the gzip data
  SCONES_CHECK(archive_write_open(writer.get(), &out, nullptr, OnWrite, nullptr) == ARCHIVE_OK);
  for (const auto& [path, bytes] : files) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    SCONES_CHECK(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
    SCONES_CHECK(archive_write_data(writer.get(), bytes.data(), bytes.size()) ==
                 static_cast<la_ssize_t>(bytes.size()));
  }
  SCONES_CHECK(archive_write_close(writer.get()) == ARCHIVE_OK);
  return out;
}

}  // namespace scones::vision::detail
