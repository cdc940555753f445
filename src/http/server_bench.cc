// What a kept-alive request costs in processor time, client and server together. The client is a
// bare socket, so that nearly all of it is the server's.
#include <benchmark/benchmark.h>

#include "http/raw_connection_testing.h"
#include "http/server.h"

namespace scones::http {
namespace {

io::Task<Response> Answer(Request request, BodyStream& body) {
  Response response;
  const bool put = request.method == "PUT";
  if (put) (void)co_await ReadAll(body, 1 << 20);  // dropped: the cost of receiving is measured
  response.headers.Add("Content-Type", "application/octet-stream");
  response.headers.Add("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
  response.headers.Add("x-amz-request-id", "0123456789abcdef");
  if (!put) response.body.assign(4096, 'x');
  co_return response;
}

void Run(benchmark::State& state, const std::string& request, std::size_t response_bytes) {
  io::Shards shards(1);
  const auto server = *Server::Start(shards, {}, Answer);
  RawConnection connection(server->port());
  for (auto _ : state) {
    connection.Send(request);
    benchmark::DoNotOptimize(connection.ReadThrough("\r\n\r\n").size());
    if (response_bytes > 0) connection.ReadCount(response_bytes);
  }
  state.SetItemsProcessed(state.iterations());
}

const std::string kFields =
    "Host: localhost:4566\r\nUser-Agent: Boto3/1.43 md/Botocore#1.43 ua/2.1 os/linux\r\n"
    "X-Amz-Date: 20261122T083000Z\r\n"
    "X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/s3/"
    "aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" +
    std::string(64, 'a') + "\r\n";

void BM_Get4KiB(benchmark::State& state) {
  Run(state, "GET /bucket/key-000001 HTTP/1.1\r\n" + kFields + "\r\n", 4096);
}
void BM_Put4KiB(benchmark::State& state) {
  Run(state,
      "PUT /bucket/key-000001 HTTP/1.1\r\n" + kFields + "Content-Length: 4096\r\n\r\n" +
          std::string(4096, 'x'),
      0);
}
BENCHMARK(BM_Get4KiB)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(BM_Put4KiB)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace scones::http
