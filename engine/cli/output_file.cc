#include "engine/cli/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "engine/cli/output.h"
#include "warder/engine.h"

namespace warder::cli {
namespace fs = std::filesystem;
namespace {

std::string Because(int error) { return std::generic_category().message(error); }

}  // namespace

OutputFile::OutputFile(std::string option, const fs::path& path) : option_(std::move(option)) {
  const auto refuse = [&](const std::string& why) {
    throw EngineError(Status::kInvalid, "cannot write " + option_ + " " + path.string() + ": " + why);
  };
  std::error_code error;
  // Follows links, so that the file behind one is replaced and the link stays.
  target_ = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) refuse(error.message());
  const fs::file_status status = fs::status(target_, error);
  if (fs::is_directory(status)) refuse("it is a folder; name a file in it");
  if (fs::exists(status)) {
    if (::access(target_.c_str(), W_OK) != 0) refuse(Because(errno));
    direct_ = !fs::is_regular_file(status);
    if (direct_) return;
  }
  if (path.filename().empty() || !fs::is_directory(target_.parent_path(), error)) {
    refuse("there is no folder " + target_.parent_path().string() + "; make it first");
  }
  if (!MakeFolder()) refuse("cannot make files in " + target_.parent_path().string() + ": " + Because(errno));
  RemoveFolder();
}

OutputFile::~OutputFile() { RemoveFolder(); }

void OutputFile::Clear() {
  if (direct_ || ::unlink(target_.c_str()) == 0 || errno == ENOENT) return;
  throw EngineError(Status::kInvalid, "cannot write " + option_ + " " + target_.string() + ": " + Because(errno));
}

fs::path OutputFile::Stage() {
  if (direct_) {
    throw EngineError(Status::kInvalid, "cannot write " + option_ + " " + target_.string() +
                                            ": it is not a regular file, and would be replaced by one");
  }
  if (folder_.empty() && !MakeFolder()) {
    throw EngineError(Status::kFault, "cannot write " + option_ + " " + target_.string() + ": " + Because(errno));
  }
  return folder_ / target_.filename();
}

bool OutputFile::IsStaged() const {
  std::error_code error;
  return !folder_.empty() && fs::exists(folder_ / target_.filename(), error);
}

void OutputFile::Commit() {
  if (::rename(Stage().c_str(), target_.c_str()) != 0) {
    throw EngineError(Status::kFault, "cannot write " + option_ + " " + target_.string() + ": " + Because(errno));
  }
  RemoveFolder();
}

void OutputFile::Write(std::string_view content) {
  const fs::path stage = direct_ ? target_ : Stage();
  const int fd = ::open(stage.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int error = fd < 0 ? errno : 0;
  if (fd >= 0) {
    Output file(fd, {});
    file.Write(content);
    error = file.error();
    if (::close(fd) != 0 && error == 0) error = errno;
  }
  if (error != 0) {
    throw EngineError(Status::kFault, "cannot write " + option_ + " " + target_.string() + ": " + Because(error));
  }
  if (!direct_) Commit();
}

bool OutputFile::MakeFolder() {
  std::string name = (target_.parent_path() / ".warder-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return false;
  folder_ = name;
  return true;
}

void OutputFile::RemoveFolder() noexcept {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
  folder_.clear();
}

}  // namespace warder::cli
