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

constexpr const char* kForm = R"({"policy": "FILE", "fields": {"NAME": "VALUE"}})";

// A file of a connection, and how sentences name it.
struct File {
  enum class Keeps { kPolicy, kSecrets } keeps;
  fs::path path;
  std::string shown;
};

[[noreturn]] void Refuse(const File& file, const std::string& why) {
  throw EngineError(Status::kInvalid, file.shown + " " + why);
}

// Others must neither read a credential nor change a policy.
void RefuseOthersRights(const File& file, const struct stat& status) {
  const bool others = status.st_uid != ::geteuid() && status.st_uid != 0;
  if (file.keeps == File::Keeps::kSecrets) {
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      Refuse(file, "holds a credential and is open to other users; run: chmod 600 " + file.path.string());
    }
    if (others) Refuse(file, "holds a credential and belongs to another user; make it yours");
    return;
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    Refuse(file, "can be changed by other users; run: chmod go-w " + file.path.string());
  }
  if (others) Refuse(file, "belongs to another user; make it yours");
}

// Looked at and read through one descriptor, so that what was judged is what is read.
std::string ReadWhole(const File& from, std::size_t most) {
  const auto cannot = [&from](int error) {
    Refuse(from, "cannot be read: " + std::system_category().message(error) + "; check the path and its permissions");
  };
  const UniqueFd file(::open(from.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) cannot(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    Refuse(from, std::string("is no regular file; name the ") +
                     (from.keeps == File::Keeps::kSecrets ? "connection's JSON file" : "policy's file"));
  }
  RefuseOthersRights(from, status);
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      WipeString(&text);
      cannot(error);
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) {
    WipeString(&text);
    Refuse(from, "has more than " + std::to_string(most) + " bytes");
  }
  text.resize(size);
  return text;
}

SecretFields FieldsOf(const File& file, const json::value& value) {
  SecretFields fields;
  if (!value.is_object()) Refuse(file, R"(has "fields" that are no object of texts such as {"NAME": "VALUE"})");
  for (const auto& [name, field] : value.get_object()) {
    if (!field.is_string()) {
      Refuse(file, "has a field " + Shown(json::value(name)) + " that is no text; put it in quotes");
    }
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
  const File file{File::Keeps::kSecrets, path, "the connection's file " + path.string()};
  std::string text = ReadWhole(file, kMaxFileBytes);
  const WipeAtEnd wipe(&text);
  const auto value = ParseStrict(text, WipingStorage());
  if (!value) Refuse(file, "cannot be used: " + value.error().message);
  const json::object* const object = value->if_object();
  for (const char* member : {"policy", "fields"}) {
    if (object == nullptr || !object->contains(member)) {
      Refuse(file, std::string("must be ") + kForm + ", and has no \"" + member + "\"");
    }
  }
  for (const auto& member : *object) {
    if (member.key() == "policy" || member.key() == "fields") continue;
    Refuse(file,
           "must be " + std::string(kForm) + ", and has " + Shown(json::value(member.key())) + " too; take it out");
  }
  if (!object->at("policy").is_string()) {
    Refuse(file, "has a \"policy\" that is no text; it is the path of a policy, from this file's folder on");
  }
  const fs::path named(std::string(object->at("policy").get_string()));
  const File policy{File::Keeps::kPolicy, path.parent_path() / named,
                    "the \"policy\" of the connection's file " + path.string() + ", " + named.string() + ","};
  SecretFields fields = FieldsOf(file, object->at("fields"));
  const std::string rules = ReadWhole(policy, policy::kMaxBytes);
  try {
    policy::Read(rules);
  } catch (const EngineError& error) {
    Refuse(policy, "is wrong: " + std::string(error.what()));
  }
  auto made = broker::Connection::Make(rules, std::move(fields));
  if (!made) throw EngineError(Status::kInvalid, "the connection of " + path.string() + ": " + made.error().message);
  return std::make_shared<const Connection>(std::move(*made));
}

const std::string& Connection::policy_sha256() const { return connection_->policy_sha256(); }

}  // namespace warder
