#include "db/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <unordered_map>

namespace scones::db {
namespace {

Error SqlError(sqlite3* connection, int status) {
  const char* text = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(status);
  const std::string message = fmt::format("database: {} ({})", text, status);
  // What growing the write-ahead log's index fails with; there is no other cause in practice.
  const bool no_room = status == SQLITE_IOERR_SHMSIZE;
  switch (no_room ? SQLITE_FULL : status & 0xFF) {
    case SQLITE_FULL:
      return Error(Code::kExhausted, "database: the disk is full; free some space and try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Code::kDataLoss, message);
    case SQLITE_CONSTRAINT:
      return Error(Code::kExists, message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Code::kUnavailable, message);
    default:
      return Error(Code::kInternal, message);
  }
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      fault_(other.fault_) {}

Statement& Statement::Bind(int index, std::int64_t value) {
  if (fault_ == SQLITE_OK) fault_ = sqlite3_bind_int64(statement_, index, value);
  return *this;
}

Statement& Statement::Bind(int index, double value) {
  if (fault_ == SQLITE_OK) fault_ = sqlite3_bind_double(statement_, index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  if (fault_ == SQLITE_OK) {
    fault_ = sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  if (fault_ == SQLITE_OK) {
    fault_ = sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::BindNull(int index) {
  if (fault_ == SQLITE_OK) fault_ = sqlite3_bind_null(statement_, index);
  return *this;
}

Statement& Statement::Bind(int index, const std::optional<std::string>& text) {
  return text ? Bind(index, std::string_view(*text)) : BindNull(index);
}

Result<bool> Statement::Step() {
  if (fault_ != SQLITE_OK) return SqlError(connection_, fault_);
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return SqlError(connection_, status);
}

Result<void> Statement::Run() {
  TRY([[maybe_unused]] const bool row, Step());
  return {};
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::Double(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {text == nullptr ? "" : text,
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {bytes == nullptr ? "" : bytes,
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

struct Connection::State {
  sqlite3* handle = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements;

  ~State() {
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(handle);
  }
};

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, bool read_only) {
  auto state = std::make_unique<State>();
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int status = sqlite3_open_v2(path.c_str(), &state->handle, flags, nullptr);
  if (status != SQLITE_OK) return SqlError(state->handle, status).Within(path);
  sqlite3_extended_result_codes(state->handle, 1);
  sqlite3_busy_timeout(state->handle, 10'000);
  return std::unique_ptr<Connection>(new Connection(std::move(state)));
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;

Statement Connection::Prepare(std::string_view sql) {
  const auto found = state_->statements.find(sql);
  if (found != state_->statements.end()) return Statement(state_->handle, found->second);
  sqlite3_stmt* prepared = nullptr;
  const int status = sqlite3_prepare_v3(state_->handle, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (status == SQLITE_OK) state_->statements.emplace(sql, prepared);
  Statement statement(state_->handle, prepared);
  statement.fault_ = status;
  return statement;
}

Result<void> Connection::Execute(const std::string& sql) {
  const int status = sqlite3_exec(state_->handle, sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return SqlError(state_->handle, status);
  return {};
}

std::int64_t Connection::ChangedRows() const { return sqlite3_changes64(state_->handle); }

std::int64_t Connection::LastInsertId() const { return sqlite3_last_insert_rowid(state_->handle); }

}  // namespace scones::db
