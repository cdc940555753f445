// The client against our own server, and against peers that misbehave.
#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "http/server.h"

namespace scones::http {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers each connection with fixed bytes once it has received a request's head, then closes.
class CannedServer {
 public:
  explicit CannedServer(std::vector<std::string> answers)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers = std::move(answers)] {
      for (const std::string& answer : answers) Serve(answer);
    });
  }
  ~CannedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Url At(std::string target) const {
    return {.host = "127.0.0.1", .port = port_, .target = std::move(target)};
  }

 private:
  void Serve(const std::string& answer) {
    const int peer = ::accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    std::string seen;
    char bytes[4096];
    while (seen.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(peer, bytes, sizeof bytes, 0);
      if (count <= 0) break;
      seen.append(bytes, static_cast<std::size_t>(count));
    }
    if (answer == "<silence>") {
      ::recv(peer, bytes, sizeof bytes, 0);  // until the client gives up
    } else if (answer == "<drip>") {
      // A byte each millisecond until the client gives up.
      std::string_view piece = "HTTP/1.1 200 OK\r\n\r\n";
      while (::send(peer, piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
        piece = "x";
        pollfd closed{.fd = peer, .events = POLLIN, .revents = 0};
        if (::poll(&closed, 1, 1) > 0) break;
      }
    } else {
      ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::close(peer);
  }
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = *Server::Start(shards_, {}, [this](Request request, BodyStream& body) {
      return Echo(std::move(request), body);
    });
  }
  io::Task<Response> Echo(Request request, BodyStream& body) {
    Response response;
    response.headers.Add("X-Peer", request.remote_address);
    if (request.target == "/refuse") {
      response.status = 403;
      response.body = "no";
      co_return response;
    }
    Result<std::string> bytes = co_await ReadAll(body, 100 << 20);
    std::string text = request.method + " " + request.target + " " +
                       std::string(request.headers.Get("transfer-encoding")) + "[";
    text += bytes ? *bytes : bytes.error().reason();
    text += "]";
    if (request.target == "/chunked") {
      response.stream = std::make_unique<Unsized>(std::move(text));
    } else {
      response.body = std::move(text);
    }
    co_return response;
  }
  // A stream that keeps its size to itself.
  class Unsized final : public BodyStream {
   public:
    explicit Unsized(std::string text) : inner_(MakeStringBody(std::move(text))) {}
    io::Task<Result<std::size_t>> Read(std::span<char> buffer) override {
      return inner_->Read(buffer.first(std::min<std::size_t>(buffer.size(), 1000)));
    }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }

   private:
    std::unique_ptr<BodyStream> inner_;
  };

  Url At(std::string target) const {
    return {.host = "127.0.0.1", .port = server_->port(), .target = std::move(target)};
  }
  Result<Response> Fetch(Url url, ClientRequest request = {}) {
    return shards_.RunAndWait(client_.Fetch(std::move(url), std::move(request), 100 << 20));
  }

  io::Shards shards_{2};
  std::unique_ptr<Server> server_;
  Client client_;
};

TEST_F(ClientTest, SendsAndReceivesBodiesOfEveryKind) {
  EXPECT_EQ(Fetch(At("/a?b=c"))->body, "GET /a?b=c []");
  EXPECT_EQ(Fetch(At("/x"), {.method = "PUT", .body = "abc"})->body, "PUT /x [abc]");
  const std::string large(3'000'000, 'z');
  const Result<Response> chunked =
      Fetch(At("/chunked"), {.method = "PUT", .stream = std::make_unique<Unsized>(large)});
  ASSERT_TRUE(chunked) << chunked.error().message();
  EXPECT_TRUE(chunked->body == "PUT /chunked chunked[" + large + "]");
  EXPECT_TRUE(Fetch(At("/y"), {.method = "PUT", .stream = MakeStringBody(large)})->body ==
              "PUT /y [" + large + "]");
  const Result<Response> head = Fetch(At("/h"), {.method = "HEAD"});
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(head->headers.Get("content-length"), "10");
}

