// warder init: a new project that type-checks, bundles, tests and runs.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "engine/cli/command.h"
#include "engine/cli/project_template.h"
#include "engine/cli/text.h"
#include "sandbox/base/unique_fd.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples =
    "  warder init my-integration\n"
    "  cd my-integration && npm install && npm test";
constexpr std::size_t kMaxNameBytes = 64;

struct InitOptions {
  std::string project;
  std::string sdk = WARDER_SDK;
};

[[noreturn]] void Refuse(const std::string& message) { throw EngineError(Status::kInvalid, message); }

// A name that npm takes, and that needs no quotes anywhere.
void CheckName(const std::string& name) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good =
      !name.empty() && name.size() <= kMaxNameBytes && word(name.front()) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return word(c) || c == '-' || c == '_' || c == '.'; });
  if (good) return;
  Refuse(
      "a project's name is 1 to 64 of a-z, 0-9, \"-\", \"_\" and \".\", beginning with a letter or digit, such as "
      "my-integration, not \"" +
      name + "\"");
}

fs::path SdkAt(const std::string& folder) {
  std::error_code error;
  fs::path sdk = fs::weakly_canonical(folder, error);
  if (error || !fs::is_directory(sdk / "types", error) || !fs::is_directory(sdk / "bundle", error)) {
    Refuse("there is no SDK in " + folder + "; name the folder with Warder's bundle/ and types/ with --sdk");
  }
  const std::string text = sdk.string();
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; })) {
    Refuse("the path of the SDK, " + text + ", cannot stand in a package.json; name another with --sdk");
  }
  return sdk;
}

void MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    if (!fs::is_directory(folder, error)) Refuse("there is something of the name " + folder.string() + " already");
    if (!fs::is_empty(folder, error) || error) {
      Refuse("the folder " + folder.string() + " is not empty; name another, or an empty one");
    }
    return;
  }
  fs::create_directories(folder, error);
  if (error) Refuse("cannot make the folder " + folder.string() + ": " + error.message());
}

std::string Filled(std::string_view text, const std::string& name, const std::string& sdk) {
  std::string filled;
  for (;;) {
    const std::size_t at = text.find("{{");
    filled += text.substr(0, at);
    if (at == std::string_view::npos) return filled;
    text.remove_prefix(at);
    const bool is_name = text.starts_with("{{name}}");
    const bool is_sdk = text.starts_with("{{sdk}}");
    filled += is_name ? name : is_sdk ? sdk : "{{";
    text.remove_prefix(is_name ? 8 : is_sdk ? 7 : 2);
  }
}

// Nothing is overwritten, and no link followed.
void WriteNew(const fs::path& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  while (file && !text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (file && text.empty()) return;
  Refuse("cannot write " + path.string() + ": " + std::generic_category().message(errno));
}

// Whether a shell finds a `warder`, which the project's scripts call.
bool IsOnPath() {
  const char* const variable = std::getenv("PATH");
  std::string_view left = variable == nullptr ? "" : variable;
  while (!left.empty()) {
    const std::string_view folder = left.substr(0, left.find(':'));
    if (!folder.empty() && ::access((std::string(folder) + "/warder").c_str(), X_OK) == 0) return true;
    left.remove_prefix(std::min(folder.size() + 1, left.size()));
  }
  return false;
}

int Init(const InitOptions& options, Environment& environment) {
  const fs::path project = fs::path(options.project).lexically_normal();
  const fs::path whole = fs::absolute(project).lexically_normal();
  const std::string name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  CheckName(name);
  const std::string sdk = SdkAt(options.sdk).string();
  MakeFolder(project);
  for (const EmbeddedFile& file : kTemplate) {
    const fs::path path = project / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    WriteNew(path, Filled(file.text, name, sdk));
  }
  std::string text = "made " + Printable(project.string()) + "; next:\n";
  if (std::error_code error; !IsOnPath()) {
    text += "  export PATH=" + Printable(fs::read_symlink("/proc/self/exe", error).parent_path().string()) + ":$PATH\n";
  }
  text += "  cd " + Printable(project.string()) + "\n  npm install\n  npm test\n";
  environment.out.Write(text);
  return 0;
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<InitOptions>();
  app.add_option("name", options->project, "The project: a folder that is made, or an empty one")
      ->required()
      ->type_name("NAME");
  app.add_option("--sdk", options->sdk,
                 "The folder of Warder's SDK, which the project installs from (default: the one that "
                 "this command was built with)")
      ->type_name("FOLDER");
  return [options](Environment& environment) { return Init(*options, environment); };
}

}  // namespace

Command InitCommand() { return {"init", "Make a project: a flow in TypeScript, with tests", kExamples, Declare}; }

}  // namespace warder::cli
