// The journal of one execution: every frame that was sent to its cell, in order.
//
// All nondeterminism enters a cell through its socket, so these frames and the bundle are all that a replay needs. The
// file is the text "warder journal 1\n", then the frames exactly as they crossed the socket. It holds payloads: it is
// written only where someone asked for it, readable by its owner alone, and appears under its name only when it is
// complete.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"

namespace warder::execution {

class Journal {
 public:
  // Keeps nothing; Append does nothing.
  Journal() = default;
  // Refuses a `path` under which there is anything but a regular file: it would be replaced.
  static Result<Journal> Create(const std::filesystem::path& path);
  Journal(Journal&&) = default;
  Journal& operator=(Journal&&) = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  // A journal that was not committed leaves no file.
  ~Journal();

  // The file's; -1: nothing is kept.
  int descriptor() const { return file_.get(); }

  void Append(std::string_view frame);
  // Gives the file its name. An error says what could not be written.
  Result<void> Commit();

 private:
  UniqueFd file_;
  std::string path_;
  std::string temporary_;
  std::string buffer_;
  int error_ = 0;
  void Flush();
};

}  // namespace warder::execution