TEST_F(ClientTest, SeesARefusalOfAnUploadThatTheServerDidNotRead) {
  const Result<Response> refused =
      Fetch(At("/refuse"), {.method = "PUT", .body = std::string(8'000'000, 'x')});
  ASSERT_TRUE(refused) << refused.error().message();
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->body, "no");
}

io::Task<int> SendMany(Client& client, Url url, int count) {
  int right = 0;
  for (int i = 0; i < count; ++i) {
    Result<Response> response =
        co_await client.Fetch(url, {.method = "POST", .body = std::to_string(i)}, 1000);
    if (response && response->body == "POST /n [" + std::to_string(i) + "]") ++right;
  }
  co_return right;
}

TEST_F(ClientTest, ServesManyRequestsAtOnceFromManyShards) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { right += shards_.RunAndWait(SendMany(client_, At("/n"), 50)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

TEST_F(ClientTest, GoesOnAfterTheServerClosedAKeptConnection) {
  EXPECT_TRUE(Fetch(At("/a")));
  const std::uint16_t port = server_->port();
  server_->Stop(milliseconds(1000));
  server_ = *Server::Start(shards_, {.port = port}, [this](Request request, BodyStream& body) {
    return Echo(std::move(request), body);
  });
  for (int i = 0; i < 4; ++i) {
    const Result<Response> response = Fetch(At("/b"), {.method = "POST"});
    ASSERT_TRUE(response) << response.error().message();
  }
}

TEST_F(ClientTest, SaysWhatFailed) {
  server_->Stop(milliseconds(0));
  const Result<Response> refused = Fetch(At("/a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("can't connect to 127.0.0.1:"));
  EXPECT_EQ(Fetch({.host = "host.invalid"}).error().code(), Code::kUnavailable);
  EXPECT_EQ(Fetch({.host = "127.0.0.1", .target = "/a\r\nX: 1"}).error().code(), Code::kInvalid);
}

TEST_F(ClientTest, APeerThatStaysSilentIsGivenUp) {
  CannedServer silent({"<silence>"});
  const Result<Response> response = Fetch(silent.At("/"), {.timeout = milliseconds(50)});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kDeadline);
}

TEST_F(ClientTest, APeerThatNeverComesToAnEndIsGivenUp) {
  CannedServer endless({"<drip>"});
  const Result<Response> response =
      Fetch(endless.At("/"), {.timeout = milliseconds(10'000), .total_timeout = milliseconds(100)});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kDeadline);
  EXPECT_THAT(response.error().message(), HasSubstr("altogether"));
}

TEST_F(ClientTest, ABodyThatBreaksOffIsAnError) {
  CannedServer peer({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     "HTTP/1.1 200 OK\r\nContent-Le", "garbage\r\n\r\n", ""});
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(Fetch(peer.At("/"), {.method = "POST"})) << i;
  }
}

TEST_F(ClientTest, ReadsBodiesThatEndWithTheConnectionAndSkipsInterimResponses) {
  CannedServer peer({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end"});
  EXPECT_EQ(Fetch(peer.At("/"))->body, "until the end");
}

TEST(UrlTest, TakesAddressesApart) {
  const Result<Url> url = Url::Parse("https://example.com:8443/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->ToString(), "https://example.com:8443/a/b?c=d");
  EXPECT_EQ(Url::Parse("http://h")->ToString(), "http://h/");
  EXPECT_EQ(Url::Parse("http://[::1]:80?x")->Authority(), "[::1]");
  EXPECT_EQ(Url::Parse("http://[::1]:80?x")->target, "/?x");
  for (const char* bad : {"", "ftp://h", "http://", "http://h:x", "http://h:99999",
                          "http://h:", "http://[::1", "http://u@h/", "http://h/a b"}) {
    EXPECT_FALSE(Url::Parse(bad)) << bad;
  }
  const Result<Url> secret = Url::Parse("http://user:secret@h/");
  ASSERT_FALSE(secret);
  EXPECT_THAT(secret.error().message(), HasSubstr("user name or password"));
  EXPECT_THAT(secret.error().message(), Not(HasSubstr("secret@")));
}

}  // namespace
}  // namespace scones::http
