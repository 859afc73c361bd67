// Bodies in the codings that the broker asks for.
#pragma once

#include <string>

namespace warder::broker::testing {

// `window`: its size's logarithm, as a decoder needs to know it.
std::string Brotli(const std::string& text, int window = 22);
// `window_log`: likewise; 0: as the text needs it.
std::string Zstd(const std::string& text, int window_log = 0);
std::string Gzip(const std::string& text);

}  // namespace warder::broker::testing
