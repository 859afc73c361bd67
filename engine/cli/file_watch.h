// Waits until somebody changes what a bundle or its fixtures are made of (inotify(7)).
#pragma once

#include <filesystem>

#include "engine/cli/interrupts.h"
#include "sandbox/base/unique_fd.h"

namespace warder::cli {

class FileWatch {
 public:
  // Throws EngineError(kFault) where the system watches no more.
  FileWatch();

  // A file (its folder is what is watched, as editors replace files), or a folder with all that are in it but hidden
  // ones and node_modules. What is not there is not watched.
  void Add(const std::filesystem::path& path);

  // Until a module, a JSON file or a journal has changed since the object was made, and then until nothing has for a
  // moment. False: a signal came first.
  bool AwaitChange(const Interrupts& interrupts);

 private:
  void AddFolder(const std::filesystem::path& folder);
  // Takes what has happened. True: some of it matters.
  bool Take();

  UniqueFd inotify_;
};

}  // namespace warder::cli
