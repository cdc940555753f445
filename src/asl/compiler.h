// Checks a document and builds its Program in one pass; every fault becomes a Diagnostic.
// Private to this module. A Compiler serves one document.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"
#include "asl/distributed_map.h"
#include "asl/program.h"
#include "base/json.h"

namespace scones::asl {

class Compiler {
 public:
  explicit Compiler(MachineType type) : type_(type) {}

  void CompileMachine(const json::value& document);

  // With errors among the diagnostics, the program is not fit to run.
  std::vector<Diagnostic>& diagnostics() { return diagnostics_; }
  // What is allowed, and probably not meant.
  std::vector<Diagnostic>& warnings() { return warnings_; }
  // What is valid in the language and not run by this version.
  const std::vector<Diagnostic>& unsupported() const { return unsupported_; }
  Program& program() { return program_; }
  std::vector<Definition::TaskResource>& task_resources() { return task_resources_; }

 private:
  // A scope's states by name, while it is compiled.
  using Names = std::map<std::string, int, std::less<>>;
  using VariableNames = std::set<std::string, std::less<>>;

  void Fault(std::string_view code, std::string location, std::string message);
  void SchemaFault(std::string location, std::string message);
  void Unsupported(std::string location, std::string message);

  // compile_machine.cc
  int CompileScope(const json::object& source, const std::string& location, bool jsonata,
                   int depth);
  void DeclareStates(const json::object& states, const std::string& location, Names& names);
  void CheckReachable(const json::object& states, const std::string& location, int start,
                      const Names& names);
  void CompileState(const json::object& source, const std::string& location, int index,
                    const Names& names, bool jsonata, int depth);
  bool CheckFields(const json::object& source, const std::string& location, StateType type,
                   bool jsonata);
  void CompileFlow(const json::object& source, const std::string& location, State& state,
                   const Names& names);
  int ResolveTarget(const json::object& source, std::string_view field, const std::string& location,
                    const Names& names);

  // compile_states.cc
  void CompileTask(const json::object& source, const std::string& location, State& state);
  void CompileCredentials(const json::object& source, const std::string& location, State& state);
  void CompileChoice(const json::object& source, const std::string& location, State& state,
                     const Names& names, bool jsonata);
  ChoiceRule CompileRule(const json::value& source, const std::string& location, bool nested,
                         int depth);
  ChoiceRule CompileTest(const json::object& rule, const std::string& location);
  bool CheckOperand(const ChoiceOperator& op, std::string_view name, const json::value& operand,
                    const std::string& location, ChoiceRule& test);
  void CompileWait(const json::object& source, const std::string& location, State& state);
  void CompileFail(const json::object& source, const std::string& location, State& state);
  void CompileParallel(const json::object& source, const std::string& location, State& state,
                       bool jsonata, int depth);
  void CompileMap(const json::object& source, const std::string& location, State& state,
                  bool jsonata, int depth);

  // compile_map.cc
  void CompileDistributedMap(const json::object& source, const std::string& location, State& state,
                             MachineType child_type, bool jsonata);
  void CompileTolerance(const json::object& source, const std::string& location,
                        DistributedMap& map, bool jsonata);
  void CompileItemReader(const json::object& source, const std::string& location,
                         DistributedMap& map, bool jsonata);
  void CompileReaderConfig(const json::object& config, const std::string& location,
                           DistributedMap::Reader& reader);
  void CompileCsvConfig(const json::object& config, const std::string& location,
                        ItemReaderSpec& reader);
  void CompileItemBatcher(const json::object& source, const std::string& location,
                          DistributedMap& map);
  void CompileResultWriter(const json::object& source, const std::string& location,
                           DistributedMap& map, bool jsonata);
  const json::object* CompileS3Resource(const json::object& source, std::string_view field,
                                        const std::string& location, bool jsonata,
                                        std::optional<Template>& arguments);
  std::optional<std::size_t> CompileChoiceOf(const json::object& source, std::string_view field,
                                             const std::string& location,
                                             std::initializer_list<std::string_view> values);
  void CheckInlineMap(const json::object& source, const std::string& location);
  void CheckMapLabel(const json::object& source, const std::string& location);

  // compile_variables.cc
  static VariableNames AssignedNames(const json::object& states);
  std::optional<Template> CompileAssign(const json::object& source, const std::string& location,
                                        unsigned states);

  void CheckVariable(std::string_view name, const std::string& location);
  void CheckVariables(const Query& query);

  // compile_queries.cc. `states`: the members of $states that a field has besides "input" and
  // "context" (see Query::States).
  bool ReadLanguage(const json::object& source, const std::string& location, bool inherited);
  void CheckQueries(const json::value& source, const std::string& location);
  void CompileQueryData(const json::object& source, const std::string& location, State& state);
  Template CompileQueryTemplate(const json::value& source, const std::string& place,
                                unsigned states);
  std::optional<Expression> CompileQuery(const json::value& source, const std::string& place);
  std::optional<Template> CompileCondition(const json::object& rule, const std::string& location);
  std::optional<Template> CompileItems(const json::object& source, const std::string& location);

  // compile_fields.cc
  void CompileData(const json::object& source, const std::string& location, State& state);
  InputOutputPath CompileIoPath(const json::object& source, std::string_view field,
                                const std::string& location);
  ResultPath CompileResultPath(const json::object& source, const std::string& location);
  std::optional<Template> CompileTemplate(const json::object& source, std::string_view field,
                                          const std::string& location, unsigned states = 0);
  std::optional<Expression> CompileExpression(const json::object& source, std::string_view field,
                                              const std::string& location, bool intrinsic);
  NumberField CompileNumber(const json::object& source, std::string_view field,
                            const std::string& location, std::int64_t least, std::int64_t most);
  TextField CompileText(const json::object& source, std::string_view field,
                        const std::string& location);
  void CompileRetry(const json::object& source, const std::string& location, State& state);
  Retrier CompileRetrier(const json::value& source, const std::string& location, bool last);
  void CompileCatch(const json::object& source, const std::string& location, State& state,
                    const Names& names, bool jsonata);
  std::vector<std::string> CompileErrors(const json::object& source, const std::string& location,
                                         bool last);
  void CheckExclusive(const json::object& source, const std::string& location, std::string_view a,
                      std::string_view b);
  void CheckUnknown(const json::object& source, const std::string& location,
                    std::initializer_list<std::string_view> known);
  bool CheckRequired(const json::object& source, const std::string& location,
                     std::initializer_list<std::string_view> fields);

  MachineType type_;
  Program program_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<Diagnostic> warnings_;
  std::vector<Diagnostic> unsupported_;
  std::vector<Definition::TaskResource> task_resources_;
  std::set<std::string, std::less<>> all_names_;
  // Assigned in the scope that is compiled, and in those around it (readable in it, not
  // assignable).
  VariableNames own_variables_;
  VariableNames outer_variables_;
  bool machine_jsonata_ = false;
  // Of the state that is compiled.
  bool jsonata_ = false;
  std::string state_location_;
};

// Sets each one's line: that of the value at its location ("/States/A/Choices[0]/Next") in `text`,
// or of the nearest place above it that exists. Left alone when `text` is not an object.
void LocateDiagnostics(std::string_view text, std::vector<Diagnostic>& diagnostics);

}  // namespace scones::asl
