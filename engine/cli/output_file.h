// OutputFile: a file that the user asked for and gets whole or not at all.
//
// The constructor finds out whether it can be made, before anything runs for its sake. Content is written beside the
// destination, in a folder that only we can enter, and renamed into place; what Write writes is its owner's alone. What
// is not a regular file (/dev/null, a pipe) is never replaced: Write writes to it, Stage refuses it.
#pragma once

#include <filesystem>
#include <string>

namespace warder::cli {

class OutputFile {
 public:
  // `option` names the file in messages ("--receipt"). Throws EngineError(kInvalid) where `path` cannot be written.
  OutputFile(std::string option, const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Takes away what is in its place from before, so that nobody mistakes it for what comes now. Throws
  // EngineError(kInvalid).
  void Clear();
  // Where to write for now. Throws EngineError(kFault), or kInvalid for what cannot be replaced.
  std::filesystem::path Stage();
  // Whether there is something at Stage().
  bool IsStaged() const;
  // Puts what was written to Stage() in its place. Throws EngineError(kFault).
  void Commit();
  // Stage, write, Commit.
  void Write(std::string_view content);

 private:
  bool MakeFolder();
  void RemoveFolder() noexcept;

  std::string option_;
  std::filesystem::path target_;
  std::filesystem::path folder_;  // empty: none was made
  bool direct_ = false;
};

}  // namespace warder::cli
