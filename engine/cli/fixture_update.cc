#include "engine/cli/fixture_update.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "engine/cli/input_file.h"
#include "engine/cli/output_file.h"
#include "engine/cli/text.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxAnswerBytes = 100;

}  // namespace

bool FixtureUpdate::Offer(const Fixture& fixture, const Finished& finished, const std::vector<Mismatch>& mismatches) {
  if (refused_) return false;
  Show(fixture, mismatches);
  if (!IsAgreed()) return false;
  Rewrite(fixture.file, WithExpectation(texts_.at(fixture.file), fixture, finished));
  return true;
}

void FixtureUpdate::Show(const Fixture& fixture, const std::vector<Mismatch>& mismatches) {
  std::string text = "expects something else from now on: " + Printable(fixture.shown) + "\n";
  if (mismatches.empty()) text += "    it did not say yet what it expects\n";
  for (const Mismatch& each : mismatches) {
    text += "    " + Printable(each.what) + "\n";
    if (!each.diff.empty()) text += "      " + PrintableLines(each.diff, "      ") + "\n";
  }
  environment_.err.Write(text);
}

bool FixtureUpdate::IsAgreed() {
  while (!agreed_) {
    environment_.err.Write("write it? yes, no, all, quit [n] ");
    const std::string answer = Answer();
    if (answer == "y" || answer == "yes") return true;
    if (answer == "a" || answer == "all") agreed_ = true;
    if (answer == "q" || answer == "quit") refused_ = true;
    if (refused_ || answer.empty() || answer == "n" || answer == "no") return false;
  }
  return true;
}

std::string FixtureUpdate::Answer() {
  std::string line;
  for (char c = 0; line.size() < kMaxAnswerBytes;) {
    const ssize_t got = ::read(environment_.in, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    line += c;
  }
  return line;
}

void FixtureUpdate::Rewrite(const std::string& file, const std::string& text) {
  std::string& kept = texts_.at(file);
  if (ReadSmallFile("fixture", file, kMaxFixtureBytes) != kept) {
    throw EngineError(Status::kInvalid, "the fixture " + file + " was changed while it was tested; run it again");
  }
  OutputFile output("the fixture", file);
  const fs::path stage = output.Stage();
  std::ofstream beside(stage, std::ios::binary);
  beside << text;
  beside.close();
  std::error_code error;
  fs::permissions(stage, fs::status(file, error).permissions(), error);
  if (!beside || error) throw EngineError(Status::kInvalid, "cannot write the fixture " + file + "; is the disk full?");
  output.Commit();
  kept = text;
}

}  // namespace warder::cli
