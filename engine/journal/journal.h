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
#include <utility>

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
  // Refuses a `path` under which there is anything but a regular file: it would be replaced. One that would be longer
  // than `most_bytes` is not written.
  static Result<Journal> Create(const std::filesystem::path& path, std::size_t most_bytes = kMaxJournalBytes);
  Journal(Journal&&) = default;
  Journal& operator=(Journal&&) = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  // A journal that was not committed leaves no file.
  ~Journal() = default;

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
  // A file's name for the time being; the file goes with it.
  class Temporary {
   public:
    Temporary() = default;
    explicit Temporary(std::string path) : path_(std::move(path)) {}
    ~Temporary() { Remove(); }
    Temporary(Temporary&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Temporary& operator=(Temporary&& other) noexcept {
      if (this == &other) return *this;
      Remove();
      path_ = std::exchange(other.path_, {});
      return *this;
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    const std::string& path() const { return path_; }
    // It has another name now.
    void Release() { path_.clear(); }

   private:
    void Remove() noexcept;
    std::string path_;
  };

  void Append(RecordKind kind, std::initializer_list<std::string_view> parts);
  void Flush();

  UniqueFd file_;
  std::string path_;
  Temporary temporary_;
  RecordWriter writer_;
  std::string buffer_;
  std::size_t most_bytes_ = kMaxJournalBytes;
  std::size_t bytes_ = kMagic.size();  // written and to be written
  std::size_t records_ = 0;
  int error_ = 0;
  bool begun_ = false;
};

}  // namespace warder::journal
