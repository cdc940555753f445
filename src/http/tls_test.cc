// TLS against a server of our own making, whose certificate is good for "localhost" only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "http/client.h"
#include "io/file.h"
#include "io/shards.h"

namespace scones::http {
namespace {

class TlsServer {
 public:
  TlsServer() : context_(SSL_CTX_new(TLS_server_method())), key_(EVP_EC_gen("P-256")) {
    certificate_ = X509_new();
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* const name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* const names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate_);
    SSL_CTX_use_PrivateKey(context_, key_);

    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      for (int peer = 0; (peer = ::accept(listener_, nullptr, nullptr)) >= 0;) Serve(peer);
    });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
    SSL_CTX_free(context_);
  }
  std::uint16_t port() const { return port_; }
  void WriteCertificate(const io::Path& path) const {
    FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_);
    std::fclose(file);
  }

 private:
  void Serve(int peer) {
    SSL* const session = SSL_new(context_);
    SSL_set_fd(session, peer);
    char bytes[4096];
    if (SSL_accept(session) == 1 && SSL_read(session, bytes, sizeof bytes) > 0) {
      constexpr std::string_view kAnswer =
          "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret";
      SSL_write(session, kAnswer.data(), kAnswer.size());
      SSL_shutdown(session);
    }
    SSL_free(session);
    ::close(peer);
  }
  SSL_CTX* context_;
  EVP_PKEY* key_;
  X509* certificate_;
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(TlsTest, OnlyATrustedCertificateOfThatHostIsTalkedTo) {
  TlsServer server;
  io::TemporaryDirectory folder;
  const io::Path file = folder.path() / "ca.pem";
  server.WriteCertificate(file);
  io::Shards shards(1);
  Client trusting({.certificates_file = file.string()});
  Client system;
  const auto fetch = [&](Client& client, const char* host) {
    return shards.RunAndWait(
        client.Fetch({.secure = true, .host = host, .port = server.port()}, {}, 100));
  };
  const Result<Response> good = fetch(trusting, "localhost");
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->body, "secret");
  EXPECT_EQ(fetch(trusting, "127.0.0.1").error().code(), Code::kDenied);
  const Result<Response> untrusted = fetch(system, "localhost");
  ASSERT_FALSE(untrusted);
  EXPECT_EQ(untrusted.error().code(), Code::kDenied);
  EXPECT_THAT(untrusted.error().message(), ::testing::HasSubstr("does not verify"));
}

}  // namespace
}  // namespace scones::http
