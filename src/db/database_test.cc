#include "db/database.h"

#include <gtest/gtest.h>

#include "io/shards.h"

namespace scones::db {
namespace {

const std::vector<Migration> kSchema = {
    {"test.1", "CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB)"}};

Result<void> Insert(Connection& connection, std::string_view key, std::string_view value) {
  return connection.Prepare("INSERT INTO pairs VALUES (?1, ?2)")
      .Bind(1, key)
      .BindBlob(2, value)
      .Run();
}

Result<std::string> Find(Connection& connection, std::string_view key) {
  Statement select = connection.Prepare("SELECT value FROM pairs WHERE key = ?1");
  TRY(const bool found, select.Bind(1, key).Step());
  if (!found) return Error(Code::kNotFound, "no such key");
  return std::string(select.Blob(0));
}

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    database_.reset();
    database_ = Database::Open(directory_.path() / "test.db", {}).value();
    ASSERT_TRUE(database_->Migrate(kSchema));
  }
  Result<void> Put(std::string key, std::string value) {
    return database_->WriteAndWait([=](Connection& c) { return Insert(c, key, value); });
  }
  Result<std::string> Get(std::string key) {
    return database_->Read([=](Connection& c) { return Find(c, key); });
  }

  io::TemporaryDirectory directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, KeepsWhatWasWrittenWhenOpenedAgain) {
  ASSERT_TRUE(Put("a", std::string("1\0 2", 4)));
  Reopen();
  EXPECT_EQ(Get("a").value(), std::string("1\0 2", 4));
  EXPECT_EQ(Get("b").error().code(), Code::kNotFound);
}

TEST_F(DatabaseTest, AFailedJobUndoesOnlyItself) {
  std::vector<std::future<bool>> outcomes;
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    outcomes.push_back(promise->get_future());
    const auto job = [i](Connection& c) -> Result<void> {
      TRY_VOID(Insert(c, std::to_string(i), "x"));
      if (i % 3 == 0) return Error(Code::kInvalid, "refused");
      return {};
    };
    database_->WriteThen(job,
                         [promise](Result<void> done) { promise->set_value(done.has_value()); });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(outcomes[i].get(), i % 3 != 0);
    EXPECT_EQ(Get(std::to_string(i)).has_value(), i % 3 != 0);
  }
}

TEST_F(DatabaseTest, AKeyThatExistsIsReportedAsSuch) {
  ASSERT_TRUE(Put("a", "1"));
  EXPECT_EQ(Put("a", "2").error().code(), Code::kExists);
  EXPECT_EQ(Get("a").value(), "1");
}

io::Task<Result<int>> WriteInCoroutine(Database& database) {
  auto job = [](Connection& c) -> Result<int> {
    TRY_VOID(Insert(c, "k", "v"));
    return 7;
  };
  co_return co_await database.Write(std::move(job));
}

TEST_F(DatabaseTest, WritesFromACoroutine) {
  io::Shards shards(1);
  EXPECT_EQ(shards.RunAndWait(WriteInCoroutine(*database_)).value(), 7);
}

TEST(Database, AFileThatIsNoDatabaseIsRefused) {
  io::TemporaryDirectory directory;
  ASSERT_TRUE(io::WriteFileDurably(directory.path() / "bad.db", std::string(5000, 'x')));
  EXPECT_EQ(Database::Open(directory.path() / "bad.db", {}).error().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace scones::db
