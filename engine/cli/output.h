// Output: standard output or standard error, with what is known about its reader.
//
// Results go to one, everything else to the other. A reader that has gone (EPIPE) is not an error of the run: writing
// just stops. Colours appear only where a person looks at a terminal that shows them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace warder::cli {

enum class Ink { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue };

class Output {
 public:
  struct Look {
    bool colour = false;
    std::size_t width = 0;  // columns of the terminal; 0: not a terminal
  };

  // `fd` is borrowed.
  Output(int fd, Look look) : fd_(fd), look_(look) {}

  // Colour where `fd` is a terminal, NO_COLOR (no-color.org) is not set and TERM is not "dumb".
  static Look LookOf(int fd);

  // Writes all of `text`, or as much as is possible; after a failure nothing is written any more.
  void Write(std::string_view text);

  // errno of the write that failed; 0: none did. EPIPE means that the reader has gone.
  int error() const { return error_; }

  std::string Paint(Ink ink, std::string_view text) const;
  const Look& look() const { return look_; }
  void NoColour() { look_.colour = false; }

 private:
  int fd_;
  Look look_;
  int error_ = 0;
};

}  // namespace warder::cli
