#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/base/sha256.h"
#include "engine/execution/bundle_map.h"
#include "engine/source_map/source_map.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/base/utf8.h"
#include "warder/engine.h"

namespace warder {
namespace {

constexpr std::size_t kMaxFiles = 2'000;
constexpr int kMaxDepth = 16;

[[noreturn]] void Invalid(const std::string& message) { throw EngineError(Status::kInvalid, message); }

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Tests beside a bundle are no part of it.
bool IsTest(std::string_view name) { return EndsWith(name, ".fixture.json") || EndsWith(name, ".test.js"); }

bool IsModule(std::string_view name) {
  if (IsTest(name)) return false;
  return EndsWith(name, ".js") || EndsWith(name, ".mjs") || EndsWith(name, ".json");
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Directory = std::unique_ptr<DIR, DirCloser>;

// Collects the files of one bundle by descriptor, so that what was checked is what is read.
class Collector {
 public:
  Collector(std::string shown, std::uint64_t maximum) : shown_(std::move(shown)), left_(maximum), maximum_(maximum) {}

  void AddFile(const UniqueFd& file, const std::string& name, int folder) {
    if (const auto at = FindInvalidUtf8(name)) {
      Invalid("a file of the bundle " + shown_ + " has a name that is not UTF-8 (" + name.substr(0, *at) +
              "…); rename it");
    }
    if (files_.size() == kMaxFiles) {
      Invalid("the bundle " + shown_ + " has more than " + std::to_string(kMaxFiles) +
              " files; bundle it into one file, for instance with esbuild");
    }
    std::string source;
    std::array<char, 64 << 10> chunk;
    for (;;) {
      const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) Invalid("cannot read " + name + " of the bundle " + shown_ + ": " + std::strerror(errno));
      if (got == 0) break;
      if (static_cast<std::uint64_t>(got) > left_) {
        Invalid("the bundle " + shown_ + " is larger than " + FormatLimit(LimitUnit::kBytes, maximum_) +
                "; bundle and minify it, or raise the limit \"bundle\"");
      }
      left_ -= static_cast<std::uint64_t>(got);
      source.append(chunk.data(), static_cast<std::size_t>(got));
    }
    if (const auto at = FindInvalidUtf8(source)) {
      Invalid(name + " of the bundle " + shown_ + " is not UTF-8: the byte at offset " + std::to_string(*at) +
              " is no part of a character; save it as UTF-8");
    }
    files_.push_back({name, std::move(source)});
    if (auto map = execution::ReadMapOf(files_.back(), folder)) {
      map_bytes_ += map->text.size();
      if (map_bytes_ > source_map::kMaxMapBytes) *map = {name, {}, TooManyMaps(name)};
      source_maps_.push_back(std::move(*map));
    }
  }

  void AddDirectory(UniqueFd directory, const std::string& prefix, int depth) {
    if (depth > kMaxDepth)
      Invalid("the bundle " + shown_ + " has folders nested deeper than " + std::to_string(kMaxDepth));
    const Directory entries(::fdopendir(directory.get()));
    if (!entries) Invalid("cannot list " + shown_ + "/" + prefix + ": " + std::strerror(errno));
    const int at = directory.release();  // owned by `entries` now
    errno = 0;
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string base = entry->d_name;
      if (base.front() == '.' || base == "node_modules") continue;
      AddEntry(at, base, prefix + base, depth);
      errno = 0;
    }
    if (errno != 0) Invalid("cannot list " + shown_ + "/" + prefix + ": " + std::strerror(errno));
  }

  // Files that are in memory already.
  void AddText(const std::vector<Bundle::File>& more) { files_.insert(files_.end(), more.begin(), more.end()); }

  std::vector<Bundle::File> Take() {
    std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(files_);
  }
  std::vector<Bundle::SourceMap> TakeSourceMaps() { return std::move(source_maps_); }

 private:
  static std::string TooManyMaps(const std::string& name) {
    return "the source map of " + name + " is not used: the bundle's maps are larger than " +
           std::to_string(source_map::kMaxMapBytes >> 20U) + " MB together";
  }

