#include "client/s3_client.h"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>

#include "base/encoding.h"

namespace scones::client {
namespace {

std::string PathOf(const S3Uri& uri) {
  const std::string bucket = "/" + UriEncode(uri.bucket, UriPart::kComponent);
  return uri.key.empty() ? bucket : bucket + "/" + UriEncode(uri.key, UriPart::kPath);
}

AwsRequest Make(std::string method, const S3Uri& uri) {
  return {.service = "s3", .method = std::move(method), .path = PathOf(uri)};
}

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::uint64_t Number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

io::Task<Result<void>> CopyToFile(http::BodyStream& body, io::File& file) {
  constexpr std::size_t kPieceBytes = 256 * 1024;
  std::vector<char> piece(kPieceBytes);
  while (true) {
    CO_TRY(const std::size_t count, co_await body.Read(piece));
    if (count == 0) co_return file.Sync();
    CO_TRY_VOID(file.Write(std::string_view(piece.data(), count)));
  }
}

}  // namespace

io::Task<Result<void>> S3Client::CreateBucket(std::string bucket) {
  AwsRequest request = Make("PUT", {.bucket = std::move(bucket)});
  const std::string& region = client_.config().region;
  // us-east-1 is the one region that may not be named.
  if (region != "us-east-1") {
    request.body = fmt::format(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        region);
  }
  const Result<http::Response> response = co_await client_.Call(std::move(request));
  if (response || response.error().reason() == "BucketAlreadyOwnedByYou") co_return Result<void>();
  co_return response.error();
}

io::Task<Result<void>> S3Client::PutObject(S3Uri uri, std::string body, std::string content_type) {
  AwsRequest request = Make("PUT", uri);
  request.headers.Add("Content-Type", std::move(content_type));
  request.body = std::move(body);
  CO_TRY_VOID(co_await client_.Call(std::move(request)));
  co_return Result<void>();
}

io::Task<Result<std::string>> S3Client::GetObject(S3Uri uri) {
  CO_TRY(http::Response response, co_await client_.Call(Make("GET", uri)));
  co_return std::move(response.body);
}

io::Task<Result<void>> S3Client::DownloadObject(S3Uri uri, io::Path path) {
  CO_TRY(const http::ClientResponse answer, co_await client_.Open(Make("GET", uri)));
  const io::Path partial = path.string() + ".partial";
  CO_TRY(io::File file, io::File::Open(partial, io::File::Mode::kCreateOrTruncate));
  Result<void> copied = co_await CopyToFile(*answer.body, file);
  file.Close();
  if (copied) copied = io::Rename(partial, path);
  if (!copied) (void)io::RemoveAll(partial);  // the first error says more
  co_return copied;
}

io::Task<Result<ObjectSummary>> S3Client::HeadObject(S3Uri uri) {
  CO_TRY(const http::Response response, co_await client_.Call(Make("HEAD", uri)));
  co_return ObjectSummary{.key = uri.key,
                          .size_bytes = Number(response.headers.Get("content-length")),
                          .etag = Unquoted(response.headers.Get("etag")),
                          .last_modified = std::string(response.headers.Get("last-modified"))};
}

io::Task<Result<void>> S3Client::DeleteObject(S3Uri uri) {
  CO_TRY_VOID(co_await client_.Call(Make("DELETE", uri)));
  co_return Result<void>();
}

Result<ListPage> ParseListPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node result = document.load_buffer(xml.data(), xml.size())
                                    ? document.child("ListBucketResult")
                                    : pugi::xml_node();
  if (!result) return Error(Code::kInternal, "the answer to ListObjectsV2 is no ListBucketResult");
  ListPage page;
  for (const pugi::xml_node& entry : result.children("Contents")) {
    TRY(std::string key, UriDecode(entry.child_value("Key"), UriPart::kComponent));
    page.objects.push_back({.key = std::move(key),
                            .size_bytes = Number(entry.child_value("Size")),
                            .etag = Unquoted(entry.child_value("ETag")),
                            .last_modified = entry.child_value("LastModified")});
  }
  if (std::string_view(result.child_value("IsTruncated")) == "true") {
    page.next_token = result.child_value("NextContinuationToken");
  }
  return page;
}

io::Task<Result<std::vector<ObjectSummary>>> S3Client::ListObjects(S3Uri prefix) {
  std::vector<ObjectSummary> objects;
  std::string token;
  do {
    AwsRequest request = Make("GET", {.bucket = prefix.bucket});
    request.query =
        "list-type=2&encoding-type=url&prefix=" + UriEncode(prefix.key, UriPart::kComponent);
    if (!token.empty()) {
      request.query += "&continuation-token=" + UriEncode(token, UriPart::kComponent);
    }
    CO_TRY(const http::Response response, co_await client_.Call(std::move(request)));
    CO_TRY(ListPage page, ParseListPage(response.body));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(objects));
    token = std::move(page.next_token);
  } while (!token.empty());
  co_return objects;
}

}  // namespace scones::client
