#include "warder/connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <system_error>

#include "engine/base/strict_json.h"
#include "engine/broker/connection.h"
#include "sandbox/base/unique_fd.h"
#include "warder/engine.h"
#include "warder/policy.h"

namespace warder {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxFileBytes = std::size_t{256} << 10;

enum class Keeps { kPolicy, kSecrets };

[[noreturn]] void Refuse(const fs::path& path, const std::string& why) {
  throw EngineError(Status::kInvalid, "the connection's file " + path.string() + " " + why);
}

// Looked at and read through one descriptor, so that what was judged is what is read.
std::string ReadWhole(const fs::path& path, Keeps keeps, std::size_t most) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) Refuse(path, "cannot be read: " + std::system_category().message(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) Refuse(path, "is no regular file");
  if (keeps == Keeps::kSecrets) {
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      Refuse(path, "holds a credential and is open to other users; run: chmod 600 " + path.string());
    }
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
      Refuse(path, "holds a credential and belongs to another user");
  }
  if (keeps == Keeps::kPolicy) {
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
      Refuse(path, "is a policy that other users can change; run: chmod go-w " + path.string());
    if (status.st_uid != ::geteuid() && status.st_uid != 0) Refuse(path, "is a policy and belongs to another user");
  }
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      WipeString(&text);
      Refuse(path, "cannot be read: " + std::system_category().message(error));
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) {
    WipeString(&text);
    Refuse(path, "has more than " + std::to_string(most) + " bytes");
  }
  text.resize(size);
  return text;
}

SecretFields FieldsOf(const fs::path& path, const json::value& value) {
  SecretFields fields;
  if (!value.is_object()) Refuse(path, "has \"fields\" that are no object of texts");
  for (const auto& [name, field] : value.get_object()) {
    if (!field.is_string()) Refuse(path, "has a field that is no text: \"" + std::string(name) + "\"");
    const json::string& text = field.get_string();
    fields.emplace(std::string(name), Secret({text.data(), text.size()}));
  }
  return fields;
}

}  // namespace

std::shared_ptr<const Connection> Connection::Make(std::string_view policy, const Fields& fields) {
  SecretFields secrets;
  for (const auto& [name, value] : fields) {
    if (!secrets.emplace(name, Secret(value)).second) {
      throw EngineError(Status::kInvalid, "the credential has two fields \"" + name + "\"");
    }
  }
  auto made = broker::Connection::Make(policy, std::move(secrets));
  if (!made) throw EngineError(Status::kInvalid, made.error().message);
  return std::make_shared<const Connection>(std::move(*made));
}

std::shared_ptr<const Connection> Connection::Load(const fs::path& path) {
  std::string text = ReadWhole(path, Keeps::kSecrets, kMaxFileBytes);
  const WipeAtEnd wipe(&text);
  const auto value = ParseStrict(text, WipingStorage());
  if (!value) Refuse(path, value.error().message);
  const json::object* const object = value->if_object();
  for (const char* member : {"policy", "fields"}) {
    if (object == nullptr || !object->contains(member)) {
      Refuse(path, "must be {\"policy\": \"FILE\", \"fields\": {\"NAME\": \"VALUE\"}}, and has no \"" +
                       std::string(member) + "\"");
    }
  }
  if (object->size() != 2) Refuse(path, "has more than \"policy\" and \"fields\"");
  if (!object->at("policy").is_string()) Refuse(path, "has a \"policy\" that is not the name of a file");
  const fs::path policy = path.parent_path() / fs::path(std::string(object->at("policy").get_string()));
  SecretFields fields = FieldsOf(path, object->at("fields"));
  auto made = broker::Connection::Make(ReadWhole(policy, Keeps::kPolicy, policy::kMaxBytes), std::move(fields));
  if (!made) throw EngineError(Status::kInvalid, "the connection of " + path.string() + ": " + made.error().message);
  return std::make_shared<const Connection>(std::move(*made));
}

const std::string& Connection::policy_sha256() const { return connection_->policy_sha256(); }

}  // namespace warder