  void AddEntry(int at, const std::string& base, const std::string& name, int depth) {
    UniqueFd file(::openat(at, base.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file && errno == ELOOP) {
      // A link could lead anywhere by the time it is read. One that no module could be imported from does not matter.
      if (!IsModule(base) && !IsDirectory(at, base)) return;
      Invalid(name + " of the bundle " + shown_ + " is a symbolic link; a bundle holds plain files only");
    }
    if (!file) {
      if (!IsModule(base)) return;
      Invalid("cannot open " + name + " of the bundle " + shown_ + ": " + std::strerror(errno));
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) Invalid("cannot look at " + name + ": " + std::strerror(errno));
    if (S_ISDIR(status.st_mode)) {
      AddDirectory(std::move(file), name + "/", depth + 1);
    } else if (S_ISREG(status.st_mode) && IsModule(base)) {
      AddFile(file, name, at);
    }
  }

  // Links are followed.
  static bool IsDirectory(int at, const std::string& base) {
    struct stat status {};
    return ::fstatat(at, base.c_str(), &status, 0) == 0 && S_ISDIR(status.st_mode);
  }

  std::string shown_;
  std::uint64_t left_;
  std::uint64_t maximum_;
  std::uint64_t map_bytes_ = 0;
  std::vector<Bundle::File> files_;
  std::vector<Bundle::SourceMap> source_maps_;
};

// Names and sources with their lengths, so that no two bundles hash alike.
std::string HashOf(const std::vector<Bundle::File>& files) {
  Sha256 hash;
  for (const auto& file : files) {
    for (const std::string& part : {file.name, file.source}) {
      hash.Update(std::to_string(part.size()) + ":");
      hash.Update(part);
    }
  }
  return hash.Hex();
}

void CheckNames(const std::vector<Bundle::File>& sorted) {
  const auto same = [](const Bundle::File& a, const Bundle::File& b) { return a.name == b.name; };
  if (std::adjacent_find(sorted.begin(), sorted.end(), same) == sorted.end()) return;
  Invalid("the bundle has two modules of one name");
}

bool HasFile(const std::vector<Bundle::File>& files, const std::string& name) {
  return std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.name == name; });
}

}  // namespace

std::shared_ptr<const Bundle> Bundle::Load(const std::filesystem::path& path, std::uint64_t maximum_bytes) {
  const std::string shown = path.string();
  UniqueFd file(::open(shown.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    Invalid("cannot open the bundle " + shown + ": " + std::strerror(errno) + "; check the path and its permissions");
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) Invalid("cannot look at the bundle " + shown + ": " + std::strerror(errno));

  auto bundle = std::shared_ptr<Bundle>(new Bundle());
  Collector collector(shown, maximum_bytes);
  if (S_ISDIR(status.st_mode)) {
    bundle->entry_ = "index.js";
    collector.AddDirectory(std::move(file), "", 0);
  } else if (S_ISREG(status.st_mode)) {
    bundle->entry_ = path.filename().string();
    if (!EndsWith(bundle->entry_, ".js") && !EndsWith(bundle->entry_, ".mjs")) {
      Invalid("the bundle " + shown +
              " is neither a folder nor a .js or .mjs file; TypeScript has to be bundled first");
    }
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const UniqueFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    collector.AddFile(file, bundle->entry_, folder.get());
  } else {
    Invalid("the bundle " + shown + " is neither a file nor a folder");
  }
  bundle->files_ = collector.Take();
  if (!HasFile(bundle->files_, bundle->entry_)) {
    Invalid("the bundle " + shown + " has no index.js; a bundle folder starts there");
  }
  bundle->source_maps_ = collector.TakeSourceMaps();
  bundle->sha256_ = HashOf(bundle->files_);
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::LoadTest(const std::filesystem::path& path, const std::vector<File>& more,
                                               const std::string& entry, std::uint64_t maximum_bytes) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const std::string name = path.filename().string();
  UniqueFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) Invalid("cannot open the folder " + parent.string() + ": " + std::strerror(errno));
  // As of other modules: a link could lead anywhere.
  const UniqueFd file(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ELOOP) Invalid(path.string() + " is a symbolic link; a test file is a plain file");
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    Invalid("cannot open the test file " + path.string() + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) Invalid(path.string() + " is no plain file; a test file is one");
  Collector collector(parent.string(), maximum_bytes);
  collector.AddText(more);
  collector.AddFile(file, name, folder.get());
  collector.AddDirectory(std::move(folder), "", 0);
  auto bundle = std::shared_ptr<Bundle>(new Bundle());
  bundle->entry_ = entry;
  bundle->files_ = collector.Take();
  CheckNames(bundle->files_);
  bundle->source_maps_ = collector.TakeSourceMaps();
  bundle->sha256_ = HashOf(bundle->files_);
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::Of(std::vector<File> files, std::string entry) {
  auto bundle = std::shared_ptr<Bundle>(new Bundle());
  bundle->files_ = std::move(files);
  std::sort(bundle->files_.begin(), bundle->files_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  bundle->entry_ = std::move(entry);
  CheckNames(bundle->files_);
  if (!HasFile(bundle->files_, bundle->entry_)) Invalid("the bundle has no module with the name of its entry");
  bundle->sha256_ = HashOf(bundle->files_);
  return bundle;
}

}  // namespace warder
