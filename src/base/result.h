// Result<T>: a value or an Error; the return type of everything that can fail.
// Default-constructible (as an error), because Asio's co_spawn needs that. C++17.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace scones {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result() : Base(tl::unexpect, Error(Code::kInternal, "result was never set")) {}
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT: implicit by design
};

// A default-constructed Result<void> is success.
template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
  using Base = tl::expected<void, Error>;

 public:
  using Base::Base;
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT: implicit by design
};

}  // namespace scones

#define SCONES_CAT_(a, b) a##b
#define SCONES_CAT(a, b) SCONES_CAT_(a, b)
#define SCONES_TRY_(ret, tmp, decl, expr) \
  auto tmp = (expr);                      \
  if (!tmp) ret std::move(tmp).error();   \
  decl = std::move(tmp).value()
#define SCONES_TRY_VOID_(ret, tmp, expr) \
  if (auto tmp = (expr); !tmp) ret std::move(tmp).error()

// TRY(auto x, F()): declares x from F()'s value, or returns F()'s error. CO_TRY does so in a
// coroutine; the _VOID forms take a Result<void>.
#define TRY(decl, expr) SCONES_TRY_(return, SCONES_CAT(try_, __LINE__), decl, expr)
#define CO_TRY(decl, expr) SCONES_TRY_(co_return, SCONES_CAT(try_, __LINE__), decl, expr)
#define TRY_VOID(expr) SCONES_TRY_VOID_(return, SCONES_CAT(try_, __LINE__), expr)
#define CO_TRY_VOID(expr) SCONES_TRY_VOID_(co_return, SCONES_CAT(try_, __LINE__), expr)
