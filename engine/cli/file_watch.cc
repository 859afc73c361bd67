#include "engine/cli/file_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;

// An editor or a bundler writes several files one after the other.
constexpr int kSettleMilliseconds = 50;

bool IsHidden(std::string_view name) { return name.starts_with('.') || name == "node_modules"; }

bool Matters(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEndings = {".js", ".mjs", ".json", ".journal"};
  return !IsHidden(name) &&
         std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

FileWatch::FileWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_) throw EngineError(Status::kFault, std::string("cannot watch files: ") + std::strerror(errno));
}

void FileWatch::Add(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    AddFolder(path.has_parent_path() ? path.parent_path() : ".");
    return;
  }
  AddFolder(path);
  for (auto at = fs::directory_iterator(path, error); !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (IsHidden(at->path().filename().string()) || at->is_symlink(ignored) || !at->is_directory(ignored)) continue;
    Add(at->path());
  }
}

void FileWatch::AddFolder(const fs::path& folder) {
  constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
  if (::inotify_add_watch(inotify_.get(), folder.c_str(), kChanges) >= 0 || errno != ENOSPC) return;
  throw EngineError(Status::kFault, "cannot watch " + folder.string() +
                                        ": too many folders are watched; raise fs.inotify.max_user_watches");
}

bool FileWatch::AwaitChange(const Interrupts& interrupts) {
  bool changed = false;
  for (;;) {
    std::array<pollfd, 2> sources = {{{inotify_.get(), POLLIN, 0}, {interrupts.fd(), POLLIN, 0}}};
    const int ready = ::poll(sources.data(), sources.size(), changed ? kSettleMilliseconds : -1);
    if (interrupts.first() != 0) return false;
    if (ready == 0) return true;
    if (ready > 0 && Take()) changed = true;
  }
}

bool FileWatch::Take() {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  bool matters = false;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) return matters;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      const std::string_view name = event->len > 0 ? event->name : "";
      const bool folder = (event->mask & IN_ISDIR) != 0 && !IsHidden(name);
      matters = matters || folder || (event->mask & IN_Q_OVERFLOW) != 0 || Matters(name);
      at += sizeof(inotify_event) + event->len;
    }
  }
}

}  // namespace warder::cli
