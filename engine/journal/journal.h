// Writes the journal of one execution (docs/journals.md): what was run, every frame that was sent to its cell and what
// the cell said, in order.
//
// All nondeterminism enters a cell through its socket, so this is all that a replay needs. It holds payloads: it is
// written only where someone asked for it, readable by its owner alone, and appears under its name only when it is
// complete. Credentials are not in it, because they never cross that socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/journal/header.h"
#include "engine/journal/record.h"
#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::journal {

class Journal {
 public:
  // Keeps nothing; every member does nothing.
  Journal() = default;
  // Refuses a `path` under which there is anything but a regular file: it would be replaced.
  static Result<Journal> Create(const std::filesystem::path& path);
  Journal(Journal&&) = default;
  Journal& operator=(Journal&& other) noexcept;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  // A journal that was not committed leaves no file.
  ~Journal() { Discard(); }

  // The file's; -1: nothing is kept.
  int descriptor() const { return file_.get(); }

  // First; what comes before it is not kept.
  void Begin(const Header& header);
  bool begun() const { return begun_; }
  // A frame to the cell as it crossed the socket, with its length in front, in two parts where it is a long one.
  void Sent(std::string_view frame, std::string_view rest = {});
  // A frame of the cell's. What it says of its own memory and time is kept, and no replay compares it.
  void Said(const proto::FromCell& frame);
  void SaidBody(std::uint64_t call, std::string_view data, bool last);
  // Writes the last record and gives the file its name. An error says what could not be written.
  Result<void> Commit(const Ending& ending);
  // The error for what its disk was too slow for.
  Result<void> TooMuch() const;

 private:
  void Append(RecordKind kind, std::initializer_list<std::string_view> parts);
  void Flush();
  void Discard();

  UniqueFd file_;
  std::string path_;
  std::string temporary_;
  RecordWriter writer_;
  std::string buffer_;
  std::size_t bytes_ = 0;  // of all records so far
  std::size_t records_ = 0;
  int error_ = 0;
  bool begun_ = false;
};

}  // namespace warder::journal
