#include "jsonata/detail/library.h"

#include <map>
#include <optional>

namespace scones::jsonata::detail {
namespace {

struct Entry {
  const LibraryFunction* function;
  std::optional<Signature> signature;
};

const std::map<std::string_view, Entry>& Library() {
  static const std::map<std::string_view, Entry> kLibrary = [] {
    std::map<std::string_view, Entry> library;
    for (const auto functions :
         {StringFunctions(), PatternFunctions(), EncodingFunctions(), NumberFunctions(),
          ArrayFunctions(), ObjectFunctions(), HigherOrderFunctions(), TimeFunctions()}) {
      for (const LibraryFunction& function : functions) {
        Entry entry{&function, std::nullopt};
        if (!function.signature.empty()) entry.signature = Signature::Parse(function.signature);
        library.emplace(function.name, std::move(entry));
      }
    }
    return library;
  }();
  return kLibrary;
}

}  // namespace

bool IsLibraryFunction(std::string_view name) { return Library().contains(name); }

const LibraryFunction* FindLibraryFunction(std::string_view name, const Signature** signature) {
  const auto found = Library().find(name);
  if (found == Library().end()) return nullptr;
  *signature = found->second.signature ? &*found->second.signature : nullptr;
  return found->second.function;
}

}  // namespace scones::jsonata::detail
