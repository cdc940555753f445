// The server under a client that decides every byte.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "http/raw_connection_testing.h"

namespace scones::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A stream of unknown size that yields its pieces and then, perhaps, fails.
class PiecesBody final : public BodyStream {
 public:
  explicit PiecesBody(std::vector<std::string> pieces, bool fails = false)
      : pieces_(std::move(pieces)), fails_(fails) {}
  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
    if (next_ == pieces_.size()) {
      if (fails_) co_return Error(Code::kInternal, "broken");
      co_return std::size_t{0};
    }
    const std::string& piece = pieces_[next_++];
    std::copy(piece.begin(), piece.end(), buffer.begin());
    co_return piece.size();
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::vector<std::string> pieces_;
  bool fails_;
  std::size_t next_ = 0;
};

io::Task<Response> Echo(Request request, BodyStream& body) {
  Response response;
  const std::string_view path = request.raw_path();
  if (path == "/ignore") {
    response.body = "ignored";
    co_return response;
  }
  if (path == "/throw") throw std::runtime_error("a handler's bug");
  if (path == "/stream") {
    response.stream = std::make_unique<PiecesBody>(std::vector<std::string>{"one", "two"});
    co_return response;
  }
  if (path == "/broken") {
    response.stream = std::make_unique<PiecesBody>(std::vector<std::string>{"one"}, true);
    co_return response;
  }
  if (path == "/sized") {
    response.stream = MakeStringBody(std::string(200'000, 's'));
    co_return response;
  }
  if (path == "/inject") response.headers.Add("X-Name", "a\r\nX-Evil: 1");
  if (path == "/empty") response.status = 204;
  Result<std::string> bytes = co_await ReadAll(body, 1 << 20);
  if (!bytes) {
    response.status = 422;
    response.body = bytes.error().reason();
    co_return response;
  }
  response.body = request.method + " " + request.target + " [" + *bytes + "]";
  co_return response;
}

class ServerTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options = {}, Handler handler = Echo) {
    auto server = Server::Start(shards_, std::move(options), std::move(handler));
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }
  // Sends `bytes` on a connection of its own and returns all that comes until the server closes.
  std::string Exchange(std::string_view bytes) {
    RawConnection connection(server_->port());
    connection.Send(bytes);
    return connection.ReadToEnd();
  }

  io::Shards shards_{2};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersOnAKeptConnectionAndClosesWhenAsked) {
  Start();
  RawConnection connection(server_->port());
  connection.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.ReadThrough("[]"), HasSubstr("Content-Length: 9\r\n"));
  connection.Send("PUT /b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(connection.ReadThrough("[hello]"), HasSubstr("PUT /b?x=1 ["));
  connection.Send("GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string last = connection.ReadToEnd();
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(last, EndsWith("GET /c []"));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  const std::string all = Exchange(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::size_t first = all.find("POST /1 [abc]");
  const std::size_t second = all.find("POST /2 [de]");
  const std::size_t third = all.find("GET /3 []");
  ASSERT_NE(third, std::string::npos) << all;
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_F(ServerTest, ReadsAHeadThatComesByteByByte) {
  Start();
  RawConnection connection(server_->port());
  for (char c : std::string("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3;name=value\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n")) {
    connection.Send(std::string_view(&c, 1));
  }
  EXPECT_THAT(connection.ReadThrough("]"), EndsWith("POST /x [abc]"));
}

TEST_F(ServerTest, SendsContinueOnlyWhenTheHandlerReads) {
  Start();
  RawConnection connection(server_->port());
  connection.Send(
      "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(connection.ReadThrough("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send("hi");
  EXPECT_THAT(connection.ReadThrough("[hi]"), StartsWith("HTTP/1.1 200 OK\r\n"));
  connection.Send(
      "PUT /ignore HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const std::string refused = connection.ReadThrough("ignored");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(refused, HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerTest, SendsContinueAlsoWhereNoBodyComes) {
  Start();
  const std::string answer = Exchange(
      "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, OtherExpectationsArePassedOver) {
  Start();
  EXPECT_THAT(Exchange("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 200\r\nContent-Length: 1\r\n"
                       "Connection: close\r\n\r\nx"),
              StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  Start();
  const std::string answer =
      Exchange("HEAD /sized HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 200000\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_LT(answer.size(), 200U);
}

TEST_F(ServerTest, StreamsWithKnownAndUnknownSize) {
  Start();
  const std::string sized = Exchange("GET /sized HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(sized, EndsWith(std::string(200'000, 's')));
  const std::string chunked =
      Exchange("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(chunked, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(chunked, EndsWith("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  const std::string old = Exchange("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old, Not(HasSubstr("chunked")));
  EXPECT_THAT(old, EndsWith("\r\n\r\nonetwo"));
}

TEST_F(ServerTest, CutsTheResponseWhenItsStreamFails) {
  Start();
  SetLogLevel(LogLevel::kOff);
  const std::string cut = Exchange("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(cut, EndsWith("3\r\none"));
}

TEST_F(ServerTest, AHandlersExceptionBecomes500AndTheConnectionLives) {
  Start();
  SetLogLevel(LogLevel::kOff);
  RawConnection connection(server_->port());
  connection.Send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.ReadThrough("why\n"), StartsWith("HTTP/1.1 500 "));
  connection.Send("GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(connection.ReadThrough("]"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, AHeaderValueCannotStartAHeader) {
  Start();
  const std::string answer =
      Exchange("GET /inject HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("X-Name: a  X-Evil: 1\r\n"));
}

TEST_F(ServerTest, ALargeUnreadBodyStillLetsTheClientSeeTheResponse) {
  Start();
  const std::string answer =
      Exchange("PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n" +
               std::string(8'000'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("ignored"));
}

TEST_F(ServerTest, ABodyCutShortEndsTheStreamWithAnError) {
  std::mutex mutex;
  std::condition_variable seen;
  std::string reason;
  Start({}, [&](Request, BodyStream& body) -> io::Task<Response> {
    Result<std::string> bytes = co_await ReadAll(body, 100);
    const std::lock_guard lock(mutex);
    reason = bytes ? "none" : bytes.error().reason();
    seen.notify_all();
    co_return Response{};
  });
  {
    RawConnection connection(server_->port());
    connection.Send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(seen.wait_for(lock, std::chrono::seconds(20), [&] { return !reason.empty(); }));
  EXPECT_EQ(reason, "IncompleteBody");
}

struct BadRequest {
  const char* name;
  std::string bytes;
  const char* status = "400";
};

class BadRequestTest : public ServerTest, public ::testing::WithParamInterface<BadRequest> {};

// Every one is answered at once, and what follows on the connection is never taken for a request.
TEST_P(BadRequestTest, IsRefusedAndTheConnectionCloses) {
  Start();
  const std::string answer =
      Exchange(GetParam().bytes + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + GetParam().status));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
  EXPECT_THAT(answer, Not(HasSubstr("<open>")));
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\n";

INSTANTIATE_TEST_SUITE_P(
    Heads, BadRequestTest,
    ::testing::Values(
        BadRequest{"LengthAndChunked",
                   kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        BadRequest{"ChunkedAndLength",
                   kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
        BadRequest{"TwoLengths", kPost + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"},
        BadRequest{"LengthList", kPost + "Content-Length: 0, 0\r\n\r\n"},
        BadRequest{"NegativeLength", kPost + "Content-Length: -1\r\n\r\n"},
        BadRequest{"SignedLength", kPost + "Content-Length: +1\r\n\r\n"},
        BadRequest{"EmptyLength", kPost + "Content-Length:\r\n\r\n"},
        BadRequest{"HugeLength", kPost + "Content-Length: 99999999999999999999\r\n\r\n"},
        BadRequest{"ChunkedNotLast", kPost + "Transfer-Encoding: chunked, identity\r\n\r\n"},
        BadRequest{"NotChunked", kPost + "Transfer-Encoding: identity\r\n\r\n"},
        BadRequest{"ChunkedTwice",
                   kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        BadRequest{"ChunkedIn10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        BadRequest{"BareFeeds", "GET / HTTP/1.1\nHost: h\n\n"},
        BadRequest{"BareFeedInField", kPost + "A: b\nC: d\r\n\r\n"},
        BadRequest{"BareReturnInField", kPost + "A: b\rC: d\r\n\r\n"},
        BadRequest{"NulInField", kPost + std::string("A: b\0c\r\n\r\n", 10)},
        BadRequest{"BlankBeforeColon", kPost + "Content-Length : 0\r\n\r\n"},
        BadRequest{"FoldedLine", kPost + "A: b\r\n c\r\n\r\n"},
        BadRequest{"NoColon", kPost + "Nonsense\r\n\r\n"},
        BadRequest{"NoHost", "GET / HTTP/1.1\r\n\r\n"},
        BadRequest{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        BadRequest{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
        BadRequest{"NoVersion", "GET /\r\nHost: h\r\n\r\n"},
        BadRequest{"NoSlash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"},
        BadRequest{"OtherVersion", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
        BadRequest{"TooLarge", kPost + "A: " + std::string(70'000, 'a') + "\r\n\r\n", "431"},
        BadRequest{"NeverEnding", "GET /" + std::string(200'000, 'a'), "431"}),
    [](const auto& test) { return test.param.name; });

class BadChunkTest : public ServerTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(BadChunkTest, EndsTheBodyWithAnErrorAndClosesTheConnection) {
  Start();
  const std::string answer =
      Exchange(kPost + "Transfer-Encoding: chunked\r\n\r\n" + GetParam().bytes +
               "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 422"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
}

INSTANTIATE_TEST_SUITE_P(
    Chunks, BadChunkTest,
    ::testing::Values(BadRequest{"FeedInExtension", "2;\nxx\r\n4\r\nab\r\n0\r\n\r\n"},
                      BadRequest{"ReturnInExtension", "2;a\rb\r\nab\r\n0\r\n\r\n"},
                      BadRequest{"BareFeedAfterSize", "2\nab\r\n0\r\n\r\n"},
                      BadRequest{"BlankAfterSize", "2 \r\nab\r\n0\r\n\r\n"},
                      BadRequest{"NoSize", "\r\nab\r\n"},
                      BadRequest{"NotHexadecimal", "0x2\r\nab\r\n0\r\n\r\n"},
                      BadRequest{"TooLong", "2\r\nabc\r\n0\r\n\r\n"},
                      BadRequest{"NoReturnAfterData", "2\r\nab\n0\r\n\r\n"},
                      BadRequest{"HugeSize", "FFFFFFFFFFFFFFFFF\r\nab\r\n0\r\n\r\n"},
                      BadRequest{"BadTrailer", "0\r\nno colon\r\n\r\n"},
                      BadRequest{"BareFeedTrailer", "0\r\nA: b\n\r\n"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ServerTest, ClosesAConnectionWhoseHeaderDoesNotComeInTime) {
  Start({.header_timeout = std::chrono::seconds(1)});
  RawConnection slow(server_->port());
  slow.Send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(slow.ReadToEnd(), "");
}

TEST_F(ServerTest, ClosesAnIdleConnection) {
  Start({.idle_timeout = std::chrono::seconds(1)});
  RawConnection idle(server_->port());
  idle.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(idle.ReadToEnd(), EndsWith("GET / []"));
}

TEST_F(ServerTest, ClosesConnectionsBeyondTheLimitAtOnce) {
  Start({.max_connections = 2});
  RawConnection first(server_->port());
  RawConnection second(server_->port());
  for (RawConnection* connection : {&first, &second}) {
    connection->Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(connection->ReadThrough("[]"), StartsWith("HTTP/1.1 200"));
  }
  RawConnection third(server_->port());
  third.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(third.ReadToEnd(), "");
}

TEST_F(ServerTest, AThousandSlowHeadersDoNotStarveOthers) {
  Start();
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 1000; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server_->port()));
    ASSERT_TRUE(slow.back()->connected()) << i;
    slow.back()->Send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  EXPECT_THAT(Exchange("GET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              EndsWith("GET /quick []"));
}

TEST_F(ServerTest, APortInUseIsAnErrorThatSaysWhatToDo) {
  Start();
  auto second = Server::Start(shards_, {.port = server_->port()}, Echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kExists);
  EXPECT_THAT(second.error().message(), HasSubstr("--port"));
  auto bad = Server::Start(shards_, {.address = "not an address"}, Echo);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Code::kInvalid);
}

TEST_F(ServerTest, StopLetsARequestFinishAndClosesIdleConnections) {
  Start();
  RawConnection idle(server_->port());
  idle.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(idle.ReadThrough("[]"), StartsWith("HTTP/1.1 200"));
  RawConnection busy(server_->port());
  busy.Send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(busy.ReadThrough("\r\n\r\n"), HasSubstr("100 Continue"));
  std::thread stop([&] { server_->Stop(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  busy.Send("hi");
  EXPECT_THAT(busy.ReadToEnd(), EndsWith("[hi]"));
  stop.join();
  EXPECT_FALSE(RawConnection(server_->port()).connected());
}

TEST_F(ServerTest, StopEndsARequestThatDoesNotFinishInTime) {
  Start();
  RawConnection stuck(server_->port());
  stuck.Send("PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(stuck.ReadThrough("\r\n\r\n"), HasSubstr("100 Continue"));
  server_->Stop(std::chrono::milliseconds(1));
  EXPECT_EQ(stuck.ReadToEnd(), "");
}

}  // namespace
}  // namespace scones::http
