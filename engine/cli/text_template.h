// A text with holes: {name} stands for one or more characters that end no part of a URL (none of / ? & # =), {+name}
// for one or more of any kind. The names are for the reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warder::cli {

// Whether `text` is what `pattern` describes.
bool MatchesTemplate(std::string_view pattern, std::string_view text);

// Why `pattern` is no template, one clause; empty: it is one.
std::string WrongWithTemplate(std::string_view pattern);

}  // namespace warder::cli
