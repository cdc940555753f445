#include "vision/detail/jpeg.h"

#include <csetjmp>
#include <cstdio>
// libjpeg's headers need <cstdio> first.
#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <string>

#include "vision/detail/scratch.h"

namespace scones::vision::detail {
namespace {

// A progressive file can ask for any number of passes over the whole picture.
constexpr int kMaxScans = 100;

struct Session {
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf failed;
  char message[JMSG_LENGTH_MAX];
};

Session* SessionOf(j_common_ptr info) { return static_cast<Session*>(info->client_data); }

[[noreturn]] void Fail(j_common_ptr info) {
  Session* session = SessionOf(info);
  info->err->format_message(info, session->message);
  std::longjmp(session->failed, 1);
}

// Level -1 is a warning: libjpeg would go on and fill in grey. Only harmless ones may pass.
void OnMessage(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
  if (level < 0 && !harmless) Fail(info);
}

void OnProgress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  Session* session = SessionOf(info);
  std::snprintf(session->message, sizeof session->message, "it has more than %d scans", kMaxScans);
  std::longjmp(session->failed, 1);
}

struct Frame {
  int width = 0;
  int height = 0;
  int components = 0;
};

// Reads the header into `frame` and, with `pixels` (of the size that an earlier call found), the
// picture. False with session.message set on failure. Holds no object with a destructor, because
// libjpeg's errors leave it through longjmp.
bool RunLibjpeg(std::string_view bytes, Session& session, Frame& frame, std::uint8_t* pixels) {
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&session.errors);
  info.client_data = &session;
  session.errors.error_exit = Fail;
  session.errors.emit_message = OnMessage;
  session.progress.progress_monitor = OnProgress;
  if (setjmp(session.failed) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  info.client_data = &session;  // jpeg_create_decompress keeps it, but does not promise to
  info.progress = &session.progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  frame.width = static_cast<int>(info.image_width);
  frame.height = static_cast<int>(info.image_height);
  frame.components = info.num_components;
  if (pixels != nullptr) {
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = pixels + std::size_t{3} * info.output_scanline * info.output_width;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
  jpeg_destroy_decompress(&info);
  return true;
}

Error Bad(const std::string& message) {
  return Error(Code::kInvalid, "the JPEG can't be read: " + message);
}

// `pixels` holds three bytes for each pixel of the header that was read before.
Result<void> DecodePixels(std::string_view bytes, std::uint8_t* pixels) {
  Session session{};
  Frame frame;
  if (!RunLibjpeg(bytes, session, frame, pixels)) return Bad(session.message);
  return {};
}

}  // namespace

bool IsJpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

Result<ImageHeader> ReadJpegHeader(std::string_view bytes, const DecodeLimits& limits) {
  Session session{};
  Frame frame;
  if (!RunLibjpeg(bytes, session, frame, nullptr)) return Bad(session.message);
  if (frame.components != 1 && frame.components != 3) {
    return Bad(
        fmt::format("it has {} colour components (CMYK?); save it as RGB", frame.components));
  }
  if (std::uint64_t(frame.width) * std::uint64_t(frame.height) > limits.max_pixels) {
    return Bad(fmt::format("its header says {}x{} pixels, more than the limit of {}", frame.width,
                           frame.height, limits.max_pixels));
  }
  return ImageHeader{ImageFormat::kJpeg, frame.width, frame.height};
}

Result<Image> DecodeJpeg(std::string_view bytes, const DecodeLimits& limits) {
  TRY(const ImageHeader header, ReadJpegHeader(bytes, limits));
  Image image(header.width, header.height);
  TRY_VOID(DecodePixels(bytes, image.pixels.data()));
  return image;
}

Result<void> DecodeJpegToTensor(std::string_view bytes, const DecodeLimits& limits,
                                const TensorSpec& spec, std::span<float> out) {
  TRY(const ImageHeader header, ReadJpegHeader(bytes, limits));
  if (header.width != spec.width || header.height != spec.height) {
    Image image(header.width, header.height);
    TRY_VOID(DecodePixels(bytes, image.pixels.data()));
    WriteTensor(image, spec, out);
    return {};
  }
  Scratch pixels(spec.size());  // a byte for each of the tensor's numbers
  TRY_VOID(DecodePixels(bytes, pixels.bytes().data()));
  WriteTensor(pixels.bytes().data(), std::size_t{3} * spec.width, spec, out);
  return {};
}

}  // namespace scones::vision::detail
