// One SQLite connection with its prepared statements. Belongs to one thread at a time.
// SQL lives in the module that owns the tables; values are always bound, never pasted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace scones::db {

// A prepared statement in use: bind, then Step() until it returns false. Returned to the
// connection's cache when it goes out of scope. At most one Statement per SQL text at a time.
// The first fault is kept: Bind* and columns are then harmless, and Step/Run return it.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;

  // Parameters are numbered from 1. Text and blobs must outlive the last Step.
  Statement& Bind(int index, std::int64_t value);
  Statement& Bind(int index, double value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);
  // Binds null for nullopt.
  Statement& Bind(int index, const std::optional<std::string>& text);

  // True when a row is there to be read.
  Result<bool> Step();
  // For statements without rows.
  Result<void> Run();

  // Columns of the current row are numbered from 0. Views end with the next Step.
  std::int64_t Int(int column) const;
  double Double(int column) const;
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Connection;
  Statement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  sqlite3* connection_;
  sqlite3_stmt* statement_;  // null where preparing failed
  int fault_ = 0;
};

class Connection {
 public:
  // Errors: kInternal, kExhausted (disk full), kDataLoss (corrupt).
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, bool read_only);
  ~Connection();

  Statement Prepare(std::string_view sql);
  // One or more statements without parameters or rows.
  Result<void> Execute(const std::string& sql);
  std::int64_t ChangedRows() const;
  std::int64_t LastInsertId() const;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scones::db
