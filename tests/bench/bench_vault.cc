// What the vault costs: making tenants, replacing the key-encryption key of all of them (which must rewrite no record),
// reading and writing a record.
//
//   bench_vault [TENANTS [FOLDER]]     10000, and a folder of its own in the temporary folder
//
// With $WARDER_PKCS11_MODULE, _TOKEN, _KEY and _PIN also what it costs to move all keys into that token and out of it:
// one operation of the token each. tests/bench/vault.sh does that with SoftHSM.
//
// Exit code 1: replacing a local key takes longer than kMost, or rewrites a record.
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/base/sha256.h"
#include "engine/vault/local_key.h"
#include "engine/vault/pkcs11_key.h"
#include "engine/vault/vault.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kCalls = 500;
constexpr double kMost = 5'000;  // ms

template <typename T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void Must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

double Milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

double Time(const std::function<void()>& work) {
  const auto begun = Clock::now();
  work();
  return Milliseconds(Clock::now() - begun);
}

void MeasureCalls(const char* name, const std::function<void(int)>& call) {
  std::vector<double> times;
  times.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) times.push_back(Time([&] { call(i); }));
  std::sort(times.begin(), times.end());
  std::printf("  %-34s %8.3f ms median, %.3f ms p99\n", name, times[kCalls / 2], times[kCalls * 99 / 100]);
}

std::string DigestOf(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Sha256 digest;
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    digest.Update(file.string());
    digest.Update(std::string{std::istreambuf_iterator<char>(stream), {}});
  }
  return digest.Hex();
}

store::TenantId Tenant(int number) { return Must(store::TenantId::Parse("tenant-" + std::to_string(number))); }

// Nothing: the environment names no token.
std::optional<Pkcs11Options> TokenOf() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  Pkcs11Options token{variable("WARDER_PKCS11_MODULE"), variable("WARDER_PKCS11_TOKEN"), variable("WARDER_PKCS11_KEY"),
                      Secret(variable("WARDER_PKCS11_PIN"))};
  if (token.module.empty()) return std::nullopt;
  return token;
}

void RotateThrough(Vault& vault, const fs::path& state, const Pkcs11Options& token) {
  const double in = Time([&] { Must(vault.RotateKek(Must(OpenPkcs11Key(token)))); });
  const double out =
      Time([&] { Must(vault.RotateKek(Must(LocalKey::FromFile(state / "kek-2", LocalKey::IfMissing::kMake)))); });
  std::printf("the same into a PKCS#11 token %8.0f ms, out of it %8.0f ms\n", in, out);
}

void Run(int tenants, const fs::path& state) {
  Vault vault = Must(Vault::OpenWithKeyFile(state, state / "kek"));
  const double making = Time([&] {
    for (int i = 0; i < tenants; ++i) {
      const auto tenant = Must(vault.CreateTenant(Tenant(i)));
      auto transaction = Must(tenant->Begin());
      Must(transaction.Put("crm", "token", "a secret of " + std::to_string(i), 0));
      Must(transaction.Commit());
    }
  });
  std::printf("%d tenants made, with a record each    %8.0f ms, %.2f ms a tenant\n", tenants, making, making / tenants);

  const std::string before = DigestOf(state / "tenants");
  std::size_t count = 0;
  const double rotating = Time([&] { count = Must(vault.RotateKekFile(state / "kek")); });
  const bool same = DigestOf(state / "tenants") == before;
  std::printf("key-encryption key of %zu data keys replaced %8.0f ms; the tenants' files are %s\n", count, rotating,
              same ? "the same, byte by byte" : "NOT the same");
  if (!same || count != static_cast<std::size_t>(tenants)) throw std::runtime_error("the rotation touched records");
  if (rotating > kMost) throw std::runtime_error("the rotation took longer than 5 s");
  if (const auto token = TokenOf()) RotateThrough(vault, state, *token);

  MeasureCalls("opening a tenant and reading", [&](int i) {
    const auto tenant = Must(vault.OpenTenant(Tenant(i % tenants)));
    if (!Must(tenant->Get("crm", "token"))) throw std::runtime_error("a record is missing");
  });
  const auto tenant = Must(vault.OpenTenant(Tenant(0)));
  MeasureCalls("reading", [&](int) { Must(tenant->Get("crm", "token")); });
  std::uint64_t generation = 1;
  MeasureCalls("writing, both files synced", [&](int) {
    auto transaction = Must(tenant->Begin());
    generation = Must(transaction.Put("crm", "token", "another", generation));
    Must(transaction.Commit());
  });
  MeasureCalls("a new data key", [&](int) { Must(tenant->RotateDataKey()); });
}

}  // namespace
}  // namespace warder::vault

int main(int argc, char** argv) {
  const int tenants = argc > 1 ? std::atoi(argv[1]) : 10'000;
  if (tenants < 1) {
    std::fprintf(stderr, "bench_vault [TENANTS [FOLDER]]\n");
    return 2;
  }
  std::string pattern =
      (argc > 2 ? std::filesystem::path(argv[2]) : std::filesystem::temp_directory_path()) / "bench-vault.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    return 1;
  }
  int code = 0;
  try {
    warder::vault::Run(tenants, std::filesystem::path(pattern) / "state");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  std::filesystem::remove_all(pattern);
  return code;
}
