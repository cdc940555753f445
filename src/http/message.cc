#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace scones::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

class StringBody final : public BodyStream {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)), size_(bytes_.size()) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    const std::size_t count = std::min(buffer.size(), bytes_.size() - position_);
    std::memcpy(buffer.data(), bytes_.data() + position_, count);
    position_ += count;
    co_return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  std::optional<std::string> TakeRest() override {
    std::string rest = std::exchange(bytes_, {});
    rest.erase(0, std::exchange(position_, 0));
    return rest;
  }

 private:
  std::string bytes_;
  const std::size_t size_;
  std::size_t position_ = 0;
};

Error TooLarge(std::size_t max_bytes) {
  return Error(Code::kInvalid, "EntityTooLarge",
               fmt::format("the body is larger than the {} bytes allowed here", max_bytes));
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (EqualsIgnoringCase(field.first, name)) return std::string_view(field.second);
  }
  return std::nullopt;
}

std::string_view Headers::Get(std::string_view name) const {
  return Find(name).value_or(std::string_view());
}

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return EqualsIgnoringCase(field.first, name); });
}

std::unique_ptr<BodyStream> MakeStringBody(std::string bytes) {
  return std::make_unique<StringBody>(std::move(bytes));
}

io::Task<Result<std::string>> ReadAll(BodyStream& body, std::size_t max_bytes) {
  constexpr std::size_t kFirstPiece = 16 * 1024;
  constexpr std::size_t kMaxPiece = 1024 * 1024;
  const std::optional<std::uint64_t> size = body.size();
  if (size && *size > max_bytes) co_return TooLarge(max_bytes);
  if (std::optional<std::string> rest = body.TakeRest()) co_return *std::move(rest);
  std::string bytes;
  std::size_t used = 0;
  // A claimed size is not believed beyond kMaxPiece: memory follows what arrives.
  // The byte beyond it is where the end is looked for, without growing.
  std::size_t room = size ? static_cast<std::size_t>(*size) + 1 : kFirstPiece;
  while (true) {
    if (used == bytes.size()) {
      bytes.resize(used + std::clamp<std::size_t>(room, 1, kMaxPiece));
      room = size ? static_cast<std::size_t>(*size) + 1 - std::min<std::size_t>(*size, bytes.size())
                  : bytes.size();
    }
    const std::span<char> free(bytes.data() + used, bytes.size() - used);
    Result<std::size_t> count = co_await body.Read(free);
    if (!count) co_return std::move(count).error();
    if (*count == 0) break;
    used += *count;
    if (used > max_bytes) co_return TooLarge(max_bytes);
  }
  bytes.resize(used);
  co_return bytes;
}

std::string_view Request::raw_path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::raw_query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

}  // namespace scones::http
