#include "jsonata/detail/context_references.h"
#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/free_variables.h"
#include "jsonata/detail/parser.h"
#include "jsonata/jsonata.h"

namespace scones::jsonata {

struct Expression::Impl {
  std::string text;
  detail::Tree tree;
  std::vector<std::string> free_variables;
  std::vector<std::string> context_references;
};

Result<Expression> Expression::Parse(std::string_view text) {
  auto impl = std::make_shared<Impl>();
  impl->text = text;
  try {
    impl->tree = detail::ParseTree(impl->text);
  } catch (const detail::Failure& failure) {
    return detail::ToError(failure);
  }
  impl->free_variables = detail::FreeVariables(impl->tree);
  impl->context_references = detail::ContextReferences(impl->tree);
  return Expression(std::move(impl));
}

const std::string& Expression::text() const { return impl_->text; }

const std::vector<std::string>& Expression::free_variables() const { return impl_->free_variables; }

const std::vector<std::string>& Expression::context_references() const {
  return impl_->context_references;
}

Result<std::optional<json::value>> Expression::Evaluate(const Environment& environment) const {
  try {
    detail::Evaluator evaluator(impl_->tree, environment);
    const detail::Value value = evaluator.Run();
    if (value.is_undefined()) return std::optional<json::value>();
    return std::optional<json::value>(evaluator.ToJson(value));
  } catch (const detail::Failure& failure) {
    return detail::ToError(failure);
  }
}

}  // namespace scones::jsonata
