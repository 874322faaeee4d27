// Servers behind https: asked when their certificate is trusted, never otherwise.
#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <thread>

#include "base/temporary_folder.h"
#include "evals/endpoint/http_connection.h"

namespace quantrial {
namespace {

// A key and a certificate for localhost that it signs itself, valid for an hour.
struct Certificate {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> x509{X509_new(), X509_free};

  Certificate() {
    constexpr long hour_s = 3600;
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -hour_s);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), hour_s);
    X509_set_pubkey(x509.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(x509.get());
    const auto* common_name = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(x509.get(), name);
    X509_EXTENSION* const names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(x509.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x509.get(), key.get(), EVP_sha256());
  }

  void write(const std::filesystem::path& path) const {
    FILE* const file = fopen(path.c_str(), "w");
    PEM_write_X509(file, x509.get());
    fclose(file);
  }
};

HttpReply get(int port, const std::string& ca_file) {
  HttpOptions options;
  options.ca_file = ca_file;
  const std::string address = "https://localhost:" + std::to_string(port);
  return HttpConnection(parse_address(address), options).get("/v1/models");
}

TEST(ServersBehindTls, AreAskedWhenTheirCertificateIsTrusted) {
  const Certificate certificate;
  httplib::SSLServer server(certificate.x509.get(), certificate.key.get());
  server.Get("/v1/models", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("models", "text/plain");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();

  const TemporaryFolder folder;
  certificate.write(folder.path() / "trusted.pem");
  const HttpReply trusted = get(port, (folder.path() / "trusted.pem").string());
  EXPECT_EQ(trusted.end, HttpReply::End::complete) << trusted.failure;
  EXPECT_EQ(trusted.body, "models");

  const HttpReply unknown = get(port, "");
  EXPECT_EQ(unknown.end, HttpReply::End::unreachable);
  EXPECT_NE(unknown.failure.find("certificate"), std::string::npos) << unknown.failure;

  Certificate().write(folder.path() / "other.pem");
  const HttpReply other = get(port, (folder.path() / "other.pem").string());
  EXPECT_EQ(other.end, HttpReply::End::unreachable) << other.body;
  server.stop();
  thread.join();
}

}  // namespace
}  // namespace quantrial
