// Small model.tar.gz files for tests: a network that tells red, green and blue pictures apart.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <string_view>
#include <vector>

#include "nn/testing/onnx_builder.h"

namespace scones::endpoints::testing {

// The probabilities are the softmax of 10 times the mean of each channel, times `sign`.
inline std::string ColourOnnx(float sign = 1.0f, bool softmax = true) {
  nn::testing::OnnxBuilder builder;
  const float k = 10 * sign;
  builder.Input("x", {-1, 3, 8, 8});
  builder.Initializer(nn::testing::FloatTensor("w", {3, 3}, {k, 0, 0, 0, k, 0, 0, 0, k}));
  builder.Node("GlobalAveragePool", {"x"}, {"mean"});
  builder.Node("Flatten", {"mean"}, {"flat"});
  builder.Node("Gemm", {"flat", "w"}, {"logits"});
  if (softmax) builder.Node("Softmax", {"logits"}, {"p"});
  builder.Output(softmax ? "p" : "logits", {-1, 3});
  return builder.Build();
}

inline constexpr std::string_view kColourMetadata =
    R"({"classes":["red","green","blue"],"image_shape":"3,8,8","mean":[0,0,0],"std":[1,1,1]})";

struct TarEntry {
  std::string name;
  std::string bytes;
  std::string symlink;   // the entry is a link to this
  std::string hardlink;  // likewise
};

inline std::string MakeTarGz(const std::vector<TarEntry>& entries) {
  std::string out(1 << 22, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const TarEntry& item : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, item.name.c_str());
    archive_entry_set_filetype(entry, item.symlink.empty() ? AE_IFREG : AE_IFLNK);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(item.bytes.size()));
    if (!item.symlink.empty()) archive_entry_set_symlink(entry, item.symlink.c_str());
    if (!item.hardlink.empty()) archive_entry_set_hardlink(entry, item.hardlink.c_str());
    archive_write_header(writer, entry);
    archive_write_data(writer, item.bytes.data(), item.bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

inline std::string ColourModel(float sign = 1.0f, bool softmax = true) {
  return MakeTarGz({{"model.onnx", ColourOnnx(sign, softmax), "", ""},
                    {"metadata.json", std::string(kColourMetadata), "", ""}});
}

}  // namespace scones::endpoints::testing
